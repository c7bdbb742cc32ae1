"""A web server on this machine that can do everything wrong that a server can."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import socket
import threading
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

_PIECE = 1 << 14


@dataclass(frozen=True)
class Page:
    """What the server has at an address, and how it gives it away."""

    body: bytes = b""
    status: int = 200
    etag: str | None = '"one"'
    modified: str | None = None
    location: str | None = None
    ranges: bool = True
    """Whether it knows what a range is."""

    ranges_granted: bool = True
    """Whether it gives one when asked."""

    claims: int | None = None
    """A Content-Length that is not true; -1 for none at all."""

    breaks_after: int | None = None
    """Bytes of the body after which it hangs up."""

    stalls_after: int | None = None
    """Bytes of the body after which it says no more, and the client must go first."""


@dataclass
class Request:
    """A request as it came, and how many bytes of body were sent."""

    path: str
    headers: dict[str, str]
    sent: int = 0


@dataclass
class Site:
    """Pages by path; they may be changed at any time."""

    pages: dict[str, Page] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    stalled: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Site:
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def url(self, path: str = "/list.json") -> str:
        return f"http://127.0.0.1:{self._server.server_port}{path}"

    def offer(self, name: str, archive: bytes, **changes: Any) -> str:
        """Put an archive and a list that names it online; returns the list's address."""
        self.pages[f"/{name}.zip"] = Page(archive)
        self.pages["/list.json"] = Page(json.dumps([row(name, archive, **changes)]).encode())
        return self.url()

    def change(self, path: str, **changes: Any) -> None:
        self.pages[path] = replace(self.pages[path], **changes)

    def asked(self, path: str) -> list[Request]:
        """The requests for this path."""
        return [request for request in self.requests if request.path == path]


def row(name: str, archive: bytes, **changes: Any) -> dict[str, Any]:
    """A row of the list as Vosk writes it."""
    return {
        "lang": "en-us", "lang_text": "US English", "md5": hashlib.md5(archive).hexdigest(),
        "name": name, "obsolete": "false", "size": len(archive), "size_text": "39.3MiB",
        "type": "small", "url": f"{name}.zip", "version": "0.15", **changes,
    }  # fmt: skip


class _Handler(BaseHTTPRequestHandler):
    """Answers one client, as the page says."""

    @property
    def site(self) -> Site:
        assert isinstance(self.server, _Server)
        return self.server.site

    def setup(self) -> None:
        super().setup()
        # So that what counts as sent cannot be far from what has arrived.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _PIECE)

    def do_GET(self) -> None:
        request = Request(self.path, dict(self.headers.items()))
        self.site.requests.append(request)
        page = self.site.pages.get(self.path, Page(status=404))
        with contextlib.suppress(ConnectionError):  # the client may go when it likes
            self._give(request, page)

    def _give(self, request: Request, page: Page) -> None:
        start = self._start(request, page)
        body = page.body[start:]
        refused = "Range" in request.headers and not page.ranges_granted
        self.send_response(416 if refused else 206 if start else page.status)
        length = len(body) if page.claims is None else page.claims
        fields = {
            "Content-Length": str(length) if length >= 0 else None,
            "Content-Range": f"bytes {start}-{len(page.body) - 1}/{len(page.body)}",
            "ETag": page.etag,
            "Last-Modified": page.modified,
            "Location": page.location,
        }
        for name, value in fields.items():
            if value is not None and (start or name != "Content-Range"):
                self.send_header(name, value)
        self.end_headers()
        self._send(request, page, body)

    def _start(self, request: Request, page: Page) -> int:
        """Where the answer begins, as RFC 9110 has it."""
        wanted = re.fullmatch(r"bytes=(\d+)-", request.headers.get("Range", ""))
        unchanged = request.headers.get("If-Range") in (None, page.etag, page.modified)
        if not (wanted and page.ranges and page.status == 200 and unchanged):
            return 0
        return int(wanted[1])

    def _send(self, request: Request, page: Page, body: bytes) -> None:
        end = len(body)
        for stop in (page.breaks_after, page.stalls_after):
            end = end if stop is None else min(end, stop)
        for at in range(0, end, _PIECE):
            self.wfile.write(body[at : min(at + _PIECE, end)])
            request.sent = min(at + _PIECE, end)
        if page.stalls_after is not None:
            self.site.stalled.set()
            self.connection.recv(1)  # returns when the client has gone

    def log_message(self, *_: object) -> None:
        """The test's output is no place for it."""


class _Server(ThreadingHTTPServer):
    def __init__(self, site: Site) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.site = site
