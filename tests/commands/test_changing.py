"""The example of how to change the conversation, tried as it stands in the README."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

from tests.commands.conftest import Call
from voice_coach.content import default_protocol_path, load_protocol
from voice_coach.errors import ContentError

SHIPPED: Final = default_protocol_path()
TEXT: Final = Path(__file__).parents[2].joinpath("README.md").read_text(encoding="utf-8")
EXAMPLE: Final = TEXT.split("```diff\n")[1].split("```")[0]


def applied(text: str, changes: str = EXAMPLE) -> str:
    """A file with the example's changes made, each of which must fit exactly one place."""
    for change in re.split(r"^@@.*\n", changes, flags=re.MULTILINE)[1:]:
        lines = change.splitlines()
        old = "\n".join(line[1:] for line in lines if not line.startswith("+"))
        new = "\n".join(line[1:] for line in lines if not line.startswith("-"))
        assert text.count(old) == 1, f"does not fit the shipped file once:\n{old}"
        text = text.replace(old, new)
    return text


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "my.toml"
    path.write_text(applied(SHIPPED.read_text(encoding="utf-8")), encoding="utf-8")
    return path


@pytest.mark.slow
def test_the_example_holds_every_rule(call: Call, mine: Path) -> None:
    done = call("protocol", "check", mine)
    assert (done.code, done.err) == (0, ""), done.out
    assert done.out.splitlines()[-1].startswith("All ")
    assert done.out.splitlines()[-1].endswith(" rules hold. No mistake found.")


def test_the_example_is_on_the_picture_and_in_the_script(
    call: Call, mine: Path, tmp_path: Path
) -> None:
    protocol = load_protocol(mine)
    assert "much softer" in protocol.vocabulary("knot")
    call("protocol", "graph", mine, "--svg", tmp_path / "my")
    flags = (tmp_path / "my" / "6-flags.svg").read_text(encoding="utf-8")
    assert "“Do you have a fever?”" in flags
    assert "flag fever: urgent" in flags
    aftercare = (tmp_path / "my" / "5-aftercare.svg").read_text(encoding="utf-8")
    assert "“Lay the leg on a pillow.”" in aftercare
    call("protocol", "show", mine, "--html", tmp_path / "my.html")
    page = (tmp_path / "my.html").read_text(encoding="utf-8")
    for new in ("Do you have a fever?", "Lay the leg on a pillow.", "much softer"):
        assert new in page
    mermaid = call("protocol", "graph", mine).out
    assert "ask_pain -->|next| ask_fever" in mermaid
    assert "water -->|next| leg_up" in mermaid


def test_a_slip_is_answered_as_the_instructions_say(mine: Path) -> None:
    text = mine.read_text(encoding="utf-8").replace('flag = "fever"', 'flag = "fewer"')
    mine.write_text(text, encoding="utf-8")
    said = re.search(r"`(steps\.ask_fever\.flag: [^`]*)`", TEXT)
    assert said is not None
    with pytest.raises(ContentError) as caught:
        load_protocol(mine)
    assert str(caught.value) == f"{mine}: {said[1]}"
