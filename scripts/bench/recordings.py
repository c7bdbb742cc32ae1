"""Human recordings and synthetic speech for benchmarks and tuning.

A corpus folder holds ``manifest.jsonl`` and the tars it names; only its ``dev`` speakers are read
here. Every clip gets 0.3 s of silence before and 0.5 s after it.
"""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import tarfile
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

RATE: Final = 16_000
LEAD: Final = np.zeros(int(0.3 * RATE), np.int16)
TAIL: Final = np.zeros(int(0.5 * RATE), np.int16)
ESPEAK_VOICES: Final = ("en-us", "en-gb+f3", "en-gb-scotland+m3", "en-us+f2")
FLITE_VOICES: Final = ("slt", "rms", "awb")

Samples = NDArray[np.int16]


@dataclass(frozen=True)
class Clip:
    """One recording and what was said in it ("" for noise)."""

    name: str
    samples: Samples
    text: str


def entries(corpora: Path, **wanted: str) -> list[dict[str, Any]]:
    """The manifest's lines whose fields start with these values."""
    with (corpora / "manifest.jsonl").open(encoding="utf-8") as lines:
        found = (json.loads(line) for line in lines)
        return [e for e in found if all(str(e.get(k, "")).startswith(v) for k, v in wanted.items())]


def load_clips(corpora: Path, chosen: Iterable[dict[str, Any]]) -> list[Clip]:
    """Read the chosen manifest entries from their tars."""
    by_tar: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for entry in chosen:
        by_tar[entry["tar"]].append(entry)
    clips = []
    for tar, wanted in by_tar.items():
        with tarfile.open(corpora / tar) as archive:
            for entry in wanted:
                member = archive.extractfile(entry["name"])
                if member is None:
                    raise SystemExit(f"{tar} has no {entry['name']}")
                sound, rate = soundfile.read(io.BytesIO(member.read()), dtype="int16")
                if rate != RATE:
                    sound = soxr.resample(sound, rate, RATE)
                text = entry.get("transcript", "").lower()
                clips.append(Clip(f"{tar}:{entry['name']}", pad(sound), text))
    return clips


def pad(sound: Samples) -> Samples:
    """Silence before and after."""
    return np.concatenate([LEAD, sound, TAIL])


def synthesise(texts: Sequence[str]) -> list[Clip]:
    """Each text by every espeak-ng and flite voice; kept in the temporary folder."""
    cache = Path(tempfile.gettempdir()) / "voice-coach-bench-tts"
    cache.mkdir(exist_ok=True)
    clips = []
    for text in texts:
        for voice in (*ESPEAK_VOICES, *FLITE_VOICES):
            path = cache / (hashlib.sha256(f"{voice} {text}".encode()).hexdigest()[:20] + ".wav")
            if not path.exists():
                _speak(text, voice, path)
            sound, rate = soundfile.read(path, dtype="int16")
            clips.append(Clip(f"{voice}:{text}", pad(soxr.resample(sound, rate, RATE)), text))
    return clips


def _speak(text: str, voice: str, path: Path) -> None:
    if voice in FLITE_VOICES:
        command = ["flite", "-voice", voice, "-t", text, "-o", str(path)]
    else:
        command = ["espeak-ng", "-v", voice, "-w", str(path), text]
    subprocess.run(command, check=True, capture_output=True)


def with_noise(clip: Clip, noise: Samples, snr: float, rng: np.random.Generator) -> Clip:
    """The clip with a random piece of ``noise`` added, ``snr`` dB below its loud parts."""
    speech = clip.samples.astype(np.float64)
    at = int(rng.integers(0, max(1, len(noise) - len(speech))))
    piece = np.resize(noise[at:], len(speech)).astype(np.float64)
    active = speech[np.abs(speech) > 0.05 * np.abs(speech).max()]
    level = np.sqrt(np.mean(active**2)) if len(active) else 1.0
    scale = level / (np.sqrt(np.mean(piece**2)) + 1e-9) * 10 ** (-snr / 20)
    mixed = np.clip(speech + scale * piece, -32768, 32767).astype(np.int16)
    return Clip(f"{clip.name}+{snr:g}dB", mixed, clip.text)


def pink(seconds: float, rng: np.random.Generator) -> Samples:
    """Pink noise: as much power in every octave."""
    count = int(seconds * RATE)
    spectrum = np.fft.rfft(rng.standard_normal(count))
    spectrum /= np.sqrt(np.maximum(np.arange(len(spectrum)), 1.0))
    sound = np.fft.irfft(spectrum, count)
    return np.asarray(sound / np.abs(sound).max() * 20_000, dtype=np.int16)
