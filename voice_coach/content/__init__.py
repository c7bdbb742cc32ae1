"""What a clinician may edit, and the loader that refuses what does not fit."""

from voice_coach.content.loader import default_protocol_path, load_protocol
from voice_coach.content.regions import emergency_number

__all__ = ["default_protocol_path", "emergency_number", "load_protocol"]
