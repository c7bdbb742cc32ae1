"""The emergency number of a country."""

from __future__ import annotations

from pathlib import Path

import pytest

from voice_coach.content import emergency_number, regions, toml
from voice_coach.errors import ContentError, UsageError


@pytest.mark.parametrize(
    ("region", "number"), [("GB", "999"), ("us", "911"), ("DE", "112"), ("ZA", "10177")]
)
def test_a_region_that_is_named(region: str, number: str) -> None:
    assert emergency_number(region, {"LANG": "ja_JP.UTF-8"}) == number


@pytest.mark.parametrize(
    ("environ", "number"),
    [
        ({"LANG": "en_GB.UTF-8"}, "999"),
        ({"LANG": "en_GB.UTF-8", "LC_ALL": "en_US.UTF-8"}, "911"),
        ({"LC_ALL": "C", "LC_MESSAGES": "ja_JP"}, "119"),
        ({"LANG": "C.UTF-8"}, "112"),
        ({"LANG": "de_AT@euro"}, "112"),
        ({}, "112"),
    ],
)
def test_without_one_the_locale_decides(environ: dict[str, str], number: str) -> None:
    assert emergency_number(None, environ) == number


@pytest.mark.parametrize("region", ["", "G", "GBR", "44", "G B", "ÄÖ"])
def test_what_is_no_country_code(region: str) -> None:
    with pytest.raises(UsageError, match="is no country code; give two letters"):
        emergency_number(region)


def test_every_number_can_be_dialled() -> None:
    numbers = toml.read(regions._FILE)["numbers"]
    assert all(number.isdigit() and 2 < len(number) < 6 for number in numbers.values())
    assert all(len(code) == 2 and code.isupper() for code in numbers)


def test_a_file_without_its_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "regions.toml"
    path.write_text('default = "112"\n')
    monkeypatch.setattr(regions, "_FILE", path)
    with pytest.raises(ContentError, match="needs `default` and a table"):
        emergency_number("GB")
