"""Recorded and synthetic sound: a manifest, one JSON object a line, beside the tars it names."""

from __future__ import annotations

import io
import json
import logging
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr

from scripts.train.arrays import Array

RATE = 16000

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Clip:
    """One recording: speech, noise or a room's impulse response."""

    folder: Path
    tar: str
    name: str
    kind: str
    source: str
    split: str
    seconds: float
    transcript: str = ""
    speaker: str = ""
    label: str = ""
    """Noise or room class, or the doubtful label's second opinion."""
    licence: str = ""
    age: str = ""

    @property
    def key(self) -> str:
        return f"{self.tar}/{self.name}"


def _clip(folder: Path, row: dict[str, object]) -> Clip:
    def text(key: str) -> str:
        value = row.get(key)
        return "" if value is None else str(value)

    return Clip(
        folder=folder,
        tar=text("tar"),
        name=text("name"),
        kind=text("kind"),
        source=text("source"),
        split=text("split"),
        seconds=float(str(row.get("seconds") or 0.0)),
        transcript=text("transcript").lower().strip(),
        speaker=text("speaker"),
        label=text("cls"),
        licence=text("licence"),
        age=text("age"),
    )


def read_manifest(folder: Path) -> list[Clip]:
    """All clips that ``manifest.jsonl`` in ``folder`` names, in its order."""
    with (folder / "manifest.jsonl").open(encoding="utf-8") as lines:
        return [_clip(folder, json.loads(line)) for line in lines if line.strip()]


def decode(data: bytes) -> Array:
    """Samples of an encoded file: float32, mono, 16 kHz, full scale 1."""
    samples, rate = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
    mono = samples[:, 0]
    if rate != RATE:
        mono = soxr.resample(mono, rate, RATE)
    return np.ascontiguousarray(mono, dtype=np.float32)


def read_files(clips: Iterable[Clip]) -> Iterator[tuple[Clip, bytes]]:
    """Each clip with its encoded file, tar by tar (not in the order given)."""
    wanted: dict[Path, dict[str, Clip]] = {}
    for clip in clips:
        wanted.setdefault(clip.folder / clip.tar, {})[clip.name] = clip
    for path, names in wanted.items():
        with tarfile.open(path) as tar:
            for member in tar:
                found = names.get(member.name)
                file = tar.extractfile(member) if found else None
                if found is not None and file is not None:
                    yield found, file.read()


def read_clips(clips: Iterable[Clip]) -> Iterator[tuple[Clip, Array]]:
    """Each clip with its samples, tar by tar (not in the order given).

    A file that cannot be decoded is left out; how many, and the first one's name, is logged.
    """
    broken: list[str] = []
    for clip, data in read_files(clips):
        try:
            samples = decode(data)
        except soundfile.LibsndfileError:
            broken.append(clip.key)
            continue
        yield clip, samples
    if broken:
        log.warning("%d clips cannot be decoded, the first is %s", len(broken), broken[0])


class CorpusWriter:
    """Writes a folder in the same format: one tar of FLAC files and a manifest."""

    def __init__(self, folder: Path, tar: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._tar_name = tar
        self._tar = tarfile.open(folder / (tar + ".part"), "w")  # noqa: SIM115 - see close()
        self._rows: list[str] = []

    def add(self, samples: Array, **row: object) -> None:
        """One clip: samples at 16 kHz, full scale 1, and what the manifest says of it."""
        name = f"{len(self._rows):06d}.flac"
        buffer = io.BytesIO()
        soundfile.write(buffer, samples, RATE, format="FLAC", subtype="PCM_16")
        info = tarfile.TarInfo(name)
        info.size = buffer.seek(0, io.SEEK_END)  # the FLAC encoder ends back in its header
        buffer.seek(0)
        self._tar.addfile(info, buffer)
        seconds = round(len(samples) / RATE, 3)
        self._rows.append(
            json.dumps({**row, "seconds": seconds, "tar": self._tar_name, "name": name})
        )

    def close(self) -> None:
        """Finish both files; the folder is complete only after this."""
        self._tar.close()
        (self._folder / (self._tar_name + ".part")).replace(self._folder / self._tar_name)
        (self._folder / "manifest.jsonl").write_text("\n".join(self._rows) + "\n", encoding="utf-8")
