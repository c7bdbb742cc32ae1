"""Prove the shipped protocol and record that in the package: ``python -m voice_coach.proof``.

And what the diary may make of it, and the daily stretch, too.
"""

from __future__ import annotations

import sys

from voice_coach.content.loader import load_protocol
from voice_coach.diary.informed import variants
from voice_coach.diary.script import load
from voice_coach.proof import seal
from voice_coach.proof.check import check
from voice_coach.routine.content import ROUTINE, settled
from voice_coach.routine.content import load as load_reminder


def main() -> int:
    """0 when every rule holds; only then the record is written."""
    protocol = load_protocol()
    routine = load_protocol(ROUTINE)
    protocols = (
        protocol,
        *variants(protocol, load()),
        routine,
        settled(routine, load_reminder()),
    )
    for one in protocols:
        verdict = check(one)
        for finding in verdict.broken:
            print(f"{finding.id}: {finding.text}")
            for line in finding.wrong:
                print(f"    {line}")
        if not verdict.holds:
            return 1
        print(
            f"{verdict.states} states, {verdict.transitions} transitions, {verdict.seconds:.1f} s"
        )
    seal.seal(*protocols)
    return 0


if __name__ == "__main__":
    sys.exit(main())
