from __future__ import annotations

from pathlib import Path

import pytest

from voice_coach.errors import ModelError
from voice_coach.listening.lexicon import Lexicon
from voice_coach.listening.model import SpeechModel


def lexicon(tmp_path: Path, text: str) -> Lexicon:
    path = tmp_path / "lexicon.txt"
    path.write_text(text, encoding="utf-8")
    return Lexicon.load(path)


def test_a_word_may_sound_in_several_ways(tmp_path: Path) -> None:
    words = lexicon(tmp_path, "# head\n\ncalf K AE F\ncalf K AA F\nno N OW\n")
    assert words.pronunciations("calf") == (("K", "AE", "F"), ("K", "AA", "F"))
    assert words.pronunciations("shin") == ()
    assert words.phones() == {"K", "AE", "AA", "F", "N", "OW"}


def test_unknown_words_are_named_once_and_in_order(tmp_path: Path) -> None:
    words = lexicon(tmp_path, "no N OW\n")
    assert words.unknown(["zig no", "zag zig"]) == ["zig", "zag"]


def test_syllables_are_vowels(tmp_path: Path) -> None:
    words = lexicon(tmp_path, "okay OW K EY\nhurts HH ER T S\n")
    assert words.syllables("hurts") == 1
    assert words.syllables("okay hurts") == 3


@pytest.mark.parametrize("text", ["calf\n", "no N OW\ncalf \n"])
def test_a_line_without_phones_is_named(tmp_path: Path, text: str) -> None:
    with pytest.raises(ModelError, match=r"Line \d of .* has no phones"):
        lexicon(tmp_path, text)


def test_a_missing_lexicon_is_a_model_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be read"):
        Lexicon.load(tmp_path / "none.txt")


def test_the_shipped_lexicon_knows_what_a_person_with_a_cramp_says(model: SpeechModel) -> None:
    assert model.exact is not None
    said = (
        "nope softer popped snap ow ouch breathing fainted blood coughing eased easing loosened "
        "calf cramp can't it's don't i'm swollen numb achilles electrolyte pregnant statins"
    )
    assert model.exact.lexicon.unknown([said]) == []
