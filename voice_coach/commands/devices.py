"""The microphones and speakers there are."""

from __future__ import annotations

from voice_coach.audio import devices
from voice_coach.errors import AudioDeviceError


def run() -> int:
    """Print a table. Raises AudioDeviceError when PortAudio is missing or finds nothing."""
    found = devices.devices()
    if not found:
        raise AudioDeviceError(
            "PortAudio finds no sound device; plug one in, or start the sound server."
        )
    for device in found:
        use = [f"{device.inputs} in"] if device.inputs else []
        use += [f"{device.outputs} out"] if device.outputs else []
        defaults = {"mic": device.default_input, "speaker": device.default_output}
        default = [kind for kind, is_it in defaults.items() if is_it]
        mark = f"  default {' and '.join(default)}" if default else ""
        print(f"{device.number:3d}  {device.name} ({device.host_api}; {', '.join(use)}){mark}")
    return 0
