"""pyttsx3 as a renderer: one child process a sentence, its sound checked before it is believed."""

from __future__ import annotations

import functools
import os
import sys
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn, TypeVar

from voice_coach.audio.port import Samples
from voice_coach.errors import VoiceError
from voice_coach.speaking import render_child
from voice_coach.speaking.child import ChildFailure, ChildRunner
from voice_coach.speaking.loudness import to_clip
from voice_coach.speaking.port import VoiceSettings, VoiceUnavailable
from voice_coach.speaking.scratch import scratch_file
from voice_coach.speaking.waveform import decode

DEFAULT_VOICES: Final = (
    "en-us+benjamin",
    "com.apple.voice.compact.en-US.Samantha",
    "Microsoft Zira",
    "en-gb",
)
"""The coach's voice: the first of these that exists, then any English one.

Chosen by how well it is understood: of 15 sentences a general English recogniser (pocketsphinx)
got 46 % of the words of this voice wrong, 74 % of plain en-us, 84 % of en-gb; two dozen others lay
between 48 % and 95 %. It uses Klatt synthesis, with softened consonants, and speaks at 95 Hz at
the default pitch. Where the variant is missing espeak-ng takes plain en-us.
"""

RENDER_TIMEOUT: Final = 8.0
"""Seconds; a sentence takes a twentieth of one."""

_ATTEMPTS: Final = 2
_BACKGROUND_NICE: Final = 10

_INSTALL_ENGINE: Final = {
    "linux": "install it with 'sudo apt-get install espeak-ng'",
    "darwin": "install it with 'python -m pip install pyobjc' or 'brew install espeak-ng'",
    "win32": "add an English voice in the Windows settings under Time & language, Speech",
}

_DEAF: Final = {"PULSE_SERVER": "unix:/nowhere", "PIPEWIRE_REMOTE": "nowhere"}
"""The engine opens a sound server although it only writes a file, and hangs with one that hangs."""

T = TypeVar("T")


@dataclass(frozen=True)
class VoiceInfo:
    """A voice that the engine names. That it is named does not mean that its data is there."""

    id: str
    name: str
    language: str
    """Lower-case language tag, e.g. ``en-us``; may be empty."""


class Pyttsx3Renderer:
    """Renders with whatever engine pyttsx3 finds. Safe to call from several threads."""

    def __init__(
        self,
        *,
        command: Sequence[str] | None = None,
        timeout: float = RENDER_TIMEOUT,
        env: Mapping[str, str] | None = None,
    ) -> None:
        """``command`` starts the child, ``timeout`` is its time in seconds, ``env`` its world."""
        script = (sys.executable, "-X", "utf8", str(Path(render_child.__file__).resolve()))
        self._children = ChildRunner(command or script, timeout, {**(env or os.environ), **_DEAF})
        self._version_lock = threading.Lock()

    @property
    def version(self) -> str:
        """Package, driver and engine version. Asked once (one child), then remembered.

        Raises VoiceUnavailable when there is no engine, VoiceError when it does not answer.
        """
        with self._version_lock:
            return self._version

    @functools.cached_property
    def _version(self) -> str:
        return str(self._twice(functools.partial(self._ask, {"mode": "version"}))["version"])

    def voices(self) -> tuple[VoiceInfo, ...]:
        """Every voice the engine names. Raises VoiceError."""
        answer = self._twice(functools.partial(self._ask, {"mode": "voices"}))
        return tuple(VoiceInfo(**voice) for voice in answer["voices"])

    def render(self, text: str, settings: VoiceSettings, *, background: bool = False) -> Samples:
        """The sentence as a clip, see ``Renderer.render``. Tries twice before it gives up."""
        words = " ".join(text.split())
        if not words:
            raise VoiceError("There is nothing to say: give at least one word.")
        request = {
            "mode": "render",
            "text": words,
            "voice": settings.voice,
            "defaults": DEFAULT_VOICES,
            "rate": settings.rate,
            "pitch": settings.pitch,
            "nice": _BACKGROUND_NICE if background else 0,
        }
        return self._twice(functools.partial(self._render_once, request))

    def close(self) -> None:
        """End every rendering at once; later calls raise VoiceUnavailable."""
        self._children.close()

    def _twice(self, attempt: Callable[[], T]) -> T:
        """An engine that fails once often succeeds at once afterwards; one that is absent never."""
        for _ in range(_ATTEMPTS - 1):
            try:
                return attempt()
            except VoiceUnavailable:
                raise
            except VoiceError:
                if self._children.closed:
                    break
        return attempt()

    def _render_once(self, request: Mapping[str, Any]) -> Samples:
        try:
            with scratch_file() as scratch:
                self._ask({**request, "path": scratch.path}, scratch.inherited)
                data = scratch.read()
        except OSError as error:
            raise VoiceError(
                f"There is no room for a new sentence ({error.strerror}): free some memory or space"
                " in the temporary folder."
            ) from error
        if not data:
            raise VoiceError(_faulty("wrote no sound"))
        try:
            return to_clip(decode(data))
        except ValueError as error:
            raise VoiceError(_faulty(f"rendered {error}")) from error

    def _ask(self, request: Mapping[str, Any], inherited: Iterable[int] = ()) -> dict[str, Any]:
        if self._children.closed:
            raise VoiceUnavailable("The voice is closed: start the coach again to hear it.")
        try:
            answer = self._children.ask(request, inherited)
        except ChildFailure as failure:
            raise VoiceError(_faulty(str(failure))) from failure
        if "error" in answer:
            _refuse(answer)
        return answer


def _faulty(what: str) -> str:
    return (
        f"The voice engine {what}: try another voice with --voice, or reinstall the engine"
        f" ({_install_engine()})."
    )


def _install_engine() -> str:
    return _INSTALL_ENGINE.get(sys.platform, "install espeak-ng")


def _refuse(answer: Mapping[str, Any]) -> NoReturn:
    """Raise what the child's refusal means to a person."""
    kind, detail = answer["error"], answer["detail"]
    if kind == render_child.ERROR_PACKAGE:
        raise VoiceUnavailable(
            "pyttsx3 is not installed: install it with 'python -m pip install pyttsx3'."
        )
    if kind == render_child.ERROR_ENGINE:
        raise VoiceUnavailable(f"There is no voice engine: {_install_engine()}.")
    if kind == render_child.ERROR_VOICE:
        some = ", ".join(answer["voices"])
        raise VoiceUnavailable(
            f"The voice '{detail}' is not installed: choose another with --voice"
            + (f", for example one of {some}." if some else ".")
        )
    raise VoiceError(_faulty(f"failed ({detail})"))
