"""The list of models, as it is and as it should not be."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.store.site import Page, Site, row
from voice_coach.errors import StoreError, UsageError
from voice_coach.store import index
from voice_coach.store.index import fetch_index, parse_index

URL = "https://models.example/list.json"


def listed(*rows: dict[str, Any]) -> index.Index:
    return parse_index(json.dumps(rows).encode(), URL)


def test_a_row_becomes_an_offer() -> None:
    (offer,) = listed(row("vosk-small", b"abc", md5="A" * 32)).offers
    assert (offer.name, offer.language, offer.use) == ("vosk-small", "US English", "light")
    assert (offer.url, offer.size, offer.md5) == (
        "https://models.example/vosk-small.zip", 3, "a" * 32,
    )  # fmt: skip


def test_english_comes_first_and_small_before_large() -> None:
    rows = [
        row("a-de", b"1", lang_text="German"),
        row("b-en", b"123", type="big-lgraph"),
        row("c-en", b"1"),
        row("d-in", b"1", lang_text="Indian English"),
    ]
    assert [offer.name for offer in listed(*rows).offers] == ["d-in", "c-en", "b-en", "a-de"]


@pytest.mark.parametrize(
    "changes",
    [
        {"obsolete": "true"}, {"obsolete": True}, {"type": "spk"}, {"type": "tts"},
        {"type": "big"}, {"md5": ""}, {"md5": "x" * 32}, {"size": 0}, {"size": -1},
        {"size": 10**10}, {"size": "large"}, {"name": "../x"}, {"name": ".x"}, {"name": "a/b"},
        {"name": 7}, {"url": None},
    ],
)  # fmt: skip
def test_what_cannot_be_installed_is_not_offered(changes: dict[str, Any]) -> None:
    offers = listed(row("good", b"x"), {**row("bad", b"x"), **changes}).offers
    assert [offer.name for offer in offers] == ["good"]


def test_a_size_may_be_written_as_a_text() -> None:
    assert listed(row("good", b"x", size="41205931")).offers[0].size == 41_205_931


def test_finding_by_name() -> None:
    found = listed(row("vosk-model-small", b"x"), row("vosk-model-huge", b"x", type="big"))
    assert found.find("vosk-model-small") is found.offers[0]
    with pytest.raises(UsageError, match='did you mean "vosk-model-small"'):
        found.find("vosk-model-smal")
    with pytest.raises(UsageError, match="cannot listen for given phrases"):
        found.find("vosk-model-huge")


@pytest.mark.parametrize(
    "data", [b"", b"<html>", b"{}", b"[1, 2", b"\xff\xfe", b'"x"', b"[[[[", b"null"]
)
def test_what_is_no_list(data: bytes) -> None:
    with pytest.raises(StoreError, match="is not a list of models"):
        parse_index(data, URL)


@pytest.mark.parametrize("data", [b"[]", b"[1, null]"])
def test_a_list_of_nothing(data: bytes) -> None:
    with pytest.raises(StoreError, match="lists no model"):
        parse_index(data, URL)


def test_fetching_it(site: Site) -> None:
    assert fetch_index(site.offer("vosk-small", b"x")).find("vosk-small").size == 1


def test_a_list_without_end(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "MAX_INDEX_SIZE", 1000)
    site.pages["/list.json"] = Page(b"[" * 5000)
    with pytest.raises(StoreError, match="too long"):
        fetch_index(site.url())


def test_a_list_that_breaks_off(site: Site) -> None:
    url = site.offer("vosk-small", b"x")
    site.change("/list.json", breaks_after=20)
    with pytest.raises(StoreError, match="broke off"):
        fetch_index(url)


@pytest.mark.parametrize(
    "url",
    ["http://models.example/l.json", "ftp://x/y", "file:///etc/passwd", "list.json", "https://",
     "http://[::1", "https://x:y/", "http://127.0.0.1.example/"],
)  # fmt: skip
def test_an_address_that_is_not_secure(url: str) -> None:
    with pytest.raises(UsageError, match="https://"):
        fetch_index(url)
