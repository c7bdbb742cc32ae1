"""The conversation with the diary in it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from tests.dialogue.explore import PROTOCOL
from tests.dialogue.talk import reach
from tests.diary.nights import NIGHT, live_through, recorder
from tests.diary.test_knowledge import relief
from tests.diary.test_store import episode
from voice_coach.content.loader import problems
from voice_coach.dialogue.dialogue import Dialogue
from voice_coach.dialogue.playthrough import Playthrough
from voice_coach.dialogue.protocol import Protocol
from voice_coach.diary.informed import informed, variants
from voice_coach.diary.knowledge import Known, knowledge
from voice_coach.diary.recorder import Overheard, tonight
from voice_coach.diary.script import load
from voice_coach.diary.store import Diary
from voice_coach.proof import seal
from voice_coach.proof.check import check_data

SCRIPT = load()
OFTEN = Known(often=("This is cramp number three in seven days.", "Please see a doctor."))
ANKLE = Known(
    first={"sitting": "ankle", "lying": "wall"},
    names={"ankle": "moving the ankle", "wall": "stretching at the wall"},
)


def talk_with(known: Known) -> Playthrough:
    return Playthrough(Dialogue(informed(PROTOCOL, SCRIPT, known)))


def texts(talk: Playthrough) -> list[str]:
    return [say.text for say in talk.said]


# -- proven ---------------------------------------------------------------------------------------


def test_all_that_can_come_of_a_diary_was_proven() -> None:
    for variant in variants(PROTOCOL, SCRIPT):
        assert seal.proven(variant), "renew it: python -m voice_coach.proof"


@pytest.mark.parametrize("known", [Known(), OFTEN, ANKLE])
def test_the_content_still_keeps_its_rules(known: Known) -> None:
    made = informed(PROTOCOL, SCRIPT, known)
    assert list(problems(made)) == []
    assert [finding.id for finding in check_data(made) if not finding.holds] == []


def test_the_variants_hold_every_order() -> None:
    """What a night's protocol does after the question about the position, the proof has followed:
    its targets, and all else word for word."""
    wide = variants(PROTOCOL, SCRIPT)[0]
    for first in SCRIPT.learning.enter:
        known = Known(first=dict.fromkeys(("sitting", "lying", "standing", "far"), first),
                      names={first: "this"})  # fmt: skip
        made = informed(PROTOCOL, SCRIPT, known)
        for intent in made.steps["position"].on:
            one, all_ = made.reaction("position", intent), wide.reaction("position", intent)
            assert one is not None
            assert all_ is not None
            targets = all_.to if isinstance(all_.to, tuple) else (all_.to,)
            assert one.to in targets
            assert (one.position, one.flag, one.released) == (
                all_.position, all_.flag, all_.released,
            )  # fmt: skip
        same = {n: s for n, s in made.steps.items() if n != "position"}
        assert same == {n: s for n, s in wide.steps.items() if n != "position"}


def test_no_gate_flag_or_clock_is_touched() -> None:
    for made in (informed(PROTOCOL, SCRIPT, OFTEN), *variants(PROTOCOL, SCRIPT)):
        for part in ("gate", "flags", "limits", "common", "start", "stop"):
            assert getattr(made, part) == getattr(PROTOCOL, part)
        changed = {name for name in PROTOCOL.steps if made.steps[name] != PROTOCOL.steps[name]}
        assert changed <= {"position", "ask_often"}
        assert set(made.steps) == set(PROTOCOL.steps), "a saved conversation fits either"
        for name, reaction in PROTOCOL.anywhere.items():
            assert made.anywhere[name] == reaction


def test_an_unknown_diary_changes_no_step_and_claims_nothing() -> None:
    made = informed(PROTOCOL, SCRIPT, Known())
    assert made.steps == PROTOCOL.steps
    for intent in SCRIPT.phrases:
        assert made.anywhere[intent].say == ()


def test_learning_can_be_switched_off() -> None:
    learning = msgspec.structs.replace(SCRIPT.learning, on=False)
    script = msgspec.structs.replace(SCRIPT, learning=learning)
    nights = [relief("sitting", "ankle", 5, n) for n in range(3)]
    found = knowledge(nights, NIGHT + timedelta(days=90), script, PROTOCOL)
    assert found.first == {}
    assert informed(PROTOCOL, script, found).steps == PROTOCOL.steps


# -- said ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", ["done", "skip", "yes", "no", "go on", "", "okay"])
def test_the_diary_knows_that_cramps_come_often(answer: str) -> None:
    talk = reach("ask_often", Dialogue(informed(PROTOCOL, SCRIPT, OFTEN)))
    talk.listen()
    if answer:
        talk.hear(answer)
    talk.to_end()
    assert "Do cramps come often, or break your sleep?" not in texts(talk)
    assert OFTEN.often[0] in texts(talk)
    assert "often" in talk.state.flags
    assert talk.state.level.name == "routine"
    assert talk.said[-4].text.startswith("Tell your doctor")


def test_what_helped_comes_first_and_is_said() -> None:
    talk = talk_with(ANKLE)
    talk.answer("sitting")
    talk.listen()
    assert "Last time, moving the ankle helped." in texts(talk)
    assert talk.state.step == "ankle"
    talk.to_end()


def test_standing_is_asked_for_before_the_wall() -> None:
    talk = talk_with(ANKLE)
    talk.answer("lying down")
    talk.listen()
    assert talk.state.step == "can_stand"
    talk.hear("no")
    talk.listen()
    assert talk.state.step == "ankle"


def test_other_positions_go_their_own_way() -> None:
    talk = talk_with(ANKLE)
    talk.answer("standing")
    talk.listen()
    assert talk.state.step == "stretch_standing"


def test_a_red_flag_goes_before_what_was_learned() -> None:
    talk = talk_with(ANKLE)
    talk.listen()
    talk.hear("it popped")
    talk.to_end()
    assert talk.state.flags == {"injury"}
    assert not [say for say in talk.said if say.prompt.startswith("ankle")]


def test_questions_about_the_diary() -> None:
    known = Known(answers={"how_often": ("With this one, four in the last thirty days.",)})
    talk = talk_with(known)
    talk.answer("lying down")
    talk.listen()
    assert talk.hear("how often") == "how_often"
    talk.wait(4)
    assert "With this one, four in the last thirty days." in texts(talk)
    assert talk.state.step == "stretch_hand"


# -- joined with the diary itself ------------------------------------------------------------------


def joined(diary: Diary) -> Overheard:
    def prepare() -> Protocol:
        return tonight(diary, PROTOCOL, SCRIPT, NIGHT)

    plain = informed(PROTOCOL, SCRIPT, Known())
    made = recorder(diary)
    return Overheard(plain, listener=made.hear, take_up=made.take_up, prepare=prepare)


def test_three_nights(tmp_path: Path) -> None:
    with Diary(tmp_path) as diary:
        diary.add(episode(n, began=NIGHT - timedelta(days=n)) for n in (1, 2))
        talk = live_through(joined(diary), {"position": "lying"})
        kept = diary.recent(NIGHT - timedelta(hours=1), 9)[0]
    assert "This is cramp number three in seven days." in texts(talk)
    assert (kept.level, kept.finding("often")) == ("routine", "yes")


def test_the_same_dialogue_knows_more_the_next_night(tmp_path: Path) -> None:
    with Diary(tmp_path) as diary:
        dialogue = joined(diary)
        said = [texts(live_through(dialogue, {"position": "lying"})) for _ in range(3)]
    assert ["This is cramp number three in seven days." in one for one in said] == [
        False, False, True,
    ]  # fmt: skip


def test_forget_this_one(tmp_path: Path) -> None:
    with Diary(tmp_path) as diary:
        diary.add([episode(1, began=NIGHT - timedelta(days=1))])
        talk = reach("eased", joined(diary))
        assert len(diary) == 2
        assert talk.answer("forget this one") == "forget"
        talk.to_end()
        assert "I will keep nothing of this one." in texts(talk)
        assert len(diary) == 1


def test_telling_somebody_else(tmp_path: Path) -> None:
    with Diary(tmp_path) as diary:
        talk = reach("palm", joined(diary))
        talk.listen()
        talk.hear("tell my partner")
        talk.wait(9)
        two = [t for t in texts(talk) if t.startswith(("The calf seized up", "There is no"))]
        assert len(two) == 2
        assert "and it is letting go." in two[0]
        assert "There is no warning sign so far." in two[1]


def test_telling_somebody_else_in_an_emergency(tmp_path: Path) -> None:
    with Diary(tmp_path) as diary:
        talk = reach("emergency", joined(diary))
        talk.listen()
        before = len(texts(talk))
        talk.hear("tell my partner")
        talk.listen()
        said = texts(talk)[before:]
        told, again = said[:3], said[4:7]
        assert told[0].startswith("The calf seized up ")
        assert told[1].startswith("Warning signs: chest pain, trouble breathing")
        assert told[2] == "Call one one two now."
        assert said[3] == "Once more."
        assert again == told, "whoever is woken by it may have missed the first words"
        assert max(len(text.split()) for text in said) <= 20
