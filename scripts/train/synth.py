"""Synthetic speakers: espeak-ng, flite, festival, Pico and hibari say the phrases.

The plan is drawn from a seed, and every engine is deterministic, so the same command gives the
same corpus. Some voices are kept out of training: their clips are the dev split.
"""

from __future__ import annotations

import io
import random
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import soundfile
import soxr
from tqdm import tqdm

from scripts.train.arrays import Array
from scripts.train.corpus import RATE, CorpusWriter

ESPEAK_ACCENTS = ("en-us", "en-gb", "en-gb-x-rp", "en-gb-scotland", "en-us-nyc", "en-029")
_ESPEAK_NAMES = """
    m1 m2 m3 m4 m5 m6 m7 m8 f1 f2 f3 f4 f5 Alex Alicia Andrea Andy Annie Denis Diogo Gene Hugo
    Jacky Lee Marco Mario Michael Mike Nguyen Storm Tweaky anika announcer antonio aunty belinda
    benjamin boris caleb david ed edward gustave iven john klatt klatt2 klatt3 klatt4 linda max
    michel miguel norbert pablo paul pedro quincy rob robert sandro shelby steph travis victor zac
"""
ESPEAK_SPEAKERS = tuple(_ESPEAK_NAMES.split())
HELD_OUT = (
    ("flite", "rms"),
    ("flite", "slt"),
    ("festival", "cmu_us_slt_arctic_hts"),
    ("pico", "en-GB"),
    ("espeak-ng", "en-gb+linda"),
    ("espeak-ng", "en-us+zac"),
)
"""Never heard in training; slt is one person in two engines."""

ENGINE_SHARES = {"espeak-ng": 0.36, "flite": 0.16, "festival": 0.10, "pico": 0.16, "hibari": 0.22}


@dataclass(frozen=True)
class Take:
    """One phrase said once."""

    text: str
    engine: str
    voice: str
    rate: float
    """Speaking rate, 1 = the voice's own."""
    pitch: float
    """Pitch, 1 = the voice's own. Where the engine has none, the waveform is resampled."""

    @property
    def held_out(self) -> bool:
        return (self.engine, self.voice) in HELD_OUT


def voices(engine: str) -> list[str]:
    """The engine's training voices."""
    names = {
        "espeak-ng": [f"{accent}+{who}" for accent in ESPEAK_ACCENTS for who in ESPEAK_SPEAKERS],
        "flite": ["kal16", "awb"],
        "festival": ["kal_diphone", "ked_diphone"],
        "pico": ["en-US"],
        "hibari": ["heart"],
    }[engine]
    held_out_speakers = {voice.split("+")[1] for _, voice in HELD_OUT if "+" in voice}
    return [name for name in names if name.split("+")[-1] not in held_out_speakers]


def plan(phrases: Sequence[str], takes: int, seed: int) -> list[Take]:
    """``takes`` training takes of every phrase: engine, voice, rate and pitch drawn at random."""
    draw = random.Random(seed)
    engines, shares = list(ENGINE_SHARES), list(ENGINE_SHARES.values())
    plan_: list[Take] = []
    for text in phrases:
        for _ in range(takes):
            engine = draw.choices(engines, shares)[0]
            voice = draw.choice(voices(engine))
            rate, pitch = draw.uniform(0.75, 1.3), draw.uniform(0.8, 1.25)
            plan_.append(Take(text, engine, voice, round(rate, 2), round(pitch, 2)))
    return plan_


def word_strings(words: Sequence[str], count: int, seed: int) -> list[str]:
    """Random strings of two to four words: every sound in every neighbourhood."""
    draw = random.Random(seed)
    return [" ".join(draw.choices(words, k=draw.randint(2, 4))) for _ in range(count)]


def held_out_plan(phrases: Sequence[str]) -> list[Take]:
    """Every phrase once in each voice that is kept out of training."""
    return [Take(text, engine, voice, 1.0, 1.0) for text in phrases for engine, voice in HELD_OUT]


def _wav(data: bytes) -> Array:
    samples, rate = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
    return _at_rate(samples[:, 0], rate)


def _at_rate(samples: Array, rate: float) -> Array:
    return samples if rate == RATE else soxr.resample(samples, rate, RATE, quality="HQ")


def _run(command: list[str], text: str | None = None) -> bytes:
    data = text.encode() if text is not None else None
    return subprocess.run(command, input=data, capture_output=True, check=True).stdout


def _espeak(take: Take) -> Array:
    speed, pitch = str(round(165 * take.rate)), str(round(min(99, 45 * take.pitch)))
    command = ["espeak-ng", "-v", take.voice, "-s", speed, "-p", pitch, "--stdout", take.text]
    return _wav(_run(command))


def _flite(take: Take) -> Array:
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        stretch = f"duration_stretch={take.pitch / take.rate:.2f}"
        _run(["flite", "-voice", take.voice, "--setf", stretch, "-t", take.text, "-o", file.name])
        samples = _wav(Path(file.name).read_bytes())
    return _at_rate(samples, RATE * take.pitch)


@lru_cache(maxsize=1)
def _hibari_engine() -> Callable[..., Array]:
    from hibari import Hibari  # noqa: PLC0415 - only who renders speech needs it

    return Hibari()


def _hibari(take: Take) -> Array:
    samples = _hibari_engine()(take.text + ".", speed=take.rate / take.pitch, seed=0)
    return _at_rate(np.asarray(samples, dtype=np.float32), 24000 * take.pitch)


@lru_cache(maxsize=1)
def _pico_engine() -> object:
    from py_nanotts import NanoTTS  # noqa: PLC0415

    return NanoTTS()


def _pico(take: Take) -> Array:
    engine = _pico_engine()
    data = engine.speak(take.text, voice=take.voice, speed=take.rate, pitch=take.pitch)  # type: ignore[attr-defined]
    return np.frombuffer(data, dtype="<i2").astype(np.float32) / 32768


def _festival_batch(takes: Sequence[Take]) -> dict[Take, Array]:
    """One festival process for all its takes: starting it costs more than speaking."""
    rendered: dict[Take, Array] = {}
    with tempfile.TemporaryDirectory() as folder:
        script = []
        for number, take in enumerate(takes):
            stretch = take.pitch / take.rate
            script.append(f"(voice_{take.voice})")
            script.append(f"(Parameter.set 'Duration_Stretch {stretch:.2f})")
            script.append(f'(set! u (utt.synth (Utterance Text "{take.text}")))')
            script.append(f'(utt.save.wave u "{folder}/{number}.wav" \'riff)')
        _run(["festival", "--pipe"], "\n".join(script))
        for number, take in enumerate(takes):
            path = Path(folder) / f"{number}.wav"
            if path.exists():
                rendered[take] = _at_rate(_wav(path.read_bytes()), RATE * take.pitch)
    return rendered


_SINGLE: dict[str, Callable[[Take], Array]] = {
    "espeak-ng": _espeak,
    "flite": _flite,
    "hibari": _hibari,
    "pico": _pico,
}


def trim(samples: Array, margin: float = 0.12, floor: float = 0.01) -> Array:
    """Without most of the silence that engines put around a phrase."""
    loud = np.flatnonzero(np.abs(samples) > floor * max(1e-6, float(np.max(np.abs(samples)))))
    if not len(loud):
        return samples
    pad = int(margin * RATE)
    return samples[max(0, loud[0] - pad) : loud[-1] + pad]


def render(takes: Iterable[Take], folder: Path, tar: str = "tts.tar") -> int:
    """Say all takes into a corpus folder; returns how many clips there are."""
    todo = list(dict.fromkeys(takes))
    batch = _festival_batch([take for take in todo if take.engine == "festival"])
    writer = CorpusWriter(folder, tar)
    count = 0
    for take in tqdm(todo, desc="speaking", unit="clip", mininterval=5):
        samples = batch.get(take) if take.engine == "festival" else _SINGLE[take.engine](take)
        if samples is None or len(samples) < RATE // 10:
            continue
        samples = trim(samples)
        writer.add(
            samples * (0.5 / max(1e-3, float(np.max(np.abs(samples))))),
            kind="speech",
            source=f"tts_{take.engine}",
            speaker=f"{take.engine}/{take.voice}",
            transcript=take.text,
            split="dev" if take.held_out else "train",
            licence="synthetic",
        )
        count += 1
    writer.close()
    return count
