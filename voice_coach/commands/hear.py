"""What the ear makes of audio files."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from voice_coach.commands import setup
from voice_coach.commands.setup import Choices
from voice_coach.content import toml
from voice_coach.errors import AudioFileError, UsageError
from voice_coach.listening.hear import FileHearing, hear, parse_phrases
from voice_coach.listening.model import open_model
from voice_coach.listening.port import Grammar
from voice_coach.session import WAKE, grammar_for


def run(
    choices: Choices, files: list[Path], state: str | None, phrases: str | None, as_json: bool
) -> int:
    """One line a file; the model is loaded once. A file that cannot be read is named, the others
    are heard all the same, and the exit code is that of AudioFileError."""
    grammar, intents = _grammar(choices, state, phrases)
    bad: list[AudioFileError] = []

    def note(error: AudioFileError) -> None:
        bad.append(error)
        print(f"voice-coach: {error}", file=sys.stderr)

    model = open_model(choices.model)
    for heard in hear(files, grammar, model, intents.get, on_error=note):
        print(json.dumps(heard.as_json()) if as_json else _line(heard), flush=True)
    return bad[0].exit_code if bad else 0


def _grammar(
    choices: Choices, state: str | None, phrases: str | None
) -> tuple[Grammar, dict[str, str]]:
    if phrases is not None:
        grammar = parse_phrases(phrases)
        return grammar, {phrase: phrase for phrase in grammar.phrases}
    dialogue = setup.dialogue(choices)
    states = [WAKE, *(n for n, s in dialogue.protocol.steps.items() if s.kind != "route")]
    if state not in states:
        hint = toml.nearest(state or "", states)
        raise UsageError(
            f'There is no state "{state}"{hint or "."} The states: {", ".join(states)}.'
        )
    return grammar_for(dialogue, state)


def _line(heard: FileHearing) -> str:
    if heard.accepted:
        return f"{heard.file}: {heard.text} ({heard.intent}, confidence {heard.confidence:.2f})"
    return f"{heard.file}: not understood{f' ({heard.text})' if heard.text else ''}"
