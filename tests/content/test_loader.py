"""Each kind of mistake in a content file is one sentence that names the file and the key."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from voice_coach.content import default_protocol_path, load_protocol
from voice_coach.content.loader import check_words, problems, reachable, sentences, targets
from voice_coach.content.toml import convert, nearest, read
from voice_coach.dialogue.protocol import Protocol, Reaction
from voice_coach.errors import ContentError
from voice_coach.listening.lexicon import Lexicon

SHIPPED = default_protocol_path()
TEXT = SHIPPED.read_text(encoding="utf-8")

Data = dict[str, Any]


def refusal(path: Path) -> str:
    """The one sentence with which a file is refused; it begins with the file."""
    with pytest.raises(ContentError) as caught:
        load_protocol(path)
    message = str(caught.value)
    assert message.startswith(f"{path}")
    assert "\n" not in message
    assert message.endswith((".", "?"))
    return message.removeprefix(f"{path}").removeprefix(": ")


def rewritten(tmp_path: Path, old: str, new: str) -> Path:
    """The shipped file with one passage changed."""
    assert old in TEXT, "the shipped file has changed: choose another passage"
    path = tmp_path / "night.toml"
    path.write_text(TEXT.replace(old, new, 1), encoding="utf-8")
    return path


def mistakes(change: dict[str, Any]) -> list[str]:
    """What the loader says of the shipped protocol with values changed: {"steps.palm.wait": 99}."""
    data = read(SHIPPED)
    for key, value in change.items():
        *path, last = key.split(".")
        table = data
        for name in path:
            table = table[name]
        if value is None:
            del table[last]
        else:
            table[last] = value
    return list(problems(convert(SHIPPED, data, Protocol)))


def test_a_route_may_lead_to_one_step_for_several_reasons() -> None:
    doctor = [{"when": level, "to": "stop_doctor"} for level in ("soon", "routine")]
    cases = [
        {"when": "emergency", "to": "stop_emergency"}, {"when": "urgent", "to": "stop_urgent"},
    ]  # fmt: skip
    assert mistakes({"steps.stopping.cases": cases + doctor}) == []


def test_the_shipped_protocol_has_no_mistake() -> None:
    assert list(problems(load_protocol())) == []


def test_every_shipped_step_is_reachable_and_every_phrase_can_be_heard() -> None:
    protocol = load_protocol()
    assert reachable(protocol) == set(protocol.steps)
    lexicon = Lexicon.load(Path(__file__).parents[2] / "models" / "coach-en" / "lexicon.txt")
    check_words(SHIPPED, protocol, lambda word: not lexicon.unknown([word]))


# -- the file -------------------------------------------------------------------------------------


def test_a_missing_file(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none.toml") == "there is no such file; check the path."


def test_a_folder(tmp_path: Path) -> None:
    assert refusal(tmp_path).strip() == "is a folder; give the .toml file in it."


def test_a_path_through_a_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("")
    assert "cannot be read (Not a directory)" in refusal(path / "night.toml")


def test_not_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "latin.toml"
    path.write_bytes('title = "Wadenkr\xe4mpfe"'.encode("latin-1"))
    assert refusal(path) == "not UTF-8 text (byte 16); save it as UTF-8."


def test_bad_toml_names_the_line(tmp_path: Path) -> None:
    path = rewritten(tmp_path, 'stop = "stopping"', "stop = stopping")
    message = refusal(path)
    line = TEXT[: TEXT.index('stop = "stopping"')].count("\n") + 1
    assert message.startswith("not valid TOML: ")
    assert f"line {line}" in message


def test_the_mark_that_some_editors_write_first_is_no_mistake(tmp_path: Path) -> None:
    path = tmp_path / "notepad.toml"
    path.write_bytes(b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode())
    assert load_protocol(path) == load_protocol()


def test_an_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "empty.toml"
    path.write_text("")
    assert re.fullmatch(r'the key "\w+" is missing in the top level; add it\.', refusal(path))


# -- the schema -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('start = "unload"', 'begin = "unload"', 'unknown key "begin" in the top level'),
        ("wait = 4.0\n", "wiat = 4.0\n", 'unknown key "wiat" in steps.position; did you mean'),
        ("wait = 4.0\n", "zzz = 4.0\n", 'unknown key "zzz" in steps.position; remove it.'),
        ("wait = 4.0\n", 'wait = "long"\n', "steps.position.wait: expected `float`, got `str`;"),
        ('kind = "ask"', 'kind = "quiz"', "steps.position.kind: invalid enum value 'quiz';"),
        ('kind = "ask"', "", 'the key "kind" is missing in steps.position; add it.'),
        ('done = ["done"', 'done = [1, "done"', "intents.done[0]: expected `str`, got `int`;"),
        ("[flags.signs]\n", '[flags.signs]\nlvl = ""\n', 'unknown key "lvl" in flags.signs;'),
        (
            'on.sitting = { position = "sitting"', 'on.sitting = { position = "kneeling"',
            "steps.position.on.sitting.position: invalid enum value 'kneeling'",
        ),
        (
            'when = "standing"', 'when = "kneeling"',
            "steps.stretch.cases[0].when: invalid enum value 'kneeling'",
        ),
        ('gap = 0.3', 'gap = 0.3\nflag = "x"', 'unknown key "flag" in the top level'),
    ],
)  # fmt: skip
def test_what_does_not_fit_the_schema_is_named_with_its_key(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    assert refusal(rewritten(tmp_path, old, new)).startswith(message)


def test_a_hint_names_the_nearest_key_and_never_the_same(tmp_path: Path) -> None:
    assert refusal(rewritten(tmp_path, "wait = 4.0", "wiat = 4.0")).endswith('"wait"?')
    assert nearest("wait", ["wait", "seconds"]) == ""
    assert nearest("wiat", ["wait"]) == '; did you mean "wait"?'


# -- the checks -----------------------------------------------------------------------------------

WORDY = "one two three four five six seven eight nine ten " * 2 + "more"

CASES: list[tuple[dict[str, Any], str]] = [
    # words
    ({"intents.stop": []}, "intents.stop: there is no phrase for it; add at least one."),
    ({"intents.yes": ["Yes!"]}, 'intents.yes: "Yes!" must be lower-case words'),
    ({"intents.yes": ["yes  please"]}, 'intents.yes: "yes  please" must be lower-case words'),
    ({"intents.yes": ["yes", "no"]}, 'intents.yes: "no" stands under no too;'),
    ({"intents.unsure": ["maybe", "nope"]}, 'intents.no: "nope" stands under unsure too;'),
    ({"intents.done": ["done", "stop"]}, 'intents.done: "stop" stands under stop too;'),
    # targets
    ({"start": "unlaod"}, 'start: there is no step "unlaod"; did you mean "unload"?'),
    ({"steps.palm.next": "zzz"}, 'steps.palm.next: there is no step "zzz"; add it or name'),
    ({"steps.eased.on.yes": "prss"}, 'steps.eased.on.yes: there is no step "prss"; did you'),
    ({"steps.check_signs.found": "hand_off"}, 'steps.check_signs.found: there is no step "hand'),
    ({"gate.screens": ["check_chst"]}, 'gate.screens[0]: there is no step "check_chst"; did'),
    ({"limits.cap_step": "x"}, 'limits.cap_step: there is no step "x"'),
    ({"anywhere.gone.to": "gladd"}, 'anywhere.gone: there is no step "gladd"; did you mean'),
    ({"anywhere.nope": {}}, "anywhere.nope: there is no such intent; add its phrases"),
    ({"steps.ask_pain.flag": "pian"}, 'steps.ask_pain.flag: there is no flag "pian"; did you'),
    (
        {"steps.note_unresolved.on.yes.flag": "x"},
        'steps.note_unresolved.on.yes.flag: there is no flag "x"; add it to [flags].',
    ),
    ({"anywhere.numb.flag": "num"}, 'anywhere.numb.flag: there is no flag "num"; did you mean'),
    # one step
    ({"steps.palm.say": []}, 'steps.palm: a step of kind "do" needs "say"; add it.'),
    ({"steps.eased.again": []}, 'steps.eased: a step of kind "ask" needs "again"; add it.'),
    ({"steps.knead.release": []}, 'steps.knead: a step of kind "hold" needs "release"; add it.'),
    ({"steps.ask_pain.found": ""}, 'steps.ask_pain: a step of kind "screen" needs "found"'),
    ({"steps.eased.on.yess": "press"}, 'steps.eased.on: there is no intent "yess"; did you mean'),
    ({"steps.palm.wait": 61.0}, "steps.palm.wait: 61 is not between 0 and 60 seconds."),
    ({"steps.palm.wait": -1.0}, "steps.palm.wait: -1 is not between 0 and 60 seconds."),
    ({"steps.eased.wait": 0.0}, "steps.eased.wait: 0 is not between 1 and 60 seconds."),
    ({"steps.eased.wait": float("nan")}, "steps.eased.wait: nan is not between 1 and 60"),
    ({"steps.knead.every": 0.0}, "steps.knead: a hold needs 0 < every <= seconds <= 120."),
    ({"steps.knead.seconds": 121.0}, "steps.knead: a hold needs 0 < every <= seconds <= 120."),
    ({"steps.end_self.phase": "rest"}, "steps.end_self.phase: an end step belongs to the phase"),
    ({"steps.ask_pain.on.yes": "water"}, "steps.ask_pain.on.yes: a screen reads yes, no, not sur"),
    ({"steps.ask_pain.on.silence": "water"}, "steps.ask_pain.on.silence: a screen reads yes, no"),
    ({"steps.ask_pain.danger": []}, 'steps.ask_pain.danger: give exactly one of "yes" and "no"'),
    ({"steps.ask_pain.danger": ["yes", "no"]}, "steps.ask_pain.danger: give exactly one of"),
    # sentences
    ({"steps.palm.say": [WORDY]}, "steps.palm.say[0]: 21 words; at most 20 can be followed"),
    ({"common.paused": WORDY}, "common.paused[0]: 21 words; at most 20 can be followed"),
    ({"steps.eased.on.yes": {"say": [WORDY]}}, "steps.eased.on.yes.say[0]: 21 words; at most"),
    ({"steps.palm.why": [" "]}, "steps.palm.why[0]: the sentence is empty; write it or remove"),
    ({"steps.palm.say": ["Call {nubmer}."]}, "steps.palm.say[0]: there is no placeholder {nubmer}"),
    ({"steps.palm.say": ["Call {time}."]}, "steps.palm.say[0]: there is no placeholder {time}"),
    ({"steps.palm.say": ["Call {}."]}, "steps.palm.say[0]: there is no placeholder {}; here are"),
    ({"steps.palm.say": ["Call {number."]}, "steps.palm.say[0]: a brace stands alone; write"),
    ({"steps.palm.say": ["Call {number:d}."]}, "steps.palm.say[0]: a placeholder is a name in"),
    ({"steps.palm.say": ["Call {number!x}."]}, "steps.palm.say[0]: a placeholder is a name in"),
    # the whole
    ({"steps.lonely": {"kind": "end", "phase": "end", "say": ["Bye."]}},
     "steps.lonely: no path leads to it; link it or remove it."),
    (
        {"steps.press.next": "settle", "steps.settle.next": "press", "steps.palm.on.no": "how_bad"},
        "steps.settle: its routes lead in a circle; let one lead to a step."),
    # times
    ({"limits.limit": 601}, "limits.limit: 601 s; the advice is due at 600 s or before."),
    ({"limits.limit": 0}, "limits.limit: 0 s; the advice is due at 600 s or before."),
    ({"limits.limit": float("nan")}, "limits.limit: nan s; the advice is due at 600 s or before."),
    ({"limits.cap": 599}, "limits.cap: 599 s; give 600 (limits.limit) to 3600."),
    ({"limits.cap": float("inf")}, "limits.cap: inf s; give 600 (limits.limit) to 3600."),
    ({"limits.announce": [0]}, "limits.announce[0]: 0 s is not between 0 and limits.cap."),
    ({"pause_seconds": 0}, "pause_seconds: 0 is not between 1 and 120 seconds."),
    ({"pause_reminders": 11}, "pause_reminders: 11 is not between 0 and 10."),
    ({"gap": -1}, "gap: -1 is not between 0 and 3 seconds."),
    # the gate
    ({"gate.screens": ["check_chest", "eased"]}, 'gate.screens[1]: "eased" is no screen; only a'),
    ({"gate.screens": ["check_signs"]}, "gate.screens: needs an emergency screen and an urgent"),
    ({"gate.screens": []}, "gate.screens: needs an emergency screen and an urgent one before"),
    ({"flags.signs.forbids": []}, 'flags.signs.forbids: a flag of the gate must forbid "pressure"'),
    ({"gate.locked": "press"}, "gate.locked: must not lead to pressure, on no route."),
    ({"gate.forbidden": "palm"}, "gate.forbidden: must be a step that is no route and asks for"),
    ({"gate.forbidden": "stretch_hand"}, "gate.forbidden: must be a step that is no route and"),
    ({"gate.forbidden": "advice"}, "gate.forbidden: must be a step that is no route and asks"),
    # safety
    ({"steps.palm.on.sharp": None}, 'steps.palm.on.sharp: must lead to a step with "eases = true"'),
    ({"steps.palm.on.sharp": "eased"}, "steps.palm.on.sharp: must lead to a step with"),
    ({"steps.palm.on.sharp": ["ease_press", "knead"]}, "steps.palm.on.sharp: must lead to a step"),
    ({"steps.end_self.touch": True, "steps.end_self.on": {"sharp": "ease_end"}},
     "steps.end_self.touch: an end step asks for no pressure."),
    ({"limits.limit_step": "advice", "steps.palm.on.no": "limit"},
     'limits.limit_step: must be a step of kind "ask" or "do"'),
    ({"limits.limit_step": "palm", "steps.palm.on.no": "limit"},
     "limits.limit_step: must be a step of kind"),
    ({"stop": "stretch", "steps.palm.on.no": "stopping"},
     'stop: must lead to nothing but steps of the phase "end" (S4, S7).'),
    ({"limits.cap_step": "water"}, "limits.cap_step: must lead to nothing but steps of the phase"),
    ({"anywhere.chest": None}, "anywhere: no intent raises an emergency flag; emergency words"),
    ({"anywhere.chest.to": ""}, "anywhere.chest.to: an emergency must lead to a step of the phase"),
    ({"anywhere.chest.to": "water"}, "anywhere.chest.to: an emergency must lead to a step of the"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "message"), CASES, ids=[case[1][:48] for case in CASES])
def test_every_mistake_is_found(change: dict[str, Any], message: str) -> None:
    found = mistakes(change)
    relevant = [problem for problem in found if problem.startswith(message)]
    assert relevant, found
    assert relevant[0].endswith((".", "?"))
    assert "?." not in relevant[0]


def test_a_mistake_reaches_the_person_with_the_file_before_it(tmp_path: Path) -> None:
    message = refusal(rewritten(tmp_path, "limit = 600", "limit = 900"))
    assert message == "limits.limit: 900 s; the advice is due at 600 s or before."


def test_a_word_the_model_cannot_hear(tmp_path: Path) -> None:
    path = rewritten(tmp_path, 'yes = ["yes"', 'yes = ["yes", "aye aye"')
    protocol = load_protocol(path)
    with pytest.raises(ContentError) as caught:
        check_words(path, protocol, lambda word: word != "aye")
    assert str(caught.value) == (
        f'{path}: intents.yes: the model does not know "aye" in "aye aye"; choose another word, '
        f"or add its pronunciation to the model's lexicon.txt."
    )


def test_sentences_name_every_place_where_something_is_spoken() -> None:
    keys = {key for key, _ in sentences(load_protocol())}
    assert {
        "steps.palm.say[1]", "steps.palm.again[0]", "steps.palm.why[0]", "steps.knead.cues[2]",
        "steps.knead.release[0]", "steps.knot.on.softer.say[0]", "anywhere.numb.say[0]",
        "limits.limit_say[0]", "common.paused[0]", "common.nomatch[2]",
    } <= keys  # fmt: skip


def test_targets_of_every_way_to_write_a_reaction() -> None:
    assert targets("water") == ("water",)
    assert targets(("a", "b")) == ("a", "b")
    assert targets(Reaction()) == ()
    assert targets(Reaction(to=("a", "b"))) == ("a", "b")


def test_content_cannot_be_changed_once_it_is_loaded() -> None:
    protocol = load_protocol()
    with pytest.raises(AttributeError):
        protocol.steps["palm"].wait = 1.0  # type: ignore[misc]
    assert msgspec.structs.replace(protocol, gap=0.5).gap == 0.5


@pytest.mark.parametrize("text", ["a = " + "[" * 5000 + "]" * 5000, "a = " + "9" * 5000])
def test_what_toml_allows_and_no_program_can_read_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "deep.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ContentError, match="longer than any that makes sense"):
        load_protocol(path)
