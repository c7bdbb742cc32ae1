"""The mixer: clips in, one quiet stream of blocks out, and a note of what sounded when.

A port asks for the next block from the sound card's own callback, so nothing here waits, reads a
file or allocates more than a few blocks. Whatever is worth computing about a clip is computed in
``play``, on the caller's thread.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voice_coach.audio.clause import clause_start, last_sound
from voice_coach.audio.port import BLOCK, RATE, Samples

CEILING: Final = 32_000.0
"""No sample leaves the mixer louder than this (0.2 dB below full scale)."""

FADE: Final = 0.03
"""Seconds a hushed or paused clip takes to fade; never more than one block."""

LOUDEST: Final = 8.0
"""Greatest volume that may be asked for: +18 dB, enough for a quietly rendered voice."""

_RISE: Final = 0.01
"""Seconds over which a clip comes back that was paused: no click."""

_SPREAD: Final = 3
"""Blocks on either side of a peak over which the limiter leans in and lets go: 90 ms."""


@dataclass(frozen=True)
class Started:
    """A clip has begun."""

    clip_id: str
    at: float
    """Port clock, seconds: when its first sample is audible."""


@dataclass(frozen=True)
class Played:
    """A clip has ended, by itself or because it was hushed."""

    clip_id: str
    started: float
    """Port clock, seconds: when its first sample was audible."""

    ended: float
    """Port clock, seconds: just after its last audible sample."""

    interrupted: bool
    """True when it was hushed with some of it still to come."""


class _Clip:
    """A queued clip, how far it has been played, and an envelope that its samples never exceed."""

    def __init__(self, clip_id: str, samples: Samples) -> None:
        self.clip_id = clip_id
        self.position = 0
        self.started = 0.0
        self.fade_left = -1
        """Samples until silence; negative while the clip is neither hushed nor paused."""
        self.hushed = False
        """Whether the fade is its end; else it may go on."""
        self.silent_since: float | None = None
        """Port clock, seconds: when a fade was over; None while the clip sounds."""
        self.rise_left = 0
        """Samples until it is back at its full loudness after a pause."""
        self._samples = samples
        self._sounds = last_sound(samples)
        # Segment peaks, widened over their neighbours, then joined by straight lines at the
        # segment edges: every edge is at least as high as the segments that meet there, so the
        # lines between the edges lie on or above every sample.
        segments = -(-len(samples) // BLOCK)
        padded = np.zeros((segments + 2 * _SPREAD) * BLOCK, dtype=np.int32)
        padded[_SPREAD * BLOCK : _SPREAD * BLOCK + len(samples)] = np.abs(samples.astype(np.int32))
        peaks = padded.reshape(-1, BLOCK).max(axis=1)
        windows = np.lib.stride_tricks.sliding_window_view(peaks, 2 * _SPREAD)
        self._edges: NDArray[np.float64] = windows.max(axis=1).astype(np.float64)

    @property
    def left(self) -> int:
        return len(self._samples) - self.position

    @property
    def sound_left(self) -> int:
        """Samples until its last sound, the silence after it left out."""
        return max(0, self._sounds - self.position)

    def fade(self, samples: int) -> None:
        """Begin to fade, unless it fades already."""
        if self.fade_left < 0:
            self.fade_left = samples

    def go_on(self) -> None:
        """Sound again, from where the clause began that was cut."""
        self.position = clause_start(self._samples, self.position)
        self.fade_left = -1
        self.silent_since = None
        self.rise_left = round(_RISE * RATE)

    def take(self, count: int) -> tuple[Samples, NDArray[np.float64]]:
        """The next ``count`` samples and the envelope over them."""
        first = self.position
        self.position += count
        edge = first // BLOCK
        knots = self._edges[edge : edge + 3]
        where = np.arange(first - edge * BLOCK, first - edge * BLOCK + count) / BLOCK
        return self._samples[first : self.position], np.interp(where, np.arange(len(knots)), knots)


class Mixer:
    """Plays clips one after another at one volume. Implements ``Source``; safe between threads."""

    def __init__(self, volume: float = 1.0) -> None:
        self._lock = threading.Lock()
        self._queue: deque[_Clip] = deque()
        self._current: _Clip | None = None
        self._events: deque[Started | Played] = deque()
        self._target = _checked(volume)
        self._gain = self._target
        self._sounding_until = float("-inf")
        self._paused = False

    @property
    def volume(self) -> float:
        """Linear gain, 0 to LOUDEST; 1 leaves a clip as it was rendered. Setting it never clicks.

        Raises ValueError outside that range.
        """
        return self._target

    @volume.setter
    def volume(self, gain: float) -> None:
        self._target = _checked(gain)

    @property
    def busy(self) -> bool:
        """Whether something is playing, fading out or waiting to be played."""
        with self._lock:
            return self._current is not None or bool(self._queue)

    @property
    def sounding(self) -> bool:
        """Whether anything is being played just now: what waits in a pause is not."""
        with self._lock:
            clip = self._current
            return clip is not None and not (self._paused and clip.fade_left == 0)

    @property
    def paused(self) -> bool:
        """Whether ``pause`` was called, and neither ``resume`` nor ``hush`` since."""
        return self._paused

    @property
    def left(self) -> float:
        """Seconds that are still to come, up to the last sound."""
        with self._lock:
            clips = [clip for clip in (self._current, *self._queue) if clip is not None]
            if not clips:
                return 0.0
            return (sum(clip.left for clip in clips[:-1]) + clips[-1].sound_left) / RATE

    @property
    def sounding_until(self) -> float:
        """Port clock, seconds: when the last sample handed out so far stops being audible.

        Lies ahead of the clock by the speaker's latency while a clip plays; -inf before the first.
        """
        return self._sounding_until

    def play(self, clip_id: str, samples: Samples) -> None:
        """Queue a clip: mono int16 at 16 kHz, shape (n,). It follows whatever is still queued.

        The samples are not copied: leave them alone afterwards. Raises TypeError for any other
        kind of array, here rather than later in the card's callback.
        """
        if samples.dtype != np.int16 or samples.ndim != 1:
            raise TypeError(f"A clip is a row of int16, not {samples.ndim}-d {samples.dtype}.")
        clip = _Clip(clip_id, samples)
        with self._lock:
            self._queue.append(clip)

    def hush(self, fade: float = FADE) -> tuple[str, ...]:
        """Fade out the current clip within the next block and forget the queue.

        Returns the ids of the clips that will now never start. A clip played after this call
        begins as soon as the fade is over.
        """
        with self._lock:
            dropped = tuple(clip.clip_id for clip in self._queue)
            self._queue.clear()
            self._paused = False
            if self._current is not None:
                self._current.hushed = True
                self._current.fade(_faded(fade))
            return dropped

    def pause(self, fade: float = FADE) -> None:
        """Fade out the current clip within the next block, and play nothing until ``resume``.

        ``hush`` ends a pause too; the clip that was paused then counts as interrupted at the
        moment it fell silent.
        """
        with self._lock:
            self._paused = True
            if self._current is not None:
                self._current.fade(_faded(fade))

    def resume(self) -> None:
        """Go on after a pause, from the beginning of the clause that was cut; else do nothing."""
        with self._lock:
            if self._paused and self._current is not None and not self._current.hushed:
                self._current.go_on()
            self._paused = False

    def poll(self) -> list[Started | Played]:
        """What has started and ended since the last call, in order.

        Times are exact to the sample and lie a little ahead of the port's clock, because a block
        is mixed before it is heard.
        """
        with self._lock:
            events = list(self._events)
            self._events.clear()
        return events

    def next_block(self, at: float) -> Samples:
        """The next BLOCK samples; see ``Source``."""
        out = np.zeros(BLOCK, dtype=np.float64)
        with self._lock:
            gains = self._ramp()
            filled = 0
            while filled < BLOCK and self._advance(at + filled / RATE):
                filled += self._mix(out[filled:], gains[filled:], at + filled / RATE)
            # A clip that ends exactly with the block ends now, not one block later.
            self._retire(at + filled / RATE)
        return np.rint(out).astype(np.int16)

    def _ramp(self) -> NDArray[np.float64]:
        """The volume over this block: a straight line from the last gain to the wanted one."""
        before, self._gain = self._gain, self._target
        if self._current is None:
            before = self._gain  # in silence there is nothing to ramp from
        return np.linspace(before, self._gain, BLOCK + 1)[1:]

    def _advance(self, at: float) -> bool:
        """Make the next clip current when the last one is over; False when there is none."""
        self._retire(at)
        if self._paused and (self._current is None or self._current.fade_left == 0):
            return False
        if self._current is None:
            if not self._queue:
                return False
            self._current = self._queue.popleft()
            self._current.started = at
            self._events.append(Started(self._current.clip_id, at))
        return True

    def _retire(self, at: float) -> None:
        """Close the books on the current clip if it has nothing more to give."""
        clip = self._current
        if clip is None:
            return
        if clip.fade_left == 0 and clip.silent_since is None:
            clip.silent_since = at
        if clip.left == 0 or (clip.hushed and clip.fade_left == 0):
            ended = at if clip.silent_since is None else clip.silent_since
            self._events.append(Played(clip.clip_id, clip.started, ended, clip.left > 0))
            self._current = None

    def _mix(self, out: NDArray[np.float64], gains: NDArray[np.float64], at: float) -> int:
        """Write as much of the current clip as fits, and return how many samples that was."""
        clip = self._current
        assert clip is not None  # _advance has just said so
        count = min(len(out), clip.left)
        if clip.fade_left >= 0:
            count = min(count, clip.fade_left)
        samples, envelope = clip.take(count)
        gain = np.minimum(gains[:count], CEILING / np.maximum(envelope, 1.0))
        if clip.fade_left > 0:
            # The end is met within one block: half a cosine, from 1 to just above 0.
            fade = np.cos(np.pi * np.arange(count) / clip.fade_left)
            gain *= 0.5 + 0.5 * fade
            clip.fade_left -= count
        elif clip.rise_left > 0:
            gain *= np.minimum(1.0, 1.0 - (clip.rise_left - np.arange(count)) * (1 / RATE / _RISE))
            clip.rise_left = max(0, clip.rise_left - count)
        out[:count] = samples * gain
        if count:
            self._sounding_until = at + count / RATE
        return count


def _faded(seconds: float) -> int:
    """Samples of a fade."""
    return min(BLOCK, max(0, round(seconds * RATE)))


def _checked(gain: float) -> float:
    if not 0.0 <= gain <= LOUDEST:
        raise ValueError(f"A volume is between 0 and {LOUDEST:g}, not {gain!r}.")
    return float(gain)
