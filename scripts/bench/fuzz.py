"""Garbage for every door of the program: does anything but a clear sentence come back?

Files are damaged, structures bent, sound and events made up, and command lines thrown together.
What may come back is a result or one of the program's own errors in one line; a traceback, a hang
or memory that grows without bound is a finding, printed with the number that makes it again. Each
target gets its share of the time. Exits with 1 when something was found.

    python -m scripts.bench.fuzz [--seconds 600] [--only TARGET ...] [--first SEED]
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import io
import json
import math
import os
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final
from unittest import mock

import numpy as np

from voice_coach import cli, settings
from voice_coach.audio import wav
from voice_coach.audio.port import BLOCK, RATE, Block, Samples
from voice_coach.content import default_protocol_path, load_protocol, toml
from voice_coach.content.loader import problems
from voice_coach.dialogue import saved
from voice_coach.dialogue.dialogue import Dialogue
from voice_coach.dialogue.events import Event, Heard, NotUnderstood, PromptEnded, TimerFired
from voice_coach.dialogue.protocol import Protocol
from voice_coach.dialogue.state import State
from voice_coach.diary import exchange
from voice_coach.errors import CoachError
from voice_coach.listening.fake import FakeRecogniser
from voice_coach.listening.listener import Listener
from voice_coach.listening.model import open_model
from voice_coach.listening.port import Recogniser
from voice_coach.listening.speech import open_detector
from voice_coach.listening.vosk_recogniser import VoskRecogniser
from voice_coach.rehearsal import scenario
from voice_coach.resume.journal import Journal
from voice_coach.session import grammar_for

BUSY: Final = 30.0
"""Seconds of processor time after which one try hangs."""

PATIENCE: Final = 600.0
"""Seconds of real time, on however busy a machine."""

MEMORY: Final = 400.0
"""MB by which the whole run may grow."""

_ODD: Final[tuple[Any, ...]] = (
    None, True, False, 0, -1, 1, 2**70, -(2**70), 0.0, -0.5, 1e-300, 1e300, math.inf, -math.inf,
    math.nan, "", " ", "x", "\0", "é" * 300, "{", "}", "{number", "{number!r:>9}", "{0}",
    "{x.y[0]}", "emergency", "stretch", "yes", [], [""], [[]], [0], ["palm", "palm"], {},
    {"to": "palm"}, {"": 0}, {"say": ["x"], "released": True},
)  # fmt: skip

_TOKENS: Final = (
    b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b'"', b"'", b'"""', b"[", b"]]", b"{", b"}", b"=",
    b"\n", b"\r", b"#", b",", b".", b"\\u0000", b"nan", b"inf", b"-1", b"1e999", b"9" * 5000,
    b"[" * 3000, b"{a=" * 2000, b"1979-05-27", b"true", b"x.y.z = 1\n", b"[steps.unload]\n",
    b"[[steps]]\n",
)  # fmt: skip

_NAMES: Final = (
    "now standby rehearse hear say talk protocol devices doctor model practice simulate service "
    "diary show check graph install list remove --mic --speaker --headset --events --voice --rate "
    "--volume --model --region --protocol --seed --snr --noise --echo --wav --json --state "
    "--phrases --jobs --audio --show --persona --keep --erase --all --online --version --help -- - "
    "0 -1 1 nan inf 1e9 99999999999999 / /dev/null /proc/self/mem yes|no a=b --= -h"
)
_WORDS: Final = (*_NAMES.split(), "", " ", "\x01", "é", "\udcff", "x" * 5000)


# -- damage ---------------------------------------------------------------------------------------


def mangled(data: bytes, chance: random.Random) -> bytes:
    """The same bytes, damaged in a few places."""
    for _ in range(chance.randint(1, 4)):
        at, to = sorted(chance.randrange(len(data) + 1) for _ in range(2))
        to = min(to, at + chance.choice((1, 4, 60, 5000)))
        noise = bytes(chance.randrange(256) for _ in range(chance.randint(1, 8)))
        data = chance.choice((
            data[:at] + noise + data[at + len(noise):],
            data[:at] + data[to:],
            data[:to] + data[at:to] + data[to:],
            data[:at] + chance.choice(_TOKENS) + data[at:],
            data[:at] + chance.choice(_TOKENS) + data[to:],
            data[:at],
        ))  # fmt: skip
    return data


def bent(data: Any, chance: random.Random) -> Any:
    """A copy of a structure with some of its nodes odd, gone, renamed or somewhere else."""
    data = copy.deepcopy(data)
    for _ in range(chance.randint(1, 4)):
        places = list(_places(data))
        where, key = chance.choice(places)
        other, name = chance.choice(places)
        kind = chance.randrange(4)
        if kind == 0 and isinstance(where, dict):
            where[chance.choice(("x", "", "to", key))] = where.pop(key)
        elif kind == 1:
            del where[key]
        elif kind == 2:
            where[key] = copy.deepcopy(other[name])
        else:
            where[key] = copy.deepcopy(chance.choice(_ODD))
        if not list(_places(data)):
            return data
    return data


def _places(data: Any) -> Iterator[tuple[Any, Any]]:
    keys = data.keys() if isinstance(data, dict) else range(len(data))
    for key in list(keys):
        yield data, key
        if isinstance(data[key], (dict, list)):
            yield from _places(data[key])


def sound(chance: random.Random, seconds: float) -> Samples:
    """Something that no room sounds like."""
    n = round(seconds * RATE)
    rng = np.random.default_rng(chance.randrange(2**32))
    kind = chance.randrange(8)
    t = np.arange(n)
    patterns: tuple[Callable[[], Any], ...] = (
        lambda: rng.integers(-32768, 32768, n),
        lambda: np.full(n, chance.choice((-32768, 32767, 12_000, 1))),
        lambda: np.where(t // chance.choice((1, 20, 300)) % 2, 32767, -32768),
        lambda: np.zeros(n),
        lambda: np.tile(np.array([0x7FC0, 0x0000, -64, 0x7F80]), n // 4 + 1)[:n],  # NaNs, as floats
        lambda: 32767 * np.sin(t**2 * chance.uniform(1e-7, 1e-4)),
        lambda: np.where(rng.random(n) < 0.001, 32767, 0),
        lambda: rng.integers(-32768, 32768, n) * (t // 4000 % 2),
    )
    return np.asarray(patterns[kind](), np.int16)


# -- targets --------------------------------------------------------------------------------------


@cache
def shipped() -> Protocol:
    return load_protocol()


@contextlib.contextmanager
def _refusals() -> Iterator[None]:
    """One of our own errors is a good answer, if it is one line."""
    try:
        yield
    except CoachError as error:
        text = str(error)
        assert text.strip(), "an error without a word"
        assert "\n" not in text, f"an error of several lines: {text!r}"


def content_text(chance: random.Random, folder: Path) -> None:
    """A content file, damaged."""
    path = folder / "content.toml"
    path.write_bytes(mangled(default_protocol_path().read_bytes(), chance))
    with _refusals():
        converse(Dialogue(load_protocol(path)), chance)


def content_shape(chance: random.Random, folder: Path) -> None:
    """A content file that is TOML, with the wrong things in it."""
    data = bent(toml.read(default_protocol_path()), chance)
    with _refusals():
        protocol = toml.convert(folder / "content.toml", data, Protocol)
        if not list(problems(protocol)):
            converse(Dialogue(protocol), chance)


def scenario_text(chance: random.Random, folder: Path) -> None:
    """A scenario file, damaged."""
    path = folder / "night.toml"
    one = chance.choice(scenario.names())
    path.write_bytes(mangled((scenario.FOLDER / f"{one}.toml").read_bytes(), chance))
    with _refusals():
        scenario.load(str(path), shipped())


def settings_file(chance: random.Random, folder: Path) -> None:
    """A settings file, damaged."""
    path = folder / "settings.toml"
    path.write_bytes(
        mangled(b'rate = 150\nvoice = "en-gb"\nregion = "GB"\nheadset = true\n', chance)
    )
    with _refusals():
        settings.from_file(path)


def wav_file(chance: random.Random, folder: Path) -> None:
    """A sound file, damaged, above all its header."""
    path = folder / "sound.wav"
    wav.save(path, sound(chance, chance.choice((0.001, 0.1, 1.0))))
    data = path.read_bytes()
    cut = chance.choice((44, 44, len(data)))
    path.write_bytes(mangled(data[:cut], chance) + data[cut:])
    with _refusals():
        samples = wav.load(path)
        assert samples.dtype == np.int16
        assert samples.nbytes < 64 * (len(data) + 20_000), "more sound than the file can hold"


def events(chance: random.Random, _: Path) -> None:
    """Things that cannot happen, at impossible times."""
    converse(Dialogue(shipped()), chance, wild=True)


def converse(dialogue: Dialogue, chance: random.Random, wild: bool = False) -> None:
    """A random conversation."""
    state, _ = dialogue.begin()
    timers = ("silence", "hold", "limit", "cap", "announce:120")
    now = 0.0
    for _ in range(chance.randint(1, 60)):
        now += chance.choice((0.0, 1.0, 5.0, 300.0))
        at = chance.choice((-1e9, 1e12, now)) if wild and chance.random() < 0.1 else now
        prompt = state.queue[0].prompt if state.queue and chance.random() < 0.8 else "no.such.0"
        intents = [*dialogue.protocol.intents, "silence", "", "no such"]
        event: Event = chance.choice((
            PromptEnded(at, prompt), PromptEnded(at, prompt), Heard(at, chance.choice(intents)),
            NotUnderstood(at), TimerFired(at, chance.choice(timers)),
        ))  # fmt: skip
        state, _ = dialogue.advance(state, event)


def saved_state(chance: random.Random, folder: Path) -> None:
    """What a crash has left behind, damaged: in a journal, and by itself."""
    state, _ = Dialogue(shipped()).begin()
    data = saved.encode(state)
    for damaged in (
        mangled(data, chance), json.dumps(bent(json.loads(data), chance)).encode(),
    ):  # fmt: skip
        with contextlib.suppress(ValueError):
            assert isinstance(saved.decode(damaged, shipped()), State)
        (folder / "session.json").write_bytes(damaged)
        Journal(shipped(), "x", folder).interrupted(600.0)


def diary_file(chance: random.Random, folder: Path) -> None:
    """A diary to be brought in, damaged."""
    path = folder / "diary"
    whole = chance.choice((
        b'{"format": 1, "episodes": []}', b"id,started,ended\r\n1,2020-01-01T03:00:00Z,\r\n",
    ))  # fmt: skip
    path.write_bytes(mangled(whole, chance))
    with _refusals():
        exchange.read(path)


def listening(chance: random.Random, _: Path) -> None:
    """Garbage for the ear, with a recogniser that costs nothing."""
    _hear(FakeRecogniser(), chance, chance.choice((1.0, 30.0, 300.0)))


@cache
def _ear() -> VoskRecogniser:
    return VoskRecogniser(open_model(), detector=open_detector())


def recognising(chance: random.Random, _: Path) -> None:
    """Garbage for the real ear: it may mishear, but nothing else."""
    _hear(_ear(), chance, chance.choice((0.5, 3.0, 12.0)))


def _hear(recogniser: Recogniser, chance: random.Random, seconds: float) -> None:
    steps = [name for name, step in shipped().steps.items() if step.kind != "route"]
    grammar, intents = grammar_for(Dialogue(shipped()), chance.choice(steps))
    listener = Listener(recogniser)
    listener.listen(grammar)
    samples = np.concatenate([sound(chance, seconds / 3) for _ in range(3)])
    for at in range(0, len(samples) - BLOCK, BLOCK):
        hearing = listener.process(Block(samples[at : at + BLOCK], (at + BLOCK) / RATE))
        if hearing is not None:
            recognition = hearing.recognition
            assert not recognition.accepted or recognition.text in intents
            assert 0.0 <= recognition.confidence <= 1.0 + 1e-6
    listener.flush(len(samples) / RATE)


def command_line(chance: random.Random, folder: Path) -> None:
    """Any arguments: understood, or refused with exit code 2. Nothing is run."""
    argv = [chance.choice(_WORDS) for _ in range(chance.randint(0, 7))]
    with mock.patch.object(cli, "_run", return_value=0):
        assert _called(argv, folder) in (0, 2), argv


def commands(chance: random.Random, folder: Path) -> None:
    """Commands that only read, on files and names that make no sense."""
    path = folder / chance.choice(("a.toml", "a.wav", "a b", "é"))
    whole = chance.choice((default_protocol_path().read_bytes(), b"RIFF\x24\0\0\0WAVEfmt ", b""))
    path.write_bytes(mangled(whole, chance))
    odd = chance.choice((str(path), str(folder), "", "nowhere", "\x01", "x" * 300))
    argv = chance.choice((
        ["protocol", "show", odd], ["protocol", "graph", odd], ["hear", odd, "--phrases", "yes|no"],
        ["hear", str(path), "--state", chance.choice(("wake", odd))],
        ["hear", str(path), "--phrases", odd], ["rehearse", odd],
        ["rehearse", "--list", "--protocol", odd],
        ["simulate", "1", "--persona", odd], ["model", "info", "--model", odd],
        ["model", "path", "--model", odd], ["now", "--mic", f"{odd}.wav", "--region", odd],
    ))  # fmt: skip
    code = _called(argv, folder)
    assert code in range(10), argv


def _called(argv: list[str], folder: Path) -> int:
    """The exit code. Whatever else comes out of it is raised."""
    out, err = io.StringIO(), io.StringIO()
    before = signal.getsignal(signal.SIGTERM)
    places = {
        name: str(folder)
        for name in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "TMPDIR")
    }
    try:
        with (
            mock.patch.dict(os.environ, {**places, "PULSE_SERVER": f"unix:{folder}/nowhere"}),
            contextlib.redirect_stdout(out), contextlib.redirect_stderr(err),
        ):  # fmt: skip
            code = cli.main(argv)
    except SystemExit as end:  # argparse
        code = int(end.code or 0)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert "Traceback" not in err.getvalue(), err.getvalue()
    assert code == 0 or err.getvalue().strip() or out.getvalue().strip(), f"{argv}: not a word"
    return code


Target = Callable[[random.Random, Path], None]

TARGETS: Final[dict[str, Target]] = {
    target.__name__: target
    for target in (
        content_text, content_shape, scenario_text, settings_file, wav_file, events, saved_state,
        diary_file, listening, recognising, command_line, commands,
    )
}  # fmt: skip


# -- running --------------------------------------------------------------------------------------


def attempt(name: str, seed: int) -> None:
    """One try. Raises whatever it finds, TimeoutError for a hang included."""

    def hangs(*_: object) -> None:
        raise TimeoutError(f"still not done after {BUSY:g} s of work or {PATIENCE:g} s of waiting")

    clocks = (
        (signal.ITIMER_PROF, signal.SIGPROF, BUSY), (signal.ITIMER_REAL, signal.SIGALRM, PATIENCE),
    )  # fmt: skip
    before = [signal.signal(number, hangs) for _, number, _ in clocks]
    for timer, _, seconds in clocks:
        signal.setitimer(timer, seconds)
    try:
        with tempfile.TemporaryDirectory() as folder:
            TARGETS[name](random.Random(f"{name}/{seed}"), Path(folder))
    finally:
        for (timer, number, _), handler in zip(clocks, before, strict=True):
            signal.setitimer(timer, 0.0)
            signal.signal(number, handler)


def memory() -> float:
    """The most this process has ever held, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--seconds", type=float, default=600.0, help="altogether (600)")
    parser.add_argument("--only", nargs="+", choices=TARGETS, default=list(TARGETS))
    parser.add_argument("--first", type=int, default=0, metavar="SEED", help="the first (0)")
    args = parser.parse_args()
    findings: list[str] = []
    at_first = memory()
    print("| target | tries | findings | memory, MB |\n|---|---|---|---|")
    for name in args.only:
        found, seed = 0, args.first
        until = time.monotonic() + args.seconds / len(args.only)
        while time.monotonic() < until:
            try:
                attempt(name, seed)
            except Exception:
                found += 1
                findings.append(f"{name}, seed {seed}:\n{traceback.format_exc(limit=-5)}")
            seed += 1
        print(f"| {name} | {seed - args.first} | {found} | {memory():.0f} |", flush=True)
    for finding in findings[:20]:
        print(f"\n{finding}")
    if memory() - at_first > MEMORY:
        findings.append("memory")
        print(f"\nMemory grew by {memory() - at_first:.0f} MB.")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
