"""Barge-in: does the person speak while the coach does?

Two witnesses must agree. What the echo canceller leaves over is nearly silent while only the coach
speaks, but now and then some of the coach slips through, most of all in the first sentence and from
a distorting speaker. And the microphone itself, by bands and by power alone, holds more than the
echo of what was played can explain; that is blind to phase, so clocks that drift do not matter to
it. Both are measured against the loudness of the prompt: the thresholds follow the echo.

What the recogniser gets is neither of the two. The canceller bites into the person's voice, and in
the microphone lies the coach's, from before the onset until the fade is through the sound card. It
gets the microphone with the echo subtracted, by a filter that learns while only the coach speaks.

Nothing here knows what was said: a cough fires too. There is no clock inside; time is that of the
blocks.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voice_coach.audio.echo_filter import EchoFilter
from voice_coach.audio.port import BLOCK, RATE, Block, Samples

BLOCK_SECONDS: Final = BLOCK / RATE

_Power = NDArray[np.float64]

_EDGES: Final = (150, 300, 450, 650, 900, 1200, 1600, 2100, 2700, 3400, 4300, 5400, 7000)
"""Hertz, between the bands."""

_FFT: Final = 512
_WINDOW: Final = np.hanning(BLOCK) / 32768
_HERTZ: Final = np.fft.rfftfreq(_FFT, 1 / RATE)
_BANDS: Final = np.array(
    [(low <= _HERTZ) & (high > _HERTZ) for low, high in pairwise(_EDGES)]
).T / (BLOCK * 0.25 * BLOCK)
"""Sums a power spectrum into bands; full scale is about 1."""

_QUIET: Final = 1e-6
"""Power in a band, -60 dBFS, that is too little to be a person's voice."""


@dataclass(frozen=True)
class BargeInSettings:
    """When somebody speaks over the prompt. Levels in dB against the prompt's loudest block."""

    lowest: float = -45.0
    """Weaker sound counts as none."""

    unexplained: float = 0.6
    """Weight of what the microphone hears beyond the echo, the cleaned sound having 1."""

    threshold: float = 38.0
    """The two, each in dB above ``lowest``, weighted and summed, that make an onset."""

    echo_margin: float = 3.0
    """Times the expected echo's power that echo alone may reach."""

    noise_margin: float = 4.0
    """Times the room's noise that noise alone may reach."""

    warm_up: float = 1.0
    """Seconds that the coach must have spoken before its echo is known: no onset until then."""

    memory: float = 1.5
    """Seconds for which the prompt's loudest block is remembered."""

    pre_roll: float = 0.2
    """Seconds of sound from before the onset that the recogniser gets."""


DEFAULT_SETTINGS: Final = BargeInSettings()


@dataclass(frozen=True)
class Onset:
    """Somebody has begun to speak over the coach."""

    at: float
    """Port clock, seconds: when they began."""

    decided: float
    """Port clock, seconds: when that was known."""

    blocks: tuple[Block, ...] = field(repr=False, compare=False)
    """What the recogniser shall hear, from the pre-roll to the block that decided, in order."""


class BargeIn:
    """Watches the microphone while the coach speaks. One per microphone."""

    def __init__(self, settings: BargeInSettings = DEFAULT_SETTINGS) -> None:
        self._settings = settings
        self.reset()

    def reset(self) -> None:
        """Forget the room: another device, or the sound was interrupted."""
        settings = self._settings
        self._echo = _ExpectedEcho()
        self._noise = _Noise()
        self._loudest: deque[float] = deque(maxlen=max(1, round(settings.memory / BLOCK_SECONDS)))
        self._recent: deque[tuple[Block, float]] = deque(
            maxlen=round(settings.pre_roll / BLOCK_SECONDS) + _LONGEST_RUN
        )
        self._filter = EchoFilter()
        self._heard: Block | None = None
        self._unknown = settings.warm_up
        self._armed = True

    @property
    def armed(self) -> bool:
        """Whether an onset would be reported."""
        return self._armed

    @property
    def ringing(self) -> bool:
        """Whether the coach may still be heard: it speaks, or fell silent within half a second.

        Until then only an onset is a reason to listen: an ear that is open hears the room's echo.
        """
        return not self._echo.silent

    @property
    def heard(self) -> Block | None:
        """The last block as a recogniser shall hear it; None before the first one."""
        return self._heard

    def arm(self) -> None:
        """Report the next onset: a prompt begins, or goes on after a false alarm.

        Arming what is armed changes nothing.
        """
        self._armed = True

    def process(self, block: Block, cleaned: Samples) -> Onset | None:
        """Look at one block: the microphone's, with what was played, and the same cleaned.

        Call it for every block, whether the coach speaks or not, or the room is forgotten.
        Returns an onset once, then nothing until ``arm``. A block without ``played`` says nothing.
        """
        if block.played is None:
            self._heard = block
            return None
        rest = self._filter.process(block.samples, block.played, alone=self._armed)
        score = self._score(block, cleaned, rest, block.played)
        heard = self._heard = Block(rest, block.at, block.played)
        self._recent.append((heard, score))
        if self._unknown > 0:
            self._unknown -= BLOCK_SECONDS * (_mean_square(block.played) > _QUIET)
            return None
        if not self._armed or score < self._settings.threshold:
            return None
        self._armed = False
        self._filter.person()
        return self._onset(block.at)

    def _score(self, block: Block, cleaned: Samples, rest: Samples, played: Samples) -> float:
        """How much speaks for a person, in dB; 0 when nothing does."""
        settings = self._settings
        far = _powers(played)
        self._loudest.append(_mean_square(played))
        loudest = max(self._loudest)
        if loudest < _QUIET and self._echo.silent:
            self._noise.track(_powers(block.samples))
            return 0.0  # the coach is silent: other ears are open
        near = _powers(rest)
        expected = self._echo.expect(far)
        noise = settings.noise_margin * self._noise.level
        left = _above(_powers(cleaned) - noise, loudest, settings.lowest)
        excess = near - noise - settings.echo_margin * expected
        unexplained = _above(excess, loudest, settings.lowest)
        self._noise.track(near)
        if self._armed:
            self._echo.learn(near)
        return left + settings.unexplained * unexplained if left > 0 else 0.0

    def _onset(self, decided: float) -> Onset:
        """Go back from the block that decided to where the evidence began."""
        scores = [score for _, score in self._recent]
        first = len(scores) - 1
        while first > 0 and len(scores) - first < _LONGEST_RUN and scores[first - 1] > _FAINT:
            first -= 1
        begun = self._recent[first][0].at - BLOCK_SECONDS
        kept = max(0, first - round(self._settings.pre_roll / BLOCK_SECONDS))
        return Onset(begun, decided, tuple(block for block, _ in list(self._recent)[kept:]))


_LONGEST_RUN: Final = 8
"""Blocks that an onset may lie before its discovery."""

_FAINT: Final = 8.0
"""Score, dB, from which on a block may belong to what was discovered after it."""


class _ExpectedEcho:
    """The echo's power in each band, from the powers played in the last half second.

    One short filter a band, learnt by normalised least mean squares, and never negative.
    """

    LENGTH: Final = 16
    STEP: Final = 0.3
    LEAK: Final = 0.003
    """Share of all power that may turn up in any band: what a distorting speaker adds."""

    def __init__(self) -> None:
        bands = len(_EDGES) - 1
        self._filter: _Power = np.zeros((self.LENGTH, bands))
        self._played: _Power = np.zeros((self.LENGTH, bands))
        self._expected: _Power = np.zeros(bands)

    @property
    def silent(self) -> bool:
        """Whether nothing was played for so long that there cannot be any echo."""
        return not self._played.any()

    def expect(self, far: _Power) -> _Power:
        """The echo's powers in the present block, given what was just played."""
        self._played[1:] = self._played[:-1]
        self._played[0] = far + self.LEAK * far.sum()
        self._expected = np.einsum("ij,ij->j", self._filter, self._played)
        return self._expected

    def learn(self, near: _Power) -> None:
        """Compare with what the microphone heard."""
        loudest = self._played.max(axis=0)
        if not loudest.any():
            return
        # A person over the prompt is not the room: believe no more than twice the expected.
        error = np.minimum(near - self._expected, 2 * self._expected + 0.02 * loudest)
        energy = np.einsum("ij,ij->j", self._played, self._played)
        self._filter += self.STEP * error * self._played / (energy + 1e-12)
        np.maximum(self._filter, 0.0, out=self._filter)


class _Noise:
    """The room's own noise in each band: the lowest that the power falls to, rising slowly."""

    SMOOTH: Final = 0.2
    RISE: Final = 10 ** (0.3 * BLOCK_SECONDS)
    """A louder room is believed at 3 dB a second."""

    def __init__(self) -> None:
        self._smooth: _Power | None = None
        self.level: _Power = np.zeros(len(_EDGES) - 1)

    def track(self, near: _Power) -> None:
        if self._smooth is None:
            self._smooth = near
            self.level = near
        self._smooth = self._smooth + self.SMOOTH * (near - self._smooth)
        self.level = np.minimum(self._smooth, self.level * self.RISE + 1e-12)


def _powers(samples: Samples) -> _Power:
    """Power in each band; full scale is about 1."""
    spectrum = np.fft.rfft(samples * _WINDOW, _FFT)
    powers: _Power = (spectrum.real**2 + spectrum.imag**2) @ _BANDS
    return powers


def _mean_square(samples: Samples) -> float:
    sound = samples.astype(np.float32)
    return float(np.dot(sound, sound)) / len(sound) / 32768**2


def _above(powers: _Power, reference: float, lowest: float) -> float:
    """The positive part of these powers in dB above ``lowest``, against a reference power."""
    power = float(np.maximum(powers, 0.0).sum())
    if power < _QUIET:
        return 0.0
    return max(0.0, 10 * math.log10(power / max(reference, _QUIET)) - lowest)
