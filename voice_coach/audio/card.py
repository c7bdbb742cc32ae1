"""The sound card: one duplex stream, in real time; all night long only half of it.

One stream for both directions, so that microphone and speaker share a clock. PortAudio's callback
only copies the microphone out and mixes the next block in. While nothing is to be played the card
can rest: then there is a stream of the microphone alone, which brings its blocks several at a time.
From one to the other the two streams run side by side, and are joined where their sound is the
same, so that whoever speaks just then is heard without a gap.

Nothing that goes wrong with a sound server raises an exception by itself - callbacks just stop - so
the time of the last one is the sign of life, and every call that a hung server can block has a time
limit.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import Any, Final, Literal

import numpy as np

from voice_coach.audio import clock, devices
from voice_coach.audio.devices import Device
from voice_coach.audio.native import Microphone, Speaker
from voice_coach.audio.port import BLOCK, RATE, Block, Samples, Source
from voice_coach.audio.reference import Reference
from voice_coach.audio.seam import LOOK, seam
from voice_coach.audio.timeline import Timeline
from voice_coach.errors import AudioDeviceError

LATENCY: Final = BLOCK / RATE
"""Seconds asked for in each direction: one block. What a device calls its low latency may be less:
then PortAudio's own thread spins (40 % of a core over PulseAudio, measured; with this 3 %), and no
block comes any sooner."""

RESTING: Final = 8
"""Blocks that come at a time while the card rests: 240 ms. Percent of a core that empty callbacks
took over PulseAudio: both directions 0.87; the microphone alone 0.59 block by block, 0.33 two, 0.27
four, 0.22 eight and 0.17 sixteen at a time, which would be too slow for a call."""

STALL: Final = 0.5
"""Seconds without a callback after which a stream counts as dead."""

LONGEST_STALL: Final = 4.0
STEADY: Final = 10.0
"""A stream that stalls younger than this, in seconds, may only be slow to get going: the next one
is given twice the time, up to ``LONGEST_STALL``. Else a slow server would never get anywhere."""

GAP: Final = 1.0
"""Seconds between two callbacks after which a stream is opened anew, though it goes on: a machine
that slept, a server that was held up. A shorter one is only a busy machine."""

TRIES: Final = 4
"""Times a stream is opened before the card is given up: about 1 in 70 never calls back."""

QUEUE: Final = 200
"""Microphone blocks kept for a reader that is late: 6 s."""

FIRST_PAUSE: Final = 0.25
LAST_PAUSE: Final = 5.0
"""Seconds between attempts to reopen a card, doubling from the first to the last."""

JOINED: Final = 24
"""Blocks in which the seam of two streams must be found: then they are joined by the clock."""

_PATIENCE: Final = 3.0
"""Seconds that one call into PortAudio may take."""

_KINDS: Final[tuple[devices.Kind, devices.Kind]] = ("input", "output")

_TIMED_OUT: Final = -9987
_BAD_RATE: Final = -9997
_BAD_CHANNELS: Final = -9998
_OTHER_RATES: Final = (48_000, 44_100)


class CardPort:
    """A microphone and a speaker of this machine. Implements ``AudioPort``.

    ``input`` and ``output`` are a device's number, part of its name, or None for the default.
    ``rate`` forces the rate that the card runs at; None tries 16 kHz and then what it prefers.
    """

    def __init__(
        self,
        input: str | int | None = None,
        output: str | int | None = None,
        *,
        rate: int | None = None,
    ) -> None:
        self._wanted = (input, output)
        self._found: tuple[Device, Device] | None = None
        self._used: tuple[Device, Device] | None = None
        self._rate = rate
        self._source: Source | None = None
        self._lock = threading.Lock()
        """Held for moments, in callbacks too: which stream is heard, and what it brings."""
        self._stream: _Stream | None = None
        self._next: _Stream | None = None
        """One that is to take its place."""
        self._left: deque[_Stream] = deque()
        """Those whose place was taken, still to be closed."""
        self._calls = _Calls()
        self._blocks: queue.Queue[Block] = queue.Queue(QUEUE)
        self._zero: float | None = None
        self._stall = STALL
        self._pause = FIRST_PAUSE
        self._not_before = 0.0
        self._last = 0.0
        """Port clock, seconds: the end of the newest block."""
        self._tail: deque[Samples] = deque(maxlen=LOOK // BLOCK)
        self._rests = False
        self._restless = False
        self.dropped = 0
        """Microphone blocks thrown away because nobody read them in time."""

    def start(self, source: Source) -> None:
        """Open the card and start its clock.

        Raises AudioDeviceError: no PortAudio, no such device, busy, or it never calls back.
        """
        self.close()
        self._source = source
        self._zero = clock.seconds()
        self._rests = self._restless = False
        self._last = 0.0
        self._tail.clear()
        try:
            microphone, speaker = self._wanted
            self._found = devices.find(microphone, "input"), devices.find(speaker, "output")
            self._open(*self._found)
        except BaseException:
            self._source = None
            raise

    def now(self) -> float:
        """Seconds since ``start``; 0 before it. Real time, also while the card is broken."""
        return 0.0 if self._zero is None else clock.seconds() - self._zero

    def read(self, timeout: float) -> Block | None:
        """The next microphone block, or None after ``timeout`` seconds without one.

        Whatever the source raised in the callback is raised here.
        """
        if self._left and self._calls.leave(self._left[0].close):
            self._left.popleft()
        try:
            return self._blocks.get(timeout=timeout)
        except queue.Empty:
            for stream in (self._stream, self._next):
                if stream is not None and stream.failure is not None:
                    raise stream.failure from None
            return None

    def close(self) -> None:
        """Stop and release the card. May be called twice; waits 3 s for a hung server."""
        self._release()
        self._source = None
        self._blocks = queue.Queue(QUEUE)

    @property
    def devices(self) -> tuple[Device, Device] | None:
        """The microphone and the speaker in use, or to be used after a rest; None while none is
        open."""
        return None if self._stream is None else self._used

    @property
    def rate(self) -> int | None:
        """The rate the card runs at, in Hz; None while none is open."""
        return None if self._stream is None else self._stream.rate

    @property
    def latency(self) -> float:
        """Seconds from handing a sample out until it is audible, as last measured."""
        return 0.0 if self._stream is None else self._stream.ahead

    def healthy(self) -> bool:
        """Whether the card is open and has asked for sound within the last half second."""
        stream, coming = self._stream, self._next
        return stream is not None and stream.alive() and (coming is None or coming.alive())

    def rest(self) -> None:
        """Listen on with less: see ``Resting``. A device that takes one stream only stays as it
        is: it could not be roused without a gap."""
        if self._rests or self._restless or self._next is not None or not self.healthy():
            return
        self._rests = True
        if not self._beside():
            self._rests, self._restless = False, True

    def rouse(self) -> None:
        """Listen and play: see ``Resting``."""
        if not self._rests:
            return
        self._rests = False
        if self._stream is None or self._beside():
            return
        self._release()
        with suppress(AudioDeviceError):  # then it is not healthy, and will be reopened
            assert self._used is not None  # there was a stream
            self._open(*self._used)

    def reopen(self) -> bool:
        """Give the card up and open it again, or the default one when it is gone.

        Returns whether there is sound again. Call it as often as you like while ``healthy`` says
        no: between failures it does nothing for a while, longer each time, up to 5 s. The clock
        goes on, and the mixer goes on where it was.
        """
        if self._source is None or clock.seconds() < self._not_before:
            return False
        if self._stream is not None:
            slow = self._stream.stalled_young()
            self._stall = min(LONGEST_STALL, 2 * self._stall) if slow else STALL
        try:
            self._release()
            self._calls.run(devices.refresh)
            try:
                self._open(self._again(0), self._again(1))
            except AudioDeviceError:
                if self._wanted == (None, None):
                    raise
                self._open(devices.find(None, "input"), devices.find(None, "output"))
        except AudioDeviceError:
            self._not_before = clock.seconds() + self._pause
            self._pause = min(LAST_PAUSE, 2 * self._pause)
            return False
        self._pause = FIRST_PAUSE
        self._restless = False  # it may be another device
        return True

    def _again(self, direction: Literal[0, 1]) -> Device:
        """What was chosen, or the default device while that is gone. Raises AudioDeviceError."""
        kind: devices.Kind = _KINDS[direction]
        if self._wanted[direction] is not None and self._found is not None:
            # By its name: PortAudio counts anew whenever something is plugged in.
            with suppress(AudioDeviceError):
                return devices.find_again(self._found[direction], kind)
        return devices.find(None, kind)

    def _open(self, microphone: Device, speaker: Device) -> None:
        """Open a stream that calls back. Raises AudioDeviceError."""
        self._used = microphone, speaker
        for _ in range(TRIES):
            self._stream = self._made(microphone, speaker)
            try:
                begun = self._begin(self._stream)
            except BaseException:
                self._stream = None  # it never was one
                raise
            if begun:
                return
            self._release()
        raise AudioDeviceError(
            f'"{microphone.name}" opens but gives no sound: unplug it and plug it in again, or '
            "choose another device."
        )

    def _beside(self) -> bool:
        """Open a stream of the other kind beside the one that is heard, which it will follow;
        whether that was possible."""
        assert self._used is not None  # there is a stream
        stream = self._next = self._made(*self._used)
        try:
            begun = self._begin(stream)
        except AudioDeviceError:
            begun = False
        with self._lock:
            begun = begun or self._stream is stream  # at the last moment
            if not begun:
                self._next = None
        if not begun:
            self._end(stream)
        return begun

    def _made(self, microphone: Device, speaker: Device) -> _Stream:
        assert self._source is not None  # set by start, which is the only way here
        output = None if self._rests else speaker
        stream = _Stream(microphone, output, self._source, self._take, self.now)
        stream.stall = max(self._stall, 2.5 * stream.step)
        return stream

    def _begin(self, stream: _Stream) -> bool:
        """Open it; whether it calls back. Raises AudioDeviceError."""
        try:
            self._calls.run(partial(stream.open, self._rate))
        except BaseException:
            stream.retire()
            raise
        return stream.called.wait(stream.stall)

    def _release(self) -> None:
        with self._lock:
            streams = *self._left, self._next, self._stream
            self._left.clear()
            self._next = self._stream = None
        for stream in streams:
            if stream is not None:
                self._end(stream)

    def _end(self, stream: _Stream) -> None:
        stream.retire()
        # It may hang in PortAudio, on a thread of its own. It delivers nothing any more, and
        # nothing else is called there until it comes back.
        with suppress(AudioDeviceError):
            self._calls.run(stream.close)

    def _take(self, stream: _Stream, blocks: list[Block]) -> None:
        """What a stream brings, from its callback."""
        with self._lock:
            if stream is self._stream:
                for block in blocks:
                    self._keep(block)
            elif stream is self._next:
                stream.held += blocks
                self._join(stream)

    def _join(self, stream: _Stream) -> None:
        """Let the next stream be heard from where the present one ends, once that is known."""
        if not stream.held:
            return
        sound = np.concatenate([block.samples for block in stream.held])
        ends = stream.held[-1].at
        at: int | None = len(sound) - round((ends - self._last) * RATE)
        assert at is not None
        if stream.output is not None:  # somebody may be speaking
            guess = at
            at = seam(np.concatenate([np.zeros(0, np.int16), *self._tail]), sound, guess)
            if at is None:
                if len(stream.held) < JOINED:
                    return
                at = guess
        rest = sound[max(0, at) :]
        whole = len(rest) // BLOCK
        stream.put_back(rest[whole * BLOCK :])
        ends -= (len(rest) - whole * BLOCK) / RATE
        for n in range(whole):
            samples = rest[n * BLOCK : (n + 1) * BLOCK]
            self._keep(Block(samples, max(self._last, ends - (whole - 1 - n) * BLOCK / RATE)))
        stream.held.clear()
        assert self._stream is not None  # the next one is opened beside it
        self._stream.retire()
        self._left.append(self._stream)
        self._stream, self._next = stream, None

    def _keep(self, block: Block) -> None:
        """Queue a microphone block; when nobody reads, the oldest one goes."""
        self._last = block.at
        self._tail.append(block.samples)
        while True:
            try:
                self._blocks.put_nowait(block)
                return
            except queue.Full:
                self.dropped += 1
            try:
                self._blocks.get_nowait()
            except queue.Empty:
                continue

    def __enter__(self) -> CardPort:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class _Stream:
    """One open PortAudio stream, from its first callback to its last; without a ``speaker`` one
    that rests."""

    def __init__(
        self,
        microphone: Device,
        speaker: Device | None,
        source: Source,
        take: Callable[[_Stream, list[Block]], None],
        now: Callable[[], float],
    ) -> None:
        self.input = microphone
        self.output = speaker
        self.called = threading.Event()
        """Set by the first callback."""
        self.failure: BaseException | None = None
        """What the source raised, if it did."""
        self.ahead = 0.0
        """Seconds from handing a sample out until it is audible."""
        self.rate = RATE
        self.stall = STALL
        """Seconds without a callback after which it counts as dead."""
        self.blocks = RESTING if speaker is None else 1
        """Blocks at a time."""
        self.held: list[Block] = []
        """What it has heard, and another one still delivers."""
        self._source = source
        self._take = take
        self._now = now
        self._opened = 0.0
        self._stream: Any = None
        self._finished = False
        self._gap = False
        self._retired = False
        self._last_call = 0.0
        self._heard = Timeline()
        self._audible = Timeline()
        self._reference = Reference()

    def open(self, forced_rate: int | None) -> None:
        """Open and start. Raises AudioDeviceError with what PortAudio says."""
        library = devices.portaudio()
        refusal: Exception | None = None
        for rate, channels in self._formats(forced_rate):
            self.rate = rate
            self._in = Microphone(rate, channels[0])
            self._out = Speaker(rate, channels[1])
            try:
                with devices.quiet():
                    self._stream = self._make(library, channels)
                    self._stream.start()
            except library.PortAudioError as error:
                refusal = error
                code = error.args[1] if len(error.args) > 1 else 0
                if code in (_BAD_RATE, _BAD_CHANNELS):
                    continue
                if code == _TIMED_OUT:
                    return  # it never calls back either, and is opened once more
                break
            self._last_call = self._opened = clock.seconds()
            if self._retired:  # whoever wanted it has stopped waiting
                self.close()
            return
        names = f'"{self.input.name}"'
        if self.output is not None and self.output.name != self.input.name:
            names += f' with "{self.output.name}"'
        raise AudioDeviceError(
            f"{names} cannot be opened ({refusal}): close what else uses it, or choose another."
        ) from refusal

    def _make(self, library: Any, channels: tuple[int, int]) -> Any:
        """A stream of PortAudio's, which is not started."""
        options = {
            "samplerate": self.rate,
            "blocksize": self.blocks * (self.rate * BLOCK // RATE),
            "dtype": "int16",
            "latency": self.step,
            "finished_callback": self._finish,
        }
        if self.output is None:
            return library.RawInputStream(
                device=self.input.number, channels=channels[0], callback=self._hear, **options
            )
        devices = self.input.number, self.output.number
        return library.RawStream(
            device=devices, channels=channels, callback=self._callback, **options
        )

    @property
    def step(self) -> float:
        """Seconds from one callback to the next."""
        return self.blocks * BLOCK / RATE

    def stalled_young(self) -> bool:
        """Whether it has not gone on for long before its callbacks stopped coming."""
        return not self._finished and self._last_call - self._opened < STEADY

    def alive(self) -> bool:
        """Whether callbacks come, and have come all the time: after a gap the delays are others."""
        return self._calling() and not self._gap

    def _calling(self) -> bool:
        """Whether callbacks are coming now."""
        return not self._finished and clock.seconds() - self._last_call < self.stall

    def retire(self) -> None:
        """From now on play silence and deliver nothing."""
        self._retired = True

    def close(self) -> None:
        """Stop and free the stream."""
        stream = self._stream
        if stream is None:
            return
        with devices.quiet():
            # abort cancels PortAudio's thread wherever it is, which is only safe when it is not
            # in our callback; stop lets it come to its end.
            if self._calling():
                stream.stop(ignore_errors=True)
            else:
                stream.abort(ignore_errors=True)
            stream.close(ignore_errors=True)
        self._stream = None

    def _formats(self, forced_rate: int | None) -> Iterator[tuple[int, tuple[int, int]]]:
        """Rates and channels to try, the plainest first."""
        output = self.output or self.input
        preferred = (round(self.input.rate), round(output.rate))
        rates = (forced_rate,) if forced_rate else (RATE, *preferred, *_OTHER_RATES)
        stereo = (min(2, self.input.inputs), min(2, output.outputs))
        plain = [(1, 1), (1, stereo[1]), (stereo[0], 1), stereo]
        if self.output is None:
            plain = [(1, 0), (stereo[0], 0)]
        for rate in dict.fromkeys(rates):
            for channels in dict.fromkeys(plain):
                yield rate, channels

    def _hear(self, indata: Any, frames: int, times: Any, status: Any) -> None:
        self._callback(indata, None, frames, times, status)

    def _callback(self, indata: Any, outdata: Any, frames: int, times: Any, status: Any) -> None:  # noqa: ARG002
        now = clock.seconds()
        self._gap = self._gap or (
            self.called.is_set() and now - self._last_call >= max(GAP, self.stall)
        )
        self._last_call = now
        try:
            self._exchange(indata, outdata, frames, times)
        except Exception as error:  # nobody could catch it here: read() raises it instead
            self.failure = error
            raise devices.portaudio().CallbackAbort from None
        self.called.set()

    def _exchange(self, indata: Any, outdata: Any, frames: int, times: Any) -> None:
        if self._retired:
            if outdata is not None:
                outdata[:] = bytes(len(outdata))
            return
        now = self._now()
        self.ahead, behind = self._latency(times, frames)
        if outdata is not None:
            self._play(outdata, frames, now)
        blocks = self._in.blocks(bytes(indata))
        heard = now - behind - self._in.delay
        found = []
        for age, samples in zip(range(len(blocks) - 1, -1, -1), blocks, strict=True):
            at = min(self._heard.follow(heard - age * BLOCK / RATE), now)
            played = None if outdata is None else self._reference.next()
            found.append(Block(samples, at, played))
        self._take(self, found)

    def _play(self, outdata: Any, frames: int, now: float) -> None:
        def pull() -> Any:
            audible = self._audible.follow(now + self.ahead + self._out.delay)
            samples = self._source.next_block(audible)
            self._reference.played(samples)
            return samples

        outdata[:] = self._out.frames(frames, pull)

    def put_back(self, samples: Samples) -> None:
        """The next block begins with these, fewer than a block. From its own callback only."""
        self._in.put_back(samples)

    def _latency(self, times: Any, frames: int) -> tuple[float, float]:
        """Seconds until the first frame given now is audible; since the last one was heard.

        PortAudio's times are on a clock of its own and some drivers leave them empty or wrong;
        then the stream's stated latency has to do.
        """
        clock = self._stream.time
        stated = self._stream.latency
        stated_in, stated_out = stated if self.output is not None else (stated, 0.0)
        ahead = times.outputBufferDacTime - clock
        behind = clock - times.inputBufferAdcTime - frames / self.rate
        if not 0.0 <= ahead <= 2.0:
            ahead = stated_out
        if not 0.0 <= behind <= 2.0:
            behind = stated_in
        return ahead, behind

    def _finish(self) -> None:
        self._finished = True


class _Calls:
    """Calls that may hang, one at a time, on a thread that can be left behind."""

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None
        self._until = 0.0
        """When what was begun and left to itself must be over."""

    def leave(self, work: Callable[[], None]) -> bool:
        """Do ``work``, and do not wait for it; the next ``run`` will. Whether it was begun: not
        while an earlier call has not come back."""
        if self._thread is not None and self._thread.is_alive():
            return False
        self._thread = threading.Thread(target=work, name="portaudio", daemon=True)
        self._until = clock.seconds() + _PATIENCE
        self._thread.start()
        return True

    def run(self, work: Callable[[], None], seconds: float = _PATIENCE) -> None:
        """Do ``work`` and raise what it raises.

        Raises AudioDeviceError when it takes longer than ``seconds``, or when an earlier one still
        has not come back.
        """
        if self._thread is not None:
            self._thread.join(max(0.0, self._until - clock.seconds()))
            if self._thread.is_alive():
                raise devices.NoAnswer
        outcome: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()

        def call() -> None:
            try:
                work()
            except BaseException as error:  # carried over to the caller's thread
                outcome.put(error)
            else:
                outcome.put(None)

        self._thread = threading.Thread(target=call, name="portaudio", daemon=True)
        self._thread.start()
        try:
            error = outcome.get(timeout=seconds)
        except queue.Empty:
            devices.abandon()
            raise devices.NoAnswer from None
        if error is not None:
            raise error
