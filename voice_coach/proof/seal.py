"""Remembers which protocols were proven, so that only a changed one costs time at the start.

A protocol is known by the hash of its content and of the code that was proven with it: the core,
the rules and the explorer. The shipped one's hash comes with the package, and those of what the
diary may make of it; others lie in the cache.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Final

import msgspec
import platformdirs

from voice_coach.dialogue.protocol import Protocol

_PACKAGE = Path(__file__).parents[1]
_SHIPPED = Path(__file__).with_name("shipped.sha256")
_PROVING: Final = (
    "check", "data", "events", "explorer", "rules", "shape", "space", "turn", "watched",
)  # fmt: skip
"""The modules that decide; the others show it."""


def fingerprint(protocol: Protocol) -> str:
    """The hash of a protocol together with the code it runs on."""
    digest = hashlib.sha256(msgspec.json.encode(protocol, order="sorted"))
    digest.update(_code())
    return digest.hexdigest()


@cache
def _code() -> bytes:
    digest = hashlib.sha256()
    proving = (_PACKAGE / "proof" / f"{name}.py" for name in _PROVING)
    for path in (*sorted(_PACKAGE.glob("dialogue/*.py")), *proving):
        digest.update(path.name.encode() + b"\0" + path.read_bytes().replace(b"\r\n", b"\n"))
    return digest.digest()


def shipped() -> str:
    """The fingerprint that comes with the package; empty when there is none."""
    return next(iter(_sealed()), "")


def _sealed() -> list[str]:
    try:
        return _SHIPPED.read_text(encoding="ascii").split()
    except OSError:
        return []


def proven(protocol: Protocol) -> bool:
    """Whether this protocol was proven before with this code."""
    print_ = fingerprint(protocol)
    return print_ in _sealed() or _stamp(print_).exists()


def remember(protocol: Protocol) -> None:
    """It was proven. An unwritable cache only means proving it again next time."""
    stamp = _stamp(fingerprint(protocol))
    try:
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.touch()
    except OSError:
        return


def _stamp(print_: str) -> Path:
    cache = platformdirs.user_cache_path("voice-coach", appauthor=False)
    return cache / "proven-protocols" / print_[:32]


def seal(protocol: Protocol, *variants: Protocol) -> None:
    """Write the shipped fingerprints: only after ``check`` has shown that every rule holds."""
    lines = [fingerprint(one) + "\n" for one in (protocol, *variants)]
    _SHIPPED.write_text("".join(lines), encoding="ascii")
