"""No protocol is started that was not proven: what every command that talks to a person loads."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from voice_coach.content.loader import default_protocol_path, load_protocol
from voice_coach.dialogue.protocol import Protocol
from voice_coach.errors import ContentError
from voice_coach.proof import seal
from voice_coach.proof.check import check
from voice_coach.proof.explorer import TooLarge

LONGEST: Final = 300.0
"""Seconds that a start may wait for a proof."""


def load_proven(path: Path | None = None, seconds: float = LONGEST) -> Protocol:
    """Load a protocol that may be started. Raises ContentError for one that is malformed, breaks a
    rule, or cannot be proven within ``seconds``."""
    protocol = load_protocol(path)
    if seal.proven(protocol):
        return protocol
    name = path or default_protocol_path()
    print("Checking the protocol (once for each change) ...", file=sys.stderr, flush=True)
    try:
        verdict = check(protocol, seconds=seconds, first_only=True, examples=False)
    except TooLarge:
        raise ContentError(
            f"{name}: could not be proven safe within {seconds:g} seconds, so it is not started; "
            f"prove it once with `voice-coach protocol check {name}`."
        ) from None
    for finding in verdict.broken:
        raise ContentError(
            f"{name}: breaks the safety rule {finding.id} ({finding.text}), so it is not started; "
            f"to see how, run `voice-coach protocol check {name}`."
        )
    seal.remember(protocol)
    return protocol
