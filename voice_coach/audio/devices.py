"""Which sound devices there are. The one place that imports sounddevice, and does it with care.

sounddevice needs the PortAudio library, which its Linux wheels do not carry, and PortAudio and
ALSA chat on stderr about every device that they cannot open. Both are dealt with here.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final, Literal

from voice_coach.errors import AudioDeviceError

Kind = Literal["input", "output"]

INSTALL: Final = "apt-get install -y --no-install-recommends libportaudio2 libasound2-plugins"

_WORDS: Final = {"input": "microphone", "output": "speaker"}

_PATIENCE: Final = 5.0
"""Seconds that PortAudio may take to start."""

_stderr_lock = threading.Lock()
_starting: threading.Thread | None = None


class NoAnswer(AudioDeviceError):
    """The sound server is there, and hangs."""

    def __init__(self) -> None:
        super().__init__("The sound server does not answer: restart it.")


@dataclass(frozen=True)
class Device:
    """One device as PortAudio sees it."""

    number: int
    """What ``--mic`` and ``--speaker`` accept; may change when something is plugged in."""

    name: str
    host_api: str
    inputs: int
    """Microphone channels; 0 for a pure speaker."""

    outputs: int
    """Speaker channels; 0 for a pure microphone."""

    rate: float
    """The rate that the device prefers, in Hz."""

    default_input: bool
    default_output: bool

    def channels(self, kind: Kind) -> int:
        """Channels in that direction."""
        return self.inputs if kind == "input" else self.outputs

    def is_default(self, kind: Kind) -> bool:
        """Whether it is the one used when none is named."""
        return self.default_input if kind == "input" else self.default_output


def portaudio() -> Any:
    """The sounddevice module, imported at the first call.

    Raises AudioDeviceError with the remedy when sounddevice or the PortAudio library is missing,
    or when the sound server hangs.
    """
    if hangs():
        raise NoAnswer
    if "sounddevice" in sys.modules:
        return sys.modules["sounddevice"]
    try:
        return _start()
    except ImportError:
        raise AudioDeviceError(
            "The Python package sounddevice is missing: pip install sounddevice"
        ) from None
    except OSError:
        raise AudioDeviceError(
            f"The PortAudio library is missing, so there is no sound: {INSTALL}"
        ) from None
    except Exception as error:
        # sounddevice initialises PortAudio while it is imported, and a failure of that has a
        # class of its own that cannot be named before the import.
        if type(error).__name__ != "PortAudioError":
            raise
        raise AudioDeviceError(f"PortAudio does not start: {error}") from error


def _start() -> Any:
    """Import sounddevice, which starts PortAudio, which asks a sound server that may hang.

    Raises NoAnswer then, and whatever else the import raises.
    """
    global _starting  # noqa: PLW0603 - there is one PortAudio in a process, and so one start of it
    outcome: list[Any] = []

    def load() -> None:
        try:
            outcome.append(import_module("sounddevice"))
        except BaseException as error:  # carried over to the caller's thread
            outcome.append(error)

    _starting = threading.Thread(target=load, name="portaudio", daemon=True)
    with quiet():
        _starting.start()
        _starting.join(_PATIENCE)
    if not outcome:
        raise NoAnswer
    if isinstance(outcome[0], BaseException):
        raise outcome[0]
    return outcome[0]


def refresh() -> None:
    """Let PortAudio look again: its list is frozen when it starts. No stream may be open."""
    library = portaudio()
    with quiet():
        library._terminate()
        library._initialize()


def abandon() -> None:
    """Leave PortAudio as it is when the process ends: after a call that hung, tidying up would
    hang as well, and for ever."""
    atexit.unregister(portaudio()._exit_handler)


def hangs() -> bool:
    """Whether PortAudio never came back from its start: then an ordinary exit waits for it."""
    return _starting is not None and _starting.is_alive()


def devices() -> tuple[Device, ...]:
    """Every device, in PortAudio's order. Raises AudioDeviceError when PortAudio is missing."""
    library = portaudio()
    with quiet():
        apis = library.query_hostapis()
        found = library.query_devices()
        default_input, default_output = library.default.device
    # -1 stands for what PortAudio prefers: the default of the first host API that has one.
    if default_input < 0:
        default_input = _preferred(apis, "default_input_device")
    if default_output < 0:
        default_output = _preferred(apis, "default_output_device")
    return tuple(
        Device(
            number=number,
            name=str(entry["name"]),
            host_api=str(apis[entry["hostapi"]]["name"]),
            inputs=int(entry["max_input_channels"]),
            outputs=int(entry["max_output_channels"]),
            rate=float(entry["default_samplerate"]),
            default_input=number == default_input,
            default_output=number == default_output,
        )
        for number, entry in enumerate(found)
    )


def find(query: str | int | None, kind: Kind) -> Device:
    """The device meant by a number, by part of its name in any case, or by None: the default.

    An exact name wins over a part of one, and a default device over its namesakes. Raises
    AudioDeviceError when there is none, when it has no such channels, or when several fit.
    """
    able = [device for device in devices() if device.channels(kind) > 0]
    word = _WORDS[kind]
    if not able:
        raise AudioDeviceError(f"There is no {word} on this machine: connect one and try again.")
    if query is None or query == "":
        return next((device for device in able if device.is_default(kind)), able[0])
    fitting = _fitting(able, query)
    if len(fitting) == 1:
        return fitting[0]
    shown = ", ".join(f"{d.number} {d.name}" for d in fitting or able)
    if fitting:
        raise AudioDeviceError(f'"{query}" fits several {word}s: {shown}. Give the number.')
    raise AudioDeviceError(f'There is no {word} "{query}"; there is: {shown}.')


def find_again(device: Device, kind: Kind) -> Device:
    """The same device after ``refresh``, when its number may be another one.

    Raises AudioDeviceError when it is gone.
    """
    same = [
        other
        for other in devices()
        if (other.name, other.host_api) == (device.name, device.host_api) and other.channels(kind)
    ]
    if not same:
        raise AudioDeviceError(f'"{device.name}" is gone: plug it in again.')
    return min(same, key=lambda other: abs(other.number - device.number))


def has_microphone() -> bool:
    """Whether anything can be heard here at all: without PortAudio, nothing. Raises NoAnswer."""
    return _has("input")


def has_speaker() -> bool:
    """Whether anything can be played here at all: without PortAudio, nothing. Raises NoAnswer."""
    return _has("output")


def _preferred(apis: Sequence[Mapping[str, Any]], key: str) -> int:
    return next((int(api[key]) for api in apis if api[key] >= 0), -1)


def _has(kind: Kind) -> bool:
    try:
        return any(device.channels(kind) > 0 for device in devices())
    except NoAnswer:
        raise
    except AudioDeviceError:
        return False


def _fitting(able: list[Device], query: str | int) -> list[Device]:
    text = str(query).strip().lower()
    if text.isdigit():
        return [device for device in able if device.number == int(text)]
    exact = [device for device in able if device.name.lower() == text]
    return exact or [device for device in able if text in device.name.lower()]


@contextmanager
def quiet() -> Iterator[None]:
    """Send what C libraries print on stderr to nowhere, for the length of the block.

    File descriptor 2 belongs to the whole process, so this is for short calls only.
    """
    with _stderr_lock:
        sys.stderr.flush()
        try:
            kept = os.dup(2)
        except OSError:  # there is no stderr to silence
            kept = -1
        if kept >= 0:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 2)
            os.close(nowhere)
        try:
            yield
        finally:
            if kept >= 0:
                os.dup2(kept, 2)
                os.close(kept)
