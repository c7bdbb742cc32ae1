"""The official list of Vosk models, and which of them can listen for given phrases."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from voice_coach.content.toml import nearest
from voice_coach.errors import StoreError, UsageError
from voice_coach.store.installed import is_name
from voice_coach.store.web import ConnectionLost, ask, check_address, join

OFFICIAL_INDEX: Final = "https://alphacephei.com/vosk/models/model-list.json"

MAX_INDEX_SIZE: Final = 4_000_000
"""Bytes; the official list has some 30 kB."""

MAX_ARCHIVE_SIZE: Final = 500_000_000
"""Bytes; the largest model that takes a grammar has some 130 MB."""

_MD5: Final = re.compile(r"[0-9a-f]{32}")

# The list's "type", and what a model of that type is for. The type "big" has a graph that cannot
# be changed; "spk" and "tts" are no recognisers.
_USE: Final = {"small": "light", "big-lgraph": "accurate"}
_FIXED: Final = "big"


@dataclass(frozen=True)
class Offer:
    """A model that can be installed."""

    name: str
    language: str
    """In English, such as "US English"."""

    use: str
    """One word on what it is for."""

    url: str
    """Of a zip archive."""

    size: int
    """Of the archive, in bytes."""

    md5: str
    """Of the archive, in lower-case hexadecimal."""


@dataclass(frozen=True)
class Index:
    """What the list offers."""

    url: str
    offers: Sequence[Offer]
    """English first, then by language and size."""

    fixed: frozenset[str]
    """Names of models that would be of no use here, as they take no grammar."""

    def find(self, name: str) -> Offer:
        """Raises UsageError, with a similar name where there is one."""
        for offer in self.offers:
            if offer.name == name:
                return offer
        if name in self.fixed:
            raise UsageError(
                f"{name} cannot listen for given phrases, as its graph is fixed; choose one that "
                f"`voice-coach model list --online` shows."
            )
        hint = nearest(name, [offer.name for offer in self.offers])
        raise UsageError(
            f'There is no model "{name}" to install{hint or "."} '
            f"`voice-coach model list --online` shows those there are."
        )


class _Row(msgspec.Struct):
    """A row of the list; whatever else it says is of no interest."""

    name: str
    url: str
    size: int
    md5: str
    type: str
    lang: str = ""
    lang_text: str = ""
    obsolete: str | bool = False


def fetch_index(url: str | None = None) -> Index:
    """The list at ``url``, or the official one. Raises UsageError and StoreError."""
    url = check_address(url or OFFICIAL_INDEX)
    data = b""
    try:
        with ask(url, asked_by=url) as answer:
            for chunk in answer.chunks():
                data += chunk
                if len(data) > MAX_INDEX_SIZE:
                    raise StoreError(f"{url} is too long for a list of models; check the address.")
    except ConnectionLost as error:
        raise StoreError(f"The list {url} broke off ({error}); try again.") from error
    return parse_index(data, url)


def parse_index(data: bytes, url: str) -> Index:
    """The list in ``data``, fetched from ``url``. Raises StoreError when it is none.

    A row that lacks something is left out: others can still be installed.
    """
    try:
        raw_rows = msgspec.json.decode(data, type=list[msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise StoreError(f"{url} is not a list of models ({error}); check the address.") from error
    rows = [row for row in map(_row, raw_rows) if row is not None]
    offers = [_offer(row, url) for row in rows if row.type in _USE and _sound(row)]
    offers.sort(key=lambda o: ("English" not in o.language, o.language, o.size, o.name))
    if not offers:
        raise StoreError(f"{url} lists no model that can be installed; check the address.")
    return Index(url, tuple(offers), frozenset(row.name for row in rows if row.type == _FIXED))


def _row(raw: msgspec.Raw) -> _Row | None:
    try:
        # Not strict: a number may be written as a text.
        return msgspec.json.decode(raw, type=_Row, strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _sound(row: _Row) -> bool:
    """Whether everything is there that an installation relies on."""
    obsolete = str(row.obsolete).lower() == "true"
    return (
        not obsolete
        and is_name(row.name)
        and 0 < row.size <= MAX_ARCHIVE_SIZE
        and _MD5.fullmatch(row.md5.lower()) is not None
    )


def _offer(row: _Row, url: str) -> Offer:
    language = "".join(c for c in row.lang_text or row.lang if c.isprintable())
    return Offer(row.name, language, _USE[row.type], join(url, row.url), row.size, row.md5.lower())
