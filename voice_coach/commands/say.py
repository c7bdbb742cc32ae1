"""One sentence, spoken or written to a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from voice_coach.audio import devices, wav
from voice_coach.audio.port import RATE
from voice_coach.commands import setup
from voice_coach.commands.setup import Choices
from voice_coach.errors import AudioDeviceError, UsageError


def run(choices: Choices, text: str, out: Path | None) -> int:
    """Raises VoiceError, OutputError, AudioDeviceError."""
    if not text.strip():
        raise UsageError("There is nothing to say; give a sentence.")
    with setup.voice(choices) as voice:
        samples = np.clip(voice.clip(text) * (choices.volume / 100), -32768, 32767)
    clip = samples.astype(np.int16)
    if out is not None:
        wav.save(out, clip)
        print(f"{out}: {len(clip) / RATE:.2f} s")
        return 0
    speaker = devices.find(None, "output")
    sd = devices.portaudio()
    try:
        with devices.quiet():
            sd.play(clip, RATE, device=speaker.number, blocking=True)
    except sd.PortAudioError as error:
        raise AudioDeviceError(
            f"The speaker {speaker.name} cannot be used ({error}); see `voice-coach devices`."
        ) from None
    return 0
