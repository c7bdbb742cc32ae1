"""Hours of waiting for a call, in virtual time: what they cost, and whether memory stays flat.

    .venv/bin/python -m scripts.bench.soak --hours 8 --json out.json --png scripts/bench/soak.png
    .venv/bin/python -m scripts.bench.soak --live 30 --room snoring     # real time, virtual card

The real ear and the real loop listen to made rooms in which nobody calls: a quiet bedroom, rain on
the window with a clock, and somebody who snores without a pause. Processor time is that of this
process for an hour of sound, without the sound card's own (some 15 s an hour at 30 ms blocks);
memory is the resident set, looked at every five minutes of sound. Every wake and every question
counts as false. The rooms are synthetic: for how standby takes recorded ones, see
scripts/bench/wakes.py. With ``--live`` the real command waits in real time on a virtual sound card
into which the room is played, and is looked at from outside: its processor time holds the sound
card's too. ``--from`` draws the picture of earlier results again.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import sys
import threading
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from tests.live.program import Program
from tests.virtual_card import VirtualCard
from voice_coach.audio.mixer import Mixer
from voice_coach.audio.port import BLOCK, RATE, Block, Samples, Source
from voice_coach.commands import setup
from voice_coach.commands.setup import Choices
from voice_coach.content.standby import load_standby
from voice_coach.eventlog import EventLog, Record
from voice_coach.listening.listener import Listener
from voice_coach.session import ASK, Session
from voice_coach.speaking.cache import CACHE_VARIABLE, ClipCache, default_folder

LOOK: Final = 300.0
"""Seconds of sound between two looks at memory and processor."""

LIVE_LOOK: Final = 15.0
"""The same in real time."""

ROOM_LATENCY: Final = 500
"""Milliseconds that the player of a room may be late: else the sound server hurries for its sake,
and the coach is charged for pieces of 5 ms that no microphone would bring."""

_LOOP: Final = 36 * RATE
_BREATH: Final = 4.0


class LoopPort:
    """A microphone in a room: half a minute of sound, over and over, a little differently."""

    def __init__(self, room: Samples, seed: int) -> None:
        self._room = room
        self._draw = np.random.default_rng(seed)
        self._blocks = 0
        self._gain = 1.0
        self._source: Source | None = None

    def start(self, source: Source) -> None:
        self._source = source

    def now(self) -> float:
        return self._blocks * BLOCK / RATE

    def read(self, timeout: float) -> Block | None:  # noqa: ARG002 - virtual time never waits
        assert self._source is not None
        played = self._source.next_block(self.now())
        at = self._blocks * BLOCK % len(self._room)
        if at == 0:
            self._gain = float(self._draw.uniform(0.6, 1.0))
        samples = (self._room[at : at + BLOCK] * self._gain).astype(np.int16)
        self._blocks += 1
        return Block(samples, self.now(), played)

    def close(self) -> None:
        self._source = None


@dataclass
class Soak:
    """One room."""

    room: str
    hours: float
    wakes: int = 0
    cpu: list[float] = field(default_factory=list)
    """Seconds of processor for an hour of sound, look by look."""
    memory: list[float] = field(default_factory=list)
    """MB resident, look by look."""
    look: float = LOOK
    """Seconds between two looks."""

    def summary(self) -> dict[str, Any]:
        """The figures in a line; the first look still loads and fills what is filled once."""
        settled = self.memory[1:] or self.memory
        cpu = self.cpu[1:] or self.cpu
        return {
            "room": self.room,
            "hours": self.hours,
            "wakes": self.wakes,
            "cpu, % of a core": round(100 * float(np.mean(cpu)) / 3600, 3),
            "memory, MB": round(settled[-1], 1),
            "growth, MB": round(settled[-1] - settled[0], 1),
        }


def rooms(seed: int = 1) -> dict[str, Samples]:
    """The rooms by name, int16, shape (n,) of whole blocks."""
    draw = np.random.default_rng(seed)
    pink = _pink(draw)
    t = np.arange(_LOOP) / RATE
    clock = np.zeros(_LOOP)
    clock[::RATE] = 0.02
    rain = pink * 0.01 + draw.standard_normal(_LOOP) * 0.004
    breath = np.clip(np.sin(2 * np.pi * t / _BREATH), 0, None) ** 0.5
    buzz = np.sign(np.sin(2 * np.pi * 70 * t)) * 0.3 + draw.standard_normal(_LOOP)
    snore = breath * np.convolve(buzz, np.ones(12) / 12, "same") * 0.06
    return {
        "quiet": _samples(pink * 0.0006),
        "rain and a clock": _samples(rain + clock),
        "snoring": _samples(snore + pink * 0.0006),
    }


def _pink(draw: np.random.Generator) -> Any:
    spectrum = np.fft.rfft(draw.standard_normal(_LOOP))
    spectrum /= np.sqrt(np.maximum(1, np.arange(len(spectrum))))
    sound = np.fft.irfft(spectrum, _LOOP)
    return sound / np.std(sound)


def _samples(sound: Any) -> Samples:
    samples: Samples = np.clip(sound * 32767, -32768, 32767).astype(np.int16)
    return samples


def soak(name: str, room: Samples, hours: float, choices: Choices) -> Soak:
    """Wait in a room for so many hours of sound."""
    dialogue = setup.dialogue(choices)
    found = Soak(name, hours)
    port, mixer, log = LoopPort(room, seed=1), Mixer(), EventLog()
    asked: list[Record] = []
    log.watch(lambda record: asked.append(record) if record.get("prompt") == ASK else None)
    with ExitStack() as stack:
        voice = stack.enter_context(setup.voice(choices))
        ear = setup.recogniser(choices, dialogue.protocol)
        port.start(mixer)
        session = Session(port, mixer, voice, Listener(ear), dialogue, log, virtual=True)
        while port.now() < hours * 3600:
            before, at = time.process_time(), port.now()
            until = min(at + LOOK, hours * 3600)
            while port.now() < until:
                found.wakes += session.wait_for_call(until - port.now()) is not None
            spent = time.process_time() - before
            found.cpu.append(spent / (port.now() - at) * 3600)
            found.memory.append(_resident(os.getpid()))
    found.wakes += sum(record["type"] == "say" for record in asked)
    return found


def live(name: str, room: Samples, minutes: float, choices: Choices) -> Soak:
    """The real command in real time, on a virtual card into which the room is played."""
    found = Soak(f"{name}, live", minutes / 60, look=LIVE_LOOK)
    cache = ClipCache()
    with setup.voice(choices, cache) as voice:  # what rendering takes is no part of waiting
        for text in (*setup.fixed_sentences(setup.dialogue(choices)), load_standby().ask):
            voice.clip(text)
    with ExitStack() as stack:
        card = stack.enter_context(VirtualCard())
        environment = {**card.environment, CACHE_VARIABLE: str(default_folder())}
        program = stack.enter_context(Program("standby", "--region", "GB", environment=environment))
        program.wait_for_output("Listening")
        end = time.monotonic() + 60 * minutes
        whole = np.resize(room, round((60 * minutes + 60) * RATE))
        player = card.speak(whole, wait=False, latency=ROOM_LATENCY)
        spent, at = _processor(program.pid), time.monotonic()
        while time.monotonic() < end:
            threading.Event().wait(min(LIVE_LOOK, max(0.1, end - time.monotonic())))
            used, now = _processor(program.pid), time.monotonic()
            found.cpu.append((used - spent) / (now - at) * 3600)
            found.memory.append(_resident(program.pid))
            spent, at = used, now
        found.wakes = sum(record["type"] in ("say", "state") for record in program.records)
        player.kill()
        player.wait()
        program.interrupt()
    return found


def _processor(pid: int) -> float:
    """Seconds of processor time that a process has taken. Linux only."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _resident(pid: int) -> float:
    """MB of a process in memory. Linux only."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 1e6


def draw(soaks: list[Soak], path: Path) -> None:
    """Memory and processor over the hours, a line a room."""
    import matplotlib as mpl  # noqa: PLC0415 - only for who wants a picture

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    figure, (upper, lower) = plt.subplots(2, 1, figsize=(9, 6), sharex=True, layout="constrained")
    for one in soaks:
        hours = np.arange(1, len(one.cpu) + 1) * one.look / 3600
        upper.plot(hours, one.memory, label=one.room)
        lower.plot(hours, [100 * seconds / 3600 for seconds in one.cpu], label=one.room)
    upper.set(title="Waiting for a call", ylabel="resident memory, MB")
    lower.set(xlabel="hours of sound", ylabel="processor, % of one core")
    for axes in (upper, lower):
        axes.set_ylim(0, 1.15 * axes.dataLim.y1)
    upper.legend()
    figure.savefig(path, dpi=90)
    plt.close(figure)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--hours", type=float, default=8.0, help="of sound, in each room")
    parser.add_argument("--live", type=float, metavar="MINUTES", help="in real time instead")
    parser.add_argument("--from", type=Path, dest="earlier", metavar="JSON", help="only draw it")
    parser.add_argument("--room", action="append", choices=sorted(rooms()), help="only these")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--png", type=Path)
    args = parser.parse_args()
    if args.earlier:
        soaks = [Soak(**one) for one in json.loads(args.earlier.read_text(encoding="utf-8"))]
        draw(soaks, args.png)
        return 0
    made = rooms()
    ctypes.CDLL(None).malloc_trim(0)  # what making the rooms took is no part of the coach
    soaks, choices = [], Choices(region="GB")
    for name in args.room or made:
        if args.live:
            soaks.append(live(name, made[name], args.live, choices))
        else:
            soaks.append(soak(name, made[name], args.hours, choices))
        print(json.dumps(soaks[-1].summary()), flush=True)
    if args.json:
        args.json.write_text(json.dumps([asdict(one) for one in soaks]) + "\n", encoding="utf-8")
    if args.png:
        draw(soaks, args.png)
    return 0


if __name__ == "__main__":
    sys.exit(main())
