"""Servers that are not there, say no, send elsewhere, or say nothing."""

from __future__ import annotations

import socket
import threading

import pytest

from tests.store.site import Page, Site
from voice_coach.errors import StoreError
from voice_coach.store import web
from voice_coach.store.web import ConnectionLost, ask


def get(url: str) -> bytes:
    with ask(url, asked_by=url) as answer:
        return b"".join(answer.chunks())


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (404, "has no /x"), (410, "has no /x"), (403, "refuses /x"), (304, "refuses /x"),
        (429, "cannot answer now"), (500, "cannot answer now"), (503, "cannot answer now"),
        (302, "refuses /x"),
    ],
)  # fmt: skip
def test_a_server_that_says_no(site: Site, status: int, says: str) -> None:
    site.pages["/x"] = Page(b"Sorry.", status=status)
    with pytest.raises(StoreError, match=rf"127\.0\.0\.1:\d+ {says}.*\(HTTP {status}\)"):
        get(site.url("/x"))


def test_a_redirect_is_followed(site: Site) -> None:
    site.pages["/x"] = Page(status=302, location="/y")
    site.pages["/y"] = Page(b"here")
    assert get(site.url("/x")) == b"here"


@pytest.mark.parametrize(
    "target",
    ["http://models.example/x", "ftp://127.0.0.1/x", "file:///etc/passwd", "http://[::1",
     "//models.example/x"],
)  # fmt: skip
def test_a_redirect_to_what_is_not_secure(site: Site, target: str) -> None:
    site.pages["/x"] = Page(status=302, location=target)
    with pytest.raises(StoreError, match="not a secure address"):
        get(site.url("/x"))


def test_a_list_from_outside_may_not_name_this_machine(site: Site) -> None:
    site.pages["/x"] = Page(b"secret")
    with (
        pytest.raises(StoreError, match="not a secure address"),
        ask(site.url("/x"), asked_by="https://models.example/list.json"),
    ):
        pass
    assert site.requests == []


def test_redirects_without_end(site: Site) -> None:
    site.pages["/x"] = Page(status=301, location="/x")
    with pytest.raises(StoreError, match="without end"):
        get(site.url("/x"))
    assert len(site.requests) < 10


def test_nobody_there() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/x"
        with pytest.raises(StoreError, match=r"cannot be reached \(Connection refused\)"):
            get(url)


def test_somebody_who_does_not_speak_http() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def greet() -> None:
            with server.accept()[0] as connection:
                connection.sendall(b"220 mail is ready\r\n")

        thread = threading.Thread(target=greet)
        thread.start()
        with pytest.raises(StoreError, match=r"\(its answer makes no sense\)"):
            get(f"http://127.0.0.1:{server.getsockname()[1]}/x")
        thread.join()


def test_a_server_without_tls(site: Site) -> None:
    with pytest.raises(StoreError, match="no secure connection"):
        get(site.url("/x").replace("http:", "https:"))


def test_a_server_that_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "READ_TIMEOUT", 0.1)
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        pytest.raises(StoreError, match="does not answer"),
    ):
        get(f"http://127.0.0.1:{server.getsockname()[1]}/x")


def test_a_server_that_stops_in_the_middle(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "READ_TIMEOUT", 0.1)
    site.pages["/x"] = Page(b"x" * 1000, stalls_after=500)
    with pytest.raises(ConnectionLost, match="timed out"):
        get(site.url("/x"))


def test_a_server_that_hangs_up(site: Site) -> None:
    site.pages["/x"] = Page(b"x" * 1000, breaks_after=500)
    with pytest.raises(ConnectionLost, match="the connection was closed"):
        get(site.url("/x"))


def test_no_proxy_for_this_machine(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    site.pages["/x"] = Page(b"here")
    assert get(site.url("/x")) == b"here"
