"""A Vosk model folder for one grammar: the acoustic model shared, the graph its own.

libvosk reads everything while loading, so such a folder only has to live that long.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from voice_coach.errors import ModelError
from voice_coach.listening.graph import GrammarGraph

_NEVER: Final = 86_400
"""Seconds; longer than any utterance, so that the endpoint is ours alone to declare."""

_ENDPOINT_RULES: Final = "".join(
    [
        *(f"--endpoint.rule{n}.min-trailing-silence={_NEVER}\n" for n in (1, 2, 3, 4)),
        f"--endpoint.rule5.min-utterance-length={_NEVER}\n",
    ]
)


@contextmanager
def bundle() -> Iterator[Path]:
    """An empty temporary folder. Raises ModelError when there is no room for one."""
    try:
        folder = tempfile.TemporaryDirectory(prefix="voice-coach-", ignore_cleanup_errors=True)
    except OSError as error:
        raise ModelError(
            f"No temporary folder can be made for the grammar ({error}); "
            f"free some space or set TMPDIR."
        ) from error
    with folder as name:
        yield Path(name)


def write_bundle(folder: Path, model: Path, graph: GrammarGraph, settings: str = "") -> None:
    """Fill ``folder`` with links to ``model`` and the graph. Raises ModelError.

    ``settings`` are lines for Kaldi's decoder that override the model's own.
    """
    try:
        for part in ("am", "ivector"):
            if (model / part).is_dir():
                _share(model / part, folder / part)
        (folder / "conf").mkdir()
        for path in (model / "conf").iterdir():
            if path.name != "model.conf":
                shutil.copyfile(path, folder / "conf" / path.name)
        conf = (model / "conf" / "model.conf").read_text(encoding="utf-8")
        (folder / "conf" / "model.conf").write_text(_own_endpoint(conf) + settings, "utf-8")
        phones = folder / "graph" / "phones"
        phones.mkdir(parents=True)
        boundary = Path("graph", "phones", "word_boundary.int")
        shutil.copyfile(model / boundary, folder / boundary)
        (folder / "graph" / "words.txt").write_text(graph.words_text(), encoding="utf-8")
        (folder / "graph" / "HCLG.fst").write_bytes(graph.fst.to_bytes())
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(
            f"The grammar's files cannot be made from the model {model} ({error}); "
            f"restore the model folder, or free some space."
        ) from error


def _own_endpoint(conf: str) -> str:
    """The model's settings with its endpoint rules pushed out of reach."""
    lines = [line for line in conf.splitlines() if not line.startswith("--endpoint.rule")]
    return "\n".join(lines) + "\n" + _ENDPOINT_RULES


def _share(source: Path, target: Path) -> None:
    """A link to a folder, or a copy where links are not permitted."""
    try:
        os.symlink(source.resolve(), target, target_is_directory=True)
    except OSError:
        shutil.copytree(source, target)
