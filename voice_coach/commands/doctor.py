"""A self-test: what works, what does not, and the one thing to do about it."""

from __future__ import annotations

import json
from dataclasses import asdict

from voice_coach.commands.coach import Sound
from voice_coach.commands.setup import Choices
from voice_coach.doctor.examine import examine
from voice_coach.doctor.finding import Finding, Patient


def run(choices: Choices, sound: Sound, as_json: bool) -> int:
    """Print the findings; 0 unless one failed, then 1."""
    findings: list[Finding] = []
    for finding in examine(Patient(choices, sound)):
        findings.append(finding)
        if not as_json:
            print(f"{finding.status:8s} {finding.what:12s} {finding.detail}", flush=True)
    if as_json:
        print(json.dumps([asdict(finding) for finding in findings]))
    return 1 if any(finding.status == "failed" for finding in findings) else 0
