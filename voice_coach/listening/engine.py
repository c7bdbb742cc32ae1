"""Vosk, imported without the half of it that the coach never uses.

It brings along libraries to download models and to write subtitles: 10 MB for as long as the coach
waits, and one of them opens a socket on its import, to see whether there is IPv6. Nothing would
leave the machine by it; but the coach promises that no network socket is ever opened, and a promise
that is kept nearly always cannot be tested. So Vosk finds nothing behind their names.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Any, Final

_UNUSED: Final = {
    "requests": (), "srt": (), "tqdm": ("tqdm",), "urllib.request": ("urlretrieve",)
}  # fmt: skip
"""What Vosk imports and the coach does not need, with the names it wants of each."""


def _import() -> Any:
    empty = {name: _nothing(name, wanted) for name, wanted in _UNUSED.items()}
    put = {name: module for name, module in empty.items() if name not in sys.modules}
    sys.modules.update(put)
    try:
        return import_module("vosk")
    finally:
        for name in put:  # whoever downloads a model gets the real ones
            del sys.modules[name]


def _nothing(name: str, wanted: tuple[str, ...]) -> ModuleType:
    module = ModuleType(name)
    for attribute in wanted:
        setattr(module, attribute, None)
    return module


vosk: Any = _import()
