"""The shipped and the small protocol, each explored once for all tests."""

from __future__ import annotations

from functools import cache

from tests.proof.small import small
from voice_coach.content import load_protocol
from voice_coach.proof.check import Verdict, judged
from voice_coach.proof.explorer import Explorer


@cache
def shipped() -> tuple[Explorer, Verdict]:
    return judged(load_protocol())


@cache
def little() -> tuple[Explorer, Verdict]:
    return judged(small())
