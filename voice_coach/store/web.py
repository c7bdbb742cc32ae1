"""Asking a server over HTTPS, with a sentence for each way in which that can fail.

Only https, whatever a list or a redirect says; plain http to this very machine, for a mirror or
a test, and only when the person's own address already was of that kind.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException, IncompleteRead
from typing import Final
from urllib.parse import SplitResult, urljoin, urlsplit

import requests

from voice_coach import __version__
from voice_coach.errors import StoreError, UsageError

CONNECT_TIMEOUT: float = 10.0
"""Seconds."""

READ_TIMEOUT: float = 30.0
"""Seconds without a single byte."""

_REDIRECTS: Final = (301, 302, 303, 307, 308)
_MAX_REDIRECTS: Final = 5
_CHUNK: Final = 1 << 16


class ConnectionLost(Exception):
    """The answer broke off; says why in a few words."""


@dataclass(frozen=True)
class Answer:
    """A server's answer whose body has not been read yet."""

    url: str
    """The one that answered, after any redirects."""

    status: int
    headers: Mapping[str, str]
    """Names in any case."""

    response: requests.Response

    @property
    def length(self) -> int | None:
        """What the server says the body has, in bytes; None when it does not say."""
        text = self.headers.get("Content-Length", "")
        return int(text) if text.isdecimal() else None

    def chunks(self) -> Iterator[bytes]:
        """The body in pieces. Raises ConnectionLost."""
        try:
            yield from self.response.iter_content(_CHUNK)
        except requests.RequestException as error:
            raise ConnectionLost(_reason(error)) from error


def check_address(url: str) -> str:
    """An address from the command line, unchanged. Raises UsageError."""
    parts = _split(url)
    if parts is None or not _permitted(parts, here=True):
        raise UsageError(f"{url!r} is not an address to ask; give one that begins with https://.")
    return url


def join(base: str, url: str) -> str:
    """``url`` as written on the page ``base``; what makes no sense is left for `ask` to refuse."""
    try:
        return urljoin(base, url)
    except ValueError:
        return url


@contextmanager
def ask(url: str, asked_by: str, headers: Mapping[str, str] | None = None) -> Iterator[Answer]:
    """The answer to a GET, following redirects; closed at the end of the context.

    ``asked_by`` is the address that named ``url``. Raises StoreError for anything but a 200, 206
    or 416.
    """
    with _Session() as session:
        # A proxy for this very machine is never meant.
        session.trust_env = not _here(_split(url))
        for _ in range(_MAX_REDIRECTS + 1):
            _check_step(url, asked_by)
            with _get(session, url, headers or {}) as response:
                target = response.headers.get("Location")
                if response.status_code not in _REDIRECTS or target is None:
                    _check_status(response, url)
                    yield Answer(url, response.status_code, response.headers, response)
                    return
            asked_by, url = url, join(url, target)
    raise StoreError(
        f"{_host(url)} sends from one address to the next without end; try again later."
    )


class _Session(requests.Session):
    """Leaves redirects to us: it would read a redirect's whole body, and stumble over a bad one."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:  # noqa: ARG002 - never
        """None, whatever the answer."""
        return None


def _get(session: requests.Session, url: str, headers: Mapping[str, str]) -> requests.Response:
    sent = {
        "User-Agent": f"voice-coach/{__version__}",
        "Accept-Encoding": "identity",  # sizes and ranges count the bytes of the file itself
        **headers,
    }
    try:
        return session.get(
            url, headers=sent, stream=True, allow_redirects=False,
            timeout=(CONNECT_TIMEOUT, READ_TIMEOUT),
        )  # fmt: skip
    except requests.exceptions.SSLError as error:
        raise StoreError(
            f"There is no secure connection to {_host(url)} ({_reason(error)}); check this "
            f"computer's clock and certificates."
        ) from error
    except requests.Timeout as error:
        raise StoreError(f"{_host(url)} does not answer; try again later.") from error
    except requests.RequestException as error:
        raise StoreError(
            f"{_host(url)} cannot be reached ({_reason(error)}); check the network and try again."
        ) from error


def _check_status(response: requests.Response, url: str) -> None:
    status = response.status_code
    if status in (200, 206, 416):
        return
    if status in (404, 410):
        raise StoreError(
            f"{_host(url)} has no {urlsplit(url).path} (HTTP {status}); "
            f"`voice-coach model list --online` shows what there is."
        )
    if status == 429 or status >= 500:
        raise StoreError(f"{_host(url)} cannot answer now (HTTP {status}); try again later.")
    raise StoreError(f"{_host(url)} refuses {urlsplit(url).path} (HTTP {status}); try again later.")


def _check_step(url: str, asked_by: str) -> None:
    parts = _split(url)
    if parts is None or not _permitted(parts, here=_here(_split(asked_by))):
        raise StoreError(
            f"{_host(asked_by)} sends to {url!r}, which is not a secure address; "
            f"nothing was fetched from there."
        )


def _split(url: str) -> SplitResult | None:
    """None for what is no address at all."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # checked on access only
    except ValueError:
        return None
    return parts if parts.hostname else None


def _permitted(parts: SplitResult, here: bool) -> bool:
    """``here``: whether plain http to this machine is in order."""
    return parts.scheme == "https" or (parts.scheme == "http" and here and _here(parts))


def _here(parts: SplitResult | None) -> bool:
    """Whether the address is on this machine."""
    if parts is None:
        return False
    if parts.hostname == "localhost":
        return True
    try:
        return ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False


def _host(url: str) -> str:
    parts = _split(url)
    return parts.netloc.rpartition("@")[2] if parts else url


def _reason(error: BaseException) -> str:
    """The innermost cause in a few words, such as "Connection refused"."""
    inner: BaseException | None = error
    while inner is not None:
        error = inner
        held = (getattr(error, "reason", None), *error.args, error.__cause__)
        inner = next((cause for cause in held if isinstance(cause, BaseException)), None)
    if isinstance(error, IncompleteRead):
        return "the connection was closed"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, HTTPException):
        return "its answer makes no sense"
    # It may hold words of the server's.
    text = str(error.args[0]) if error.args else type(error).__name__
    return "".join(c for c in text if c.isprintable())[:100]
