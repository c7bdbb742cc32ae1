"""Fetching an archive from servers of every kind, whole, in pieces, and not at all."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import pytest

from tests.store.site import Page, Site
from voice_coach.errors import OutputError, StoreError
from voice_coach.store import web
from voice_coach.store.download import Archive, _append, download, silent
from voice_coach.store.index import Offer, fetch_index

NAME = "vosk-model-small"
DATA = random.Random(0).randbytes(1_000_000)
OTHER = random.Random(1).randbytes(1_000_000)
HALF = 500_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "incoming").mkdir()
    return tmp_path / "incoming"


class Client:
    """Downloads one model from the site, as its list is at that time."""

    def __init__(self, site: Site, folder: Path) -> None:
        self.site, self.folder = site, folder
        self.part = folder / f"{NAME}.zip.part"
        site.offer(NAME, DATA)

    def serve(self, **changes: Any) -> None:
        self.site.change(f"/{NAME}.zip", **changes)

    def offer(self) -> Offer:
        return fetch_index(self.site.url()).find(NAME)

    def get(self, progress: Any = silent) -> Archive:
        return download(self.offer(), self.site.url(), self.folder, progress)

    def fail(self, says: str) -> None:
        with pytest.raises(StoreError, match=says) as caught:
            self.get()
        assert "\n" not in str(caught.value)

    def get_half(self) -> None:
        """Leave an unfinished download behind."""
        before = self.site.pages[f"/{NAME}.zip"]
        self.serve(breaks_after=HALF)
        self.fail("stopped at")
        self.site.pages[f"/{NAME}.zip"] = before
        assert 0 < self.part.stat().st_size <= HALF

    @property
    def ranges(self) -> list[str | None]:
        """The Range of each request for the archive."""
        return [request.headers.get("Range") for request in self.site.asked(f"/{NAME}.zip")]

    @property
    def sent(self) -> int:
        return sum(request.sent for request in self.site.asked(f"/{NAME}.zip"))


@pytest.fixture
def client(site: Site, folder: Path) -> Client:
    return Client(site, folder)


def test_a_whole_archive(client: Client) -> None:
    archive = client.get()
    assert archive.path.read_bytes() == DATA
    assert archive.sha256 == hashlib.sha256(DATA).hexdigest()
    assert client.sent == len(DATA)


def test_one_that_is_whole_already_is_not_fetched_again(client: Client) -> None:
    assert client.get() == client.get()
    assert client.sent == len(DATA)


def test_no_length_is_no_fault(client: Client) -> None:
    client.serve(claims=-1)
    assert client.get().path.read_bytes() == DATA


# -- going on -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "page",
    [{}, {"etag": None}, {"etag": 'W/"weak"'},
     {"etag": None, "modified": "Wed, 21 Oct 2015 07:28:00 GMT"}],
)  # fmt: skip
def test_it_goes_on_where_it_stopped(client: Client, page: dict[str, Any]) -> None:
    client.serve(**page)
    client.get_half()
    kept = client.part.stat().st_size
    assert client.get().path.read_bytes() == DATA
    assert client.ranges == [None, f"bytes={kept}-"]
    assert client.sent <= len(DATA) + HALF - kept


def test_the_question_names_the_version(client: Client) -> None:
    client.get_half()
    client.get()
    asked = client.site.asked(f"/{NAME}.zip")[-1]
    assert asked.headers["If-Range"] == '"one"'


def test_in_many_goes(client: Client) -> None:
    client.serve(breaks_after=300_000)
    for _ in range(3):
        client.fail("run the same command again and it goes on from there")
    assert client.get().path.read_bytes() == DATA
    assert client.sent < 1.5 * len(DATA)


def test_a_server_that_knows_no_ranges(client: Client) -> None:
    client.serve(ranges=False)
    client.get_half()
    assert client.get().path.read_bytes() == DATA


def test_a_changed_file_starts_over(client: Client) -> None:
    client.get_half()
    client.site.offer(NAME, OTHER)
    client.serve(etag='"two"')
    assert client.get().path.read_bytes() == OTHER
    assert client.ranges == [None, None]


def test_a_file_that_changed_under_the_same_row_starts_over(client: Client) -> None:
    """The list is right now; what was fetched earlier is of something else."""
    client.serve(body=OTHER, etag='"wrong"')
    client.get_half()
    client.serve(body=DATA, etag='"right"')
    assert client.get().path.read_bytes() == DATA


def test_a_changed_file_behind_a_server_that_does_not_compare(client: Client) -> None:
    client.serve(body=OTHER, etag='W/"wrong"')
    client.get_half()
    client.serve(body=DATA, etag='W/"right"')
    started: list[int] = []

    def progress(_: Offer, kept: int) -> AbstractContextManager[Callable[[int], object]]:
        started.append(kept)
        return nullcontext(lambda _: None)

    assert client.get(progress).path.read_bytes() == DATA
    assert started == [0]  # the rest of another file was not even begun


def test_a_changed_file_without_any_tag_is_noticed_at_the_end(client: Client) -> None:
    client.serve(body=OTHER, etag=None)
    client.get_half()
    client.serve(body=DATA)
    assert client.get().path.read_bytes() == DATA
    assert client.ranges[-1] is None


@pytest.mark.parametrize("record", [b"", b"[]", b'{"url": 1}', b"\xff", None])
def test_a_part_without_a_record_is_worth_nothing(client: Client, record: bytes | None) -> None:
    client.get_half()
    (client.folder / f"{NAME}.json").unlink()
    if record is not None:
        (client.folder / f"{NAME}.json").write_bytes(record)
    assert client.get().path.read_bytes() == DATA
    assert client.ranges == [None, None]


def test_a_part_longer_than_the_file_is_worth_nothing(client: Client) -> None:
    client.get_half()
    client.part.write_bytes(bytes(len(DATA) + 1))
    assert client.get().path.read_bytes() == DATA


def test_a_part_that_was_spoiled_on_the_disk(client: Client) -> None:
    client.get_half()
    client.part.write_bytes(bytes(client.part.stat().st_size))
    assert client.get().path.read_bytes() == DATA
    assert client.ranges[-1] is None


def test_a_server_that_refuses_the_range(client: Client) -> None:
    client.get_half()
    client.serve(ranges_granted=False)
    assert client.get().path.read_bytes() == DATA
    assert client.ranges[-1] is None


def test_a_server_that_gives_pieces_nobody_asked_for(client: Client) -> None:
    client.serve(status=206)
    client.fail("answers with a piece")


# -- what is not right ----------------------------------------------------------------------------


def test_a_wrong_checksum(client: Client) -> None:
    client.serve(body=OTHER)
    client.fail("has not the checksum")
    assert list(client.folder.iterdir()) == []
    assert client.sent == len(DATA)


@pytest.mark.parametrize("length", [0, 10, 999_999, 1_000_001])
def test_a_length_that_is_not_the_lists(client: Client, length: int) -> None:
    client.serve(claims=length)
    client.fail(f"has {length} bytes and not the 1000000")


def test_more_than_was_promised(client: Client) -> None:
    client.serve(body=DATA * 50, claims=-1)
    client.fail("sends more than the 1000000 bytes")
    assert not client.part.exists()
    assert client.sent < 40 * len(DATA)  # it hung up, but for what was on its way


def test_less_than_was_promised(client: Client) -> None:
    client.serve(body=DATA[:HALF], claims=-1)
    client.fail(r"stopped at 0\.5 of 1\.0 MB \(the connection was closed\)")


def test_a_connection_that_breaks(client: Client) -> None:
    client.serve(breaks_after=HALF)
    client.fail(r"stopped at 0\.[45] of 1\.0 MB \(the connection was closed\)")


def test_a_server_that_falls_silent(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "READ_TIMEOUT", 0.2)
    client.serve(stalls_after=HALF)
    client.fail("timed out.*run the same command again")


@pytest.mark.parametrize(("status", "says"), [(404, "has no"), (503, "cannot answer now")])
def test_a_server_that_says_no_keeps_what_is_there(client: Client, status: int, says: str) -> None:
    client.get_half()
    client.serve(status=status)
    client.fail(says)
    client.serve(status=200)
    client.get()
    assert client.ranges[-1] is not None


def test_a_redirect_to_what_is_not_secure(client: Client) -> None:
    client.site.pages[f"/{NAME}.zip"] = Page(status=302, location="http://models.example/x.zip")
    client.fail("not a secure address")


def test_a_list_that_names_what_is_not_secure(client: Client) -> None:
    client.site.offer(NAME, DATA, url="http://models.example/x.zip")
    client.fail("not a secure address")


# -- the disk -------------------------------------------------------------------------------------


def test_a_disk_with_no_room_for_it(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(client.folder)._replace(free=2_999_999)
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    with pytest.raises(OutputError, match=r"needs 3 MB .* only 3 MB are free; free some space"):
        client.get()
    assert client.ranges == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_disk_that_fills_up(client: Client) -> None:
    os.symlink("/dev/full", client.part)
    offer = client.offer()
    with (
        pytest.raises(OutputError, match="is full; free some space and run it again"),
        web.ask(offer.url, client.site.url()) as answer,
    ):
        _append(client.part, answer, offer, 0, lambda _: None)


# -- progress -------------------------------------------------------------------------------------


def test_progress_adds_up(client: Client) -> None:
    shown: list[int] = []

    def progress(_: Offer, kept: int) -> AbstractContextManager[Callable[[int], object]]:
        shown.append(kept)
        return nullcontext(shown.append)

    client.get_half()
    kept = client.part.stat().st_size
    client.get(progress)
    assert shown[0] == kept
    assert sum(shown) == len(DATA)
