"""A sound card made of software: a private PulseAudio with a speaker, a microphone and no wires.

    with VirtualCard() as card:
        card.speak(samples)                       # somebody speaks into the microphone
        with card.record() as heard: ...          # what comes out of the speaker
        heard.samples()

Two null sinks stand for the air: ``spk`` takes what is played, and what is played into
``micfeed`` arrives at the microphone ``mic``, over a tone too faint to hear. Nothing is shared with
a PulseAudio that may already run for this user: socket, home, cookie and state lie in a temporary
folder.
"""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Final

import numpy as np

from voice_coach.audio.port import RATE, Samples

_START_SECONDS: Final = 10.0
_HUSH: Final = RATE // 10
"""Zeros on either side of a spoken clip: without them PulseAudio cuts its edges."""

_PROGRAMS: Final = ("pulseaudio", "pactl", "paplay", "parec")
_SERVER: Final = "module-native-protocol-unix auth-anonymous=1 socket={socket}"
# Without norewinds the microphone arrives in lumps of two seconds.
_PLUGS: Final[dict[str, tuple[str, ...]]] = {
    "spk": ("module-null-sink sink_name=spk rate={rate} channels=1 norewinds=1",),
    "mic": (
        "module-null-sink sink_name=micfeed rate={rate} channels=1 norewinds=1",
        "module-remap-source source_name=mic master=micfeed.monitor",
    ),
}
_DEFAULTS: Final = {"spk": ("set-default-sink", "spk"), "mic": ("set-default-source", "mic")}
_TONE: Final = ("module-sine", "sink=micfeed", "frequency=5000")
_FAINT: Final = "4096"
"""The tone's volume, of 65,536, by PulseAudio's cubic scale: 72 dB below full scale. A microphone
that lives is never quite silent; one that brings nothing but zeros is muted."""


class VirtualCard:
    """A running virtual sound card. A context manager; leaves no process and no file behind."""

    def __init__(self) -> None:
        missing = [name for name in _PROGRAMS if shutil.which(name) is None]
        if missing:
            raise RuntimeError(
                f"{', '.join(missing)} not found: run scripts/test, or "
                "apt-get install -y --no-install-recommends pulseaudio pulseaudio-utils"
            )
        self._folder = Path(tempfile.mkdtemp(prefix="virtual-card-"))
        run = self._folder / "run"
        run.mkdir(mode=0o700)
        self._socket = run / "native"
        self.environment: dict[str, str] = {
            "HOME": str(self._folder),
            "XDG_RUNTIME_DIR": str(run),
            "XDG_CONFIG_HOME": str(self._folder / "config"),
            "PULSE_RUNTIME_PATH": str(run),
            "PULSE_STATE_PATH": str(self._folder / "state"),
            "PULSE_COOKIE": str(self._folder / "cookie"),
            "PULSE_SERVER": f"unix:{self._socket}",
        }
        """What a process needs in its environment to use this card."""
        self._daemon: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The sound server's process id."""
        assert self._daemon is not None, "the card is not running"
        return self._daemon.pid

    def start(self) -> None:
        """Start the sound server, or start it again after it has died. Waits until it answers."""
        if self._daemon is not None and self._daemon.poll() is None:
            raise RuntimeError("The virtual card is already running.")
        script = self._folder / "card.pa"
        modules = [_SERVER.format(socket=self._socket)]
        modules += [line.format(rate=48_000) for plug in _PLUGS.values() for line in plug]
        lines = [f"load-module {module}" for module in modules]
        lines += [" ".join(default) for default in _DEFAULTS.values()]
        script.write_text("\n".join(lines) + "\n", encoding="utf-8")
        log = self._folder / "pulseaudio.log"
        with log.open("ab") as stderr:
            self._daemon = subprocess.Popen(
                [
                    *("pulseaudio", "-n", "-F", str(script), "--daemonize=no"),
                    *("--use-pid-file=no", "--exit-idle-time=-1", "--disable-shm=yes"),
                ],
                env=self._whole_environment(),
                stdin=subprocess.DEVNULL,
                stdout=stderr,
                stderr=stderr,
            )
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers():
            if self._daemon.poll() is not None or time.monotonic() > deadline:
                said = log.read_text(encoding="utf-8", errors="replace").strip()
                self.stop()
                raise RuntimeError(f"PulseAudio did not start. It said: {said or 'nothing'}")
            threading.Event().wait(0.02)
        self._let_air_in()

    def stop(self) -> None:
        """Kill the sound server, if it still runs."""
        if self._daemon is None:
            return
        self._daemon.kill()
        self._daemon.wait(timeout=10)
        self._daemon = None
        self._socket.unlink(missing_ok=True)

    def close(self) -> None:
        """Stop, and remove every file."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def speak(
        self, samples: Samples, wait: bool = True, latency: int = 20
    ) -> subprocess.Popen[bytes]:
        """Play 16 kHz mono int16 samples, shape (n,), into the microphone, in real time.

        With ``wait`` it returns when the last sample has been heard; otherwise at once, with the
        process that is speaking. ``latency``, in milliseconds, becomes that of the microphone: with
        20 the server brings its sound in pieces of 5 ms, whatever its listeners ask for.
        """
        quiet = np.zeros(_HUSH, np.int16)
        clip = self._folder / f"speech-{time.monotonic_ns()}.raw"
        clip.write_bytes(np.concatenate([quiet, samples, quiet]).astype("<i2").tobytes())
        player = subprocess.Popen(
            [
                *("paplay", "--raw", f"--rate={RATE}", "--channels=1", "--format=s16le"),
                *(f"--latency-msec={latency}", "-d", "micfeed", str(clip)),
            ],
            env=self._whole_environment(),
        )
        if wait and player.wait(timeout=len(samples) / RATE + 30) != 0:
            raise RuntimeError("paplay could not play into the virtual microphone.")
        return player

    def record(self) -> Recording:
        """Record the speaker for as long as the returned context manager is open."""
        return Recording(self._whole_environment())

    def unplug(self, what: str) -> None:
        """Take the speaker ("spk") or the microphone ("mic") away."""
        self._unload(" ".join(_TONE))
        for plug in reversed(_PLUGS[what]):
            self._unload(plug.partition(" rate=")[0])
        if what == "spk":
            self._let_air_in()

    def plug(self, what: str, rate: int = 48_000) -> None:
        """Plug it in again, at a rate of its own, and make it the default."""
        self._unload(" ".join(_TONE))
        for module in _PLUGS[what]:
            self.control("load-module", *module.format(rate=rate).split())
        self.control(*_DEFAULTS[what])
        self._let_air_in()

    def _let_air_in(self) -> None:
        """Start the faint tone; it is spoilt whenever the default sink changes."""
        if "micfeed" not in self.control("list", "short", "sinks"):
            return
        self.control("set-source-mute", "mic", "1")  # it begins at full volume
        self.control("load-module", *_TONE)
        for line in self.control("list", "short", "sink-inputs").splitlines():
            if "module-sine.c" in line:
                self.control("set-sink-input-volume", line.split("\t")[0], _FAINT)
        self.control("set-source-mute", "mic", "0")

    def _unload(self, beginning: str) -> None:
        """Unload the modules whose names and arguments begin so."""
        for line in self.control("list", "short", "modules").splitlines():
            number, *module = line.split("\t")
            if " ".join(module).startswith(beginning):
                self.control("unload-module", number)

    def control(self, *command: str) -> str:
        """Run one ``pactl`` command and return what it prints. Raises CalledProcessError."""
        done = subprocess.run(
            ["pactl", *command],
            env=self._whole_environment(),
            capture_output=True,
            check=True,
            timeout=10,
            text=True,
        )
        return done.stdout.strip()

    def _answers(self) -> bool:
        if not self._socket.exists():
            return False
        try:
            return "mic" in self.control("get-default-source")
        except subprocess.CalledProcessError:
            return False

    def _whole_environment(self) -> dict[str, str]:
        return {**os.environ, **self.environment}

    def __enter__(self) -> VirtualCard:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class Recording:
    """What came out of the virtual speaker while this context manager was open."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment
        self._data = bytearray()
        self._arrived = threading.Condition()

    def __enter__(self) -> Recording:
        self._recorder = subprocess.Popen(
            [
                *("parec", "--raw", f"--rate={RATE}", "--channels=1", "--format=s16le"),
                *("--latency-msec=20", "-d", "spk.monitor"),
            ],
            env=self._environment,
            stdout=subprocess.PIPE,
        )
        assert self._recorder.stdout is not None
        self._reader = threading.Thread(target=self._collect, name="recording", daemon=True)
        ready, _, _ = select.select([self._recorder.stdout], [], [], _START_SECONDS)
        if not ready:
            self._recorder.kill()
            self._recorder.wait()
            raise RuntimeError("parec hears nothing from the virtual speaker.")
        self._reader.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._recorder.terminate()
        self._recorder.wait(timeout=10)
        self._reader.join(timeout=10)
        if self._recorder.stdout is not None:
            self._recorder.stdout.close()

    def samples(self) -> Samples:
        """Everything heard so far: 16 kHz mono int16, shape (n,)."""
        with self._arrived:
            whole = len(self._data) // 2 * 2
            return np.frombuffer(bytes(self._data[:whole]), "<i2").astype(np.int16)

    def wait_for(self, seconds: float, timeout: float = 30.0) -> Samples:
        """Wait until that much sound has been recorded. Raises TimeoutError."""
        wanted = int(seconds * RATE) * 2
        with self._arrived:
            if not self._arrived.wait_for(lambda: len(self._data) >= wanted, timeout):
                raise TimeoutError(f"The speaker gave less than {seconds} s of sound.")
        return self.samples()

    def _collect(self) -> None:
        assert self._recorder.stdout is not None
        while data := os.read(self._recorder.stdout.fileno(), 4096):
            with self._arrived:
                self._data += data
                self._arrived.notify_all()
