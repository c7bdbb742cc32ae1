"""The one-shot child that makes one sentence with pyttsx3 and leaves.

pyttsx3 keeps state between sentences that it does not manage well: a second sentence may ignore
the rate, lose its file or never return. A process that renders once and ends has no second
sentence, and its parent can kill it when the engine hangs.

Run as a script, with a request on standard input and one JSON object as the answer on standard
output. It imports the standard library and pyttsx3 only: it starts once for every new sentence.

Requests, by ``mode``:

- ``version``: ``{"version": str}``
- ``voices``: ``{"voices": [{"id", "name", "language"}, ...]}``
- ``render`` with ``text``, ``voice``, ``defaults``, ``rate``, ``pitch``, ``path``, ``limit``,
  ``nice``: ``{"voice": str}``, the id that was used; the sound is in ``path``.

A request that cannot be met is answered ``{"error": KIND, "detail": str, "voices": [id, ...]}``;
the kinds are the ``ERROR_*`` constants.
"""

from __future__ import annotations

import json
import os
import sys

if sys.path and os.path.realpath(sys.path[0]) == os.path.dirname(os.path.realpath(__file__)):
    # A script's own folder comes first on the path: its modules must not shadow anybody's.
    del sys.path[0]

import signal
import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

ERROR_PACKAGE: Final = "package"
"""pyttsx3 is not installed."""
ERROR_ENGINE: Final = "engine"
"""pyttsx3 is there, the speech engine of this platform is not."""
ERROR_VOICE: Final = "voice"
"""There is no such voice, or its data is not installed."""
ERROR_RENDER: Final = "render"
"""The engine failed while it rendered."""


class Refusal(Exception):
    """A request that cannot be met."""

    def __init__(self, kind: str, detail: str, voices: Iterable[str] = ()) -> None:
        super().__init__(detail)
        self.answer = {"error": kind, "detail": detail, "voices": list(voices)}


def open_engine() -> Any:
    """The platform's pyttsx3 engine. Raises Refusal."""
    try:
        import pyttsx3  # noqa: PLC0415 - its absence is an answer, not a crash
    except ImportError as error:
        raise Refusal(ERROR_PACKAGE, str(error)) from error
    try:
        return pyttsx3.init()
    except Exception as error:  # each platform's driver fails in its own way
        raise Refusal(ERROR_ENGINE, f"{type(error).__name__}: {error}") from error


def describe_version(engine: Any) -> str:
    """Package, driver and engine version in one line, e.g. ``pyttsx3 2.99 espeak 1.51``."""
    import platform  # noqa: PLC0415 - only this request needs it
    from importlib import metadata  # noqa: PLC0415

    driver = str(engine)
    if driver == "espeak":
        from pyttsx3.drivers import _espeak  # noqa: PLC0415

        build = _espeak.Info(None).decode("utf-8", "replace").split()[0]
    else:
        build = f"{platform.system()} {platform.release()}"
    return f"pyttsx3 {metadata.version('pyttsx3')} {driver} {build}"


def list_voices(engine: Any) -> list[dict[str, str]]:
    """Every voice the engine names, those that need a second engine (mbrola) last."""
    found = [
        {
            "id": str(voice.id),
            "name": str(voice.name),
            "language": str((voice.languages or [""])[0]).lower().replace("_", "-"),
        }
        for voice in engine.getProperty("voices")
    ]
    return sorted(found, key=lambda voice: voice["id"].startswith("mb/"))


def find_voice(voices: Sequence[Mapping[str, str]], wanted: str) -> str | None:
    """The id of the voice that is meant, or None.

    In this order: the id, the last part of an id, a language, a part of a name. A variant behind
    a plus sign (``en-us+f3``) stays as it is; whether it exists only the engine knows.
    """
    base, plus, variant = wanted.strip().partition("+")
    base = base.lower()
    if not base:
        return None
    matches = (
        lambda voice: voice["id"].lower() == base,
        lambda voice: voice["id"].lower().rsplit("/", 1)[-1] == base,
        lambda voice: voice["language"] == base,
        lambda voice: base in voice["name"].lower(),
    )
    for match in matches:
        for voice in voices:
            if match(voice):
                return voice["id"] + plus + variant
    return None


def choose_voice(
    voices: Sequence[Mapping[str, str]], wanted: str, defaults: Sequence[str]
) -> str | None:
    """The id to use for ``wanted``; for "" the first default there is, then any English voice."""
    if wanted:
        return find_voice(voices, wanted)
    for name in defaults:
        found = find_voice(voices, name)
        if found:
            return found
    english = (voice["id"] for voice in voices if voice["language"].startswith("en"))
    return next(english, None)


def english_first(voices: Sequence[Mapping[str, str]]) -> list[str]:
    """A few ids to name in a message, English ones first."""
    ranked = sorted(
        voices, key=lambda voice: (not voice["language"].startswith("en"), len(voice["id"]))
    )
    return [voice["id"] for voice in ranked[:6]]


class Rendering:
    """One sentence on its way to a file: the engine reports from its own thread."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine
        self._over = threading.Event()
        self._problems: list[str] = []
        engine.connect("finished-utterance", lambda **_: self._over.set())
        engine.connect("error", lambda exception=None, **_: self._fail(str(exception)))
        # What goes wrong in the engine's callback (a full disk) would only be printed.
        sys.unraisablehook = lambda args: self._fail(str(args.exc_value))

    def _fail(self, problem: str) -> None:
        self._problems.append(problem)
        self._over.set()

    def run(self, request: Mapping[str, Any], voice: str) -> None:
        """Render to ``request["path"]``. Raises Refusal."""
        # The voice goes first: setting it resets the rate in some drivers.
        self._engine.setProperty("voice", voice)
        self._engine.setProperty("rate", int(request["rate"]))
        if str(self._engine) == "espeak":
            self._engine.setProperty("pitch", int(request["pitch"]))
            self._engine.connect("started-utterance", lambda **_: _settle(request))
        self._engine.save_to_file(str(request["text"]), str(request["path"]))
        self._engine.runAndWait()
        if str(self._engine) == "espeak":
            # A long text is still being made when runAndWait returns. Other drivers report
            # nothing when they save a file, and are done by now.
            self._over.wait(float(request["limit"]))
        if self._problems:
            raise Refusal(ERROR_RENDER, "; ".join(self._problems))


def _settle(request: Mapping[str, Any]) -> None:
    """Give espeak its settings once more, when it has taken in all that came before.

    It takes them in a thread of its own, while the voice is set from this one: on a busy machine
    one sentence in thirty was spoken at the rate that pyttsx3 begins with.
    """
    from pyttsx3.drivers import _espeak  # noqa: PLC0415 - there only where espeak is

    _espeak.Synchronize()
    _espeak.SetParameter(_espeak.RATE, int(request["rate"]), 0)
    _espeak.SetParameter(_espeak.PITCH, int(request["pitch"]), 0)
    _espeak.Synchronize()


def render(engine: Any, request: Mapping[str, Any]) -> dict[str, Any]:
    """Render one sentence. Raises Refusal."""
    voices = list_voices(engine)
    wanted = str(request["voice"])
    voice = choose_voice(voices, wanted, request["defaults"])
    unknown = Refusal(ERROR_VOICE, wanted or "English", english_first(voices))
    if voice is None:
        raise unknown
    try:
        Rendering(engine).run(request, voice)
    except Refusal as refusal:
        if "SetVoice" in str(refusal):
            raise unknown from refusal
        raise
    used = str(engine.getProperty("voice"))
    # An engine that does not know a voice, or a voice's variant, keeps to what it knows. That
    # will do where nothing was asked for, and for nothing else.
    if wanted and used.lower() != voice.lower():
        raise unknown
    return {"voice": used}


def answer(request: Mapping[str, Any]) -> dict[str, Any]:
    """What is to be written for this request."""
    try:
        engine = open_engine()
        if request["mode"] == "version":
            return {"version": describe_version(engine)}
        if request["mode"] == "voices":
            return {"voices": list_voices(engine)}
        return render(engine, request)
    except Refusal as refusal:
        return refusal.answer


def main() -> None:
    """Read the request, answer it, and leave without the engine's own clean-up."""
    request = json.load(sys.stdin)
    if hasattr(signal, "alarm"):
        # Should the parent be gone, nobody else ends a child whose engine hangs.
        signal.alarm(int(request["limit"]) + 2)
    if request.get("nice") and hasattr(os, "nice"):
        os.nice(int(request["nice"]))
    # pyttsx3 prints to standard output; the answer must be alone there.
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    json.dump(answer(request), channel)
    channel.flush()
    sys.stderr.flush()
    # The engine's own thread may abort the process in an ordinary exit.
    os._exit(0)


if __name__ == "__main__":
    main()
