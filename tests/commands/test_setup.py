"""What is rendered ahead: everything that will be said, but for spoken times."""

from __future__ import annotations

from voice_coach.commands import setup
from voice_coach.commands.setup import Choices
from voice_coach.dialogue.playthrough import Playthrough


def test_all_that_a_silent_night_says_is_known_ahead_but_for_times() -> None:
    dialogue = setup.dialogue(Choices(region="GB"))
    known = set(setup.fixed_sentences(dialogue))
    night = Playthrough(dialogue)
    night.to_end()
    times = {"common.announce_120", "common.announce_300", "common.announce_480"}
    assert {say.prompt for say in night.said if say.text not in known} <= times


def test_the_emergency_number_is_known_ahead() -> None:
    dialogue = setup.dialogue(Choices(region="GB"))
    known = setup.fixed_sentences(dialogue)
    night = Playthrough(dialogue)
    night.answer("chest pain")
    night.to_end()
    called = [say.text for say in night.said if "nine nine nine" in say.text]
    assert len(called) > 5
    assert set(called) <= set(known)
    assert not [text for text in known if "{" in text]
