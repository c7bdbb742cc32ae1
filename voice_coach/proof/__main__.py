"""Prove the shipped protocol and record that in the package: ``python -m voice_coach.proof``."""

from __future__ import annotations

import sys

from voice_coach.content.loader import load_protocol
from voice_coach.proof import seal
from voice_coach.proof.check import check


def main() -> int:
    """0 when every rule holds; only then the record is written."""
    protocol = load_protocol()
    verdict = check(protocol)
    for finding in verdict.broken:
        print(f"{finding.id}: {finding.text}")
        for line in finding.wrong:
            print(f"    {line}")
    if not verdict.holds:
        return 1
    seal.seal(protocol)
    print(f"{verdict.states} states, {verdict.transitions} transitions, {verdict.seconds:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
