"""The echo as a filter of what was played: taken from the microphone, it leaves the person whole.

WebRTC's canceller suppresses what it cannot model, and a short word with it. This one only
subtracts. A partitioned-block frequency-domain Kalman filter (Enzner and Vary, 2006) follows the
room. Before it stand what makes such filters fail on real machines: the speaker's clock, which is
read off the slow turning of the filter's phases and undone by resampling, and the speaker's
distortion, a memoryless curve fitted along with the room.

It learns from sound that is a little old, so that a person who is about to be noticed has not
taught it anything yet. There is no clock inside; time is that of the blocks. The sums are einsum's
and not a matrix product's: on a busy machine BLAS's threads wait longer than they work.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from voice_coach.audio.port import BLOCK, RATE, Samples

SECONDS: Final = BLOCK / RATE

PARTS: Final = 12
"""Blocks between a sound and the last of its echo: 360 ms."""

LATE: Final = 10
"""Blocks by which it learns later than it hears: 300 ms."""

KEEP: Final = 0.999
"""How much of what it knows holds from one block to the next."""

QUIET: Final = 1e-3
"""Largest component of a spectrum in which there is nothing to learn from."""

_FFT: Final = 2 * BLOCK
_BINS: Final = BLOCK + 1
_TAPS: Final = 16
"""Length of the interpolating filter."""

_HERTZ: Final = np.arange(_BINS) * RATE / _FFT
_STEADY: Final = (_HERTZ > 300) & (_HERTZ < 4000)
"""Where the phases tell the drift."""

_PPM: Final = np.arange(-300.0, 300.1, 3.0)
_LEAST_PPM: Final = 4.0
"""Millionths of drift that are left alone."""

_Spectra = NDArray[np.complex64]
_Signal = NDArray[np.float32]
_SCALE: Final = np.float32(1 / 32768)


class EchoFilter:
    """One microphone and one speaker; at 1 ms a block while the coach is heard."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget the room: another device, or the sound was interrupted."""
        self._room: _Spectra = np.zeros((PARTS, _BINS), np.complex64)
        self._doubt: _Signal = np.ones((PARTS, _BINS), np.float32)
        """The filter's error variance, as the Kalman filter estimates it."""
        self._rest: _Signal = np.full(_BINS, 1e-3, np.float32)
        """Power of what is no echo."""
        self._curve = _Curve()
        self._drift = _Drift()
        self._past: _Spectra = np.zeros((LATE + PARTS, _Curve.SIZE, _BINS), np.complex64)
        self._heard: list[_Signal | None] = [None] * (LATE + 1)
        """Microphone blocks that may teach something, the newest first; None for the others."""
        self._before: _Signal = np.zeros((_Curve.SIZE, BLOCK), np.float32)
        self._silent = LATE + PARTS

    @property
    def drift_ppm(self) -> float:
        """How much faster the speaker's clock runs than the microphone's, in millionths."""
        return self._drift.ppm

    def person(self) -> None:
        """Somebody speaks: what was heard of late is not only the coach."""
        self._heard = [None] * (LATE + 1)

    def process(self, microphone: Samples, loudspeaker: Samples, alone: bool = True) -> Samples:
        """The microphone's block without the echo that is expected in it; shapes (BLOCK,), int16.

        ``alone``: as far as anybody knows only the coach is heard, so that this may be learnt from.
        Blocks must follow each other without a gap.
        """
        self._silent = 0 if loudspeaker.any() else self._silent + 1
        played = self._drift.follow(loudspeaker.astype(np.float32) * _SCALE)
        if self._drift.jumped:
            self._shift(self._drift.jumped)
        if self._silent > LATE + PARTS:
            self._heard = [None] * (LATE + 1)
            return microphone
        bases = self._curve.bases(played)
        self._past[1:] = self._past[:-1]
        self._past[0] = np.fft.rfft(np.concatenate((self._before, bases), axis=1), axis=1)
        self._before = bases
        near = microphone.astype(np.float32) * _SCALE
        self._heard = [near if alone else None, *self._heard[:-1]]
        rest = near - self._echo(self._curve.apply(self._past[:PARTS]))
        old = self._heard[LATE]
        if old is not None and np.abs(self._past[LATE:, 0]).max() > QUIET:
            self._learn(old)
        if float(rest @ rest) >= float(near @ near):
            return microphone  # an echo that makes it louder is none
        return np.asarray(np.clip(np.rint(rest * 32768), -32768, 32767), np.int16)

    def _echo(self, played: _Spectra) -> _Signal:
        heard = np.fft.irfft((played * self._room).sum(axis=0), _FFT)[BLOCK:]
        return np.asarray(heard, np.float32)

    def _learn(self, near: _Signal) -> None:
        """One step of the Kalman filter."""
        past = self._past[LATE:]
        played = self._curve.apply(past)
        error = near - self._echo(played)
        spectrum = np.fft.rfft(np.concatenate((np.zeros(BLOCK, np.float32), error)))
        power = (np.abs(spectrum) ** 2).astype(np.float32)
        self._rest = np.float32(0.8) * self._rest + np.float32(0.2) * power
        doubt = KEEP**2 * self._doubt + (1 - KEEP**2) * np.abs(self._room) ** 2
        loud = (np.abs(played) ** 2).astype(np.float32)
        gain = doubt / ((loud * doubt).sum(axis=0) + 2 * self._rest + 1e-9)
        step = np.fft.irfft(gain * played.conj() * spectrum, _FFT, axis=1)
        step[:, BLOCK:] = 0.0  # a partition is no longer than a block
        self._room = self._room + np.fft.rfft(step, axis=1).astype(np.complex64)
        self._doubt = np.maximum((1 - 0.5 * gain * loud) * doubt, 1e-12).astype(np.float32)
        self._curve.learn((past * self._room[:, None]).sum(axis=0), near)
        self._drift.learn(self._room)

    def _shift(self, blocks: int) -> None:
        """The reference has jumped by a block: the room's response with it."""
        for known in (self._room, self._doubt):
            known[:] = np.roll(known, -blocks, axis=0)
            known[-1 if blocks > 0 else 0] = 0.0
        self._heard = [None] * (LATE + 1)


class _Curve:
    """What the speaker makes of a sample: a weighted sum of curves that bend at several levels."""

    SIZE: Final = 4
    WAIT: Final = 20
    """Blocks between two fits, and before the first one."""

    def __init__(self) -> None:
        self._weights = np.array([1.0, 0.0, 0.0, 0.0])
        self._products = np.zeros((self.SIZE, self.SIZE))
        self._with_heard = np.zeros(self.SIZE)
        self._learnt = 0

    def bases(self, sound: _Signal) -> _Signal:
        """Each curve's output, shape (SIZE, n): straight, lopsided, and two that saturate."""
        bent = (sound, sound * sound, np.tanh(2 * sound) / 2, np.tanh(6 * sound) / 6)
        return np.stack(bent).astype(np.float32)

    def apply(self, spectra: _Spectra) -> _Spectra:
        """The speaker's output from the curves' spectra, shape (n, SIZE, bins)."""
        weights = self._weights.astype(np.float32)
        output: _Spectra = np.einsum("b,pbk->pk", weights, spectra)
        return output

    def learn(self, echoes: _Spectra, heard: _Signal) -> None:
        """Least squares over the last seconds: each curve's echo, shape (SIZE, bins), against what
        was heard. Its loudness stays: that is the room's business."""
        self._learnt += 1
        if self._learnt <= self.WAIT:
            return
        each = np.fft.irfft(echoes, _FFT, axis=1)[:, BLOCK:]
        self._products = 0.99 * self._products + np.einsum("bn,cn->bc", each, each)
        self._with_heard = 0.99 * self._with_heard + np.einsum("bn,n->b", each, heard)
        if self._learnt % self.WAIT:
            return
        size = np.sqrt(np.diag(self._products)) + 1e-12
        system = self._products / np.outer(size, size) + 1e-3 * np.eye(self.SIZE)
        found = np.linalg.solve(system, self._with_heard / size) / size
        power, wanted = (float(w @ self._products @ w) for w in (found, self._weights))
        if power > 0:
            self._weights = 0.5 * self._weights + 0.5 * found * np.sqrt(wanted / power)


class _Drift:
    """Two clocks that run apart: how fast, and the speaker's sound on the microphone's clock."""

    EVERY: Final = 10
    """Learnt blocks between two looks."""

    NEAR: Final = 0.6
    FAR: Final = 1.2
    """Seconds between the two states of the filter that are compared, from and to."""

    def __init__(self) -> None:
        self.ppm = 0.0
        self.jumped = 0
        """Blocks by which the last one was taken later (1) or earlier (-1) than the one before."""
        self._recent: _Signal = np.zeros(4 * BLOCK, np.float32)
        self._back = 0.0
        """Samples by which the sound is read late."""
        self._block = 0
        self._sum = 0.0
        """Of the drift that was undone, over the blocks."""
        self._learnt = 0
        self._looks = 0
        self._states: list[tuple[int, float, _Spectra]] = []

    def follow(self, played: _Signal) -> _Signal:
        """The block as the microphone's clock has it."""
        self._recent = np.concatenate((self._recent[BLOCK:], played))
        self._block += 1
        undone = self.ppm if abs(self.ppm) > _LEAST_PPM else 0.0
        self._sum += undone
        self._back -= 1e-6 * undone * BLOCK
        self.jumped = 0
        if self._back < 0.0:
            self._back += BLOCK
            self.jumped = 1
        elif self._back > 1.5 * BLOCK:
            self._back -= BLOCK
            self.jumped = -1
        first = len(self._recent) - BLOCK - 1 - _TAPS // 2 - self._back
        whole = int(np.floor(first))
        taps = np.arange(1 - _TAPS // 2, 1 + _TAPS // 2)
        offset = taps - (first - whole)
        weights = np.sinc(offset) * (0.5 + 0.5 * np.cos(2 * np.pi * offset / (_TAPS + 1)))
        near = self._recent[whole + taps[0] : whole + BLOCK + taps[-1]]
        found: _Signal = np.convolve(near, weights[::-1].astype(np.float32), "valid")
        return found

    def learn(self, room: _Spectra) -> None:
        """A filter whose phases turn tells of a drift that is left."""
        self._learnt += 1
        if self._learnt % self.EVERY:
            return
        self._states.append((self._block, self._sum, room.copy()))
        age = [(self._block - block) * SECONDS for block, _, _ in self._states]
        self._states = [s for s, a in zip(self._states, age, strict=True) if a <= self.FAR]
        block, undone, before = self._states[0]
        passed = (self._block - block) * SECONDS
        if self._learnt <= 3 * self.EVERY or passed < self.NEAR:
            return
        turned = (room * before.conj()).sum(axis=0)[_STEADY]
        turned = turned / np.sqrt(np.abs(turned) + 1e-12)
        back = np.exp(2j * np.pi * passed * 1e-6 * np.outer(_PPM, _HERTZ[_STEADY]))
        fits = np.einsum("pk,k->p", back, turned).real
        left = -float(_PPM[int(np.argmax(fits))])
        found = (self._sum - undone) / (self._block - block) + left
        self._looks += 1
        self.ppm += max(0.1, 1 / (1 + self._looks)) * (found - self.ppm)
