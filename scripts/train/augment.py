"""What a room, a microphone, a night and a body in pain do to a voice.

Two stages. On samples, once per cached copy: rooms, resampling (pitch and vocal tract), clipping,
narrow bands, whisper and groan. On log-mel energies, anew in every epoch: tempo, vocal-tract
warping, equalisation, level, noise of any kind at any ratio, masks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import soxr

from scripts.train.arrays import Array
from scripts.train.features import BINS, RATE, log_mel, mel_edges, mel_filters

# -- on samples ---------------------------------------------------------------------------------


def resample_speed(samples: Array, factor: float) -> Array:
    """Faster and higher (factor > 1), or slower and deeper."""
    return soxr.resample(samples, RATE * factor, RATE, quality="QQ")


def _fft_size(count: int) -> int:
    """The power of two that holds ``count`` samples: other sizes take up to ten times as long."""
    return 1 << max(1, count - 1).bit_length()


def reverberate(samples: Array, response: Array) -> Array:
    """In a room: convolved with its impulse response, same length, direct sound in place."""
    size = _fft_size(len(samples) + len(response))
    wet = np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(response, size), size)
    delay = int(np.argmax(np.abs(response)))
    return wet[delay : delay + len(samples)].astype(np.float32)


def synthetic_room(draw: np.random.Generator, seconds: float, direct: float) -> Array:
    """A room without a recording of one: direct sound, early reflections, diffuse tail.

    ``seconds``: reverberation time of the middle frequencies; the lows ring longer, the highs
    shorter, as walls make them. ``direct``: the direct sound against the rest (energy 1).
    """
    count = max(RATE // 50, int(1.2 * seconds * RATE))
    time = np.arange(count) / RATE
    size = _fft_size(count)
    hertz = np.fft.rfftfreq(size, 1.0 / RATE)
    spectrum = np.zeros(len(hertz), dtype=np.complex64)
    for low, high, ring in ((0, 500, 1.3), (500, 2500, 1.0), (2500, 8000, 0.6)):
        noise = draw.standard_normal(count) * np.exp(-6.9 * time / (seconds * ring))
        band = (hertz >= low) & (hertz < high)
        spectrum[band] = np.fft.rfft(noise.astype(np.float32), size)[band]
    tail = np.fft.irfft(spectrum, size)[:count]
    tail[: int(draw.uniform(0.002, 0.02) * RATE)] *= 0.1
    for delay in draw.exponential(0.012, int(draw.integers(4, 16))):
        at = min(count - 1, int((0.001 + delay) * RATE))
        tail[at] += draw.choice((-1, 1)) * 6 * np.exp(-delay / 0.03) * float(np.std(tail))
    tail /= max(1e-6, float(np.sqrt(np.sum(tail**2))))
    tail[0] = direct
    return (tail / np.sqrt(1.0 + direct**2)).astype(np.float32)


def clip(samples: Array, share: float) -> Array:
    """Driven so hard that the loudest ``share`` of the samples is cut flat."""
    limit = float(np.quantile(np.abs(samples), 1.0 - share)) or 1.0
    return np.clip(samples, -limit, limit)


def _frames(samples: Array, size: int, step: int) -> Array:
    padded = np.pad(samples, (size, size))
    return np.lib.stride_tricks.sliding_window_view(padded, size)[::step]


def _overlap_add(frames: Array, size: int, step: int, count: int) -> Array:
    out = np.zeros(step * len(frames) + size, dtype=np.float32)
    for index, frame in enumerate(frames):
        out[index * step : index * step + size] += frame
    return out[size : size + count]


def whisper(samples: Array, draw: np.random.Generator, order: int = 18) -> Array:
    """The same mouth without a voice: the spectral envelope of each frame filled with noise."""
    size, step = 512, 128
    window = np.hanning(size).astype(np.float32)
    frames = _frames(samples, size, step) * window
    spectrum = np.abs(np.fft.rfft(frames, axis=1)) ** 2
    # Cepstral smoothing gives the envelope; it drops the pitch harmonics.
    cepstrum = np.fft.irfft(np.log(spectrum + 1e-9), axis=1)
    cepstrum[:, order : size - order] = 0.0
    envelope = np.exp(0.5 * np.fft.rfft(cepstrum, axis=1).real)
    tilt = np.linspace(-1.2, 0.5, envelope.shape[1])  # a whisper has little below 500 Hz
    noise = np.fft.rfft(draw.standard_normal(frames.shape) * window, axis=1)
    noise /= np.sqrt(np.mean(np.abs(noise) ** 2)) + 1e-9
    shaped = np.fft.irfft(noise * envelope * np.exp(tilt), axis=1).astype(np.float32)
    return _overlap_add(shaped * window, size, step, len(samples))


def groan(samples: Array, draw: np.random.Generator) -> Array:
    """Slow, deep, pressed and trembling, as through clenched teeth."""
    slow = resample_speed(samples, float(draw.uniform(0.74, 0.9)))
    time = np.arange(len(slow)) / RATE
    rough = 1.0 + 0.5 * np.sin(2 * np.pi * draw.uniform(25, 70) * time + draw.uniform(0, 6))
    tremble = 1.0 + 0.3 * np.sin(2 * np.pi * draw.uniform(4, 9) * time)
    wander = np.cumsum(draw.standard_normal(len(slow) // 400 + 2)) * 1.2
    warped = time * RATE + np.interp(np.arange(len(slow)), np.arange(len(wander)) * 400, wander)
    bent = np.interp(warped, np.arange(len(slow)), slow)
    driven = np.tanh(2.5 * bent * rough * tremble / (float(np.max(np.abs(bent))) + 1e-6))
    muffled = np.convolve(driven, np.array([0.25, 0.5, 0.25]), mode="same")
    return (0.4 * muffled).astype(np.float32)


def shout(samples: Array, draw: np.random.Generator) -> Array:
    """Higher, flatter and overdriven: a raised voice puts its power above 1 kHz and the
    microphone cuts its peaks."""
    raised = resample_speed(samples, float(draw.uniform(1.08, 1.2)))
    tilted = raised - np.float32(draw.uniform(0.4, 0.75)) * np.concatenate(([0.0], raised[:-1]))
    driven = np.tanh(3.0 * tilted / (float(np.quantile(np.abs(tilted), 0.99)) + 1e-6))
    return (0.9 * driven).astype(np.float32)


def narrow_band(samples: Array, low: float, high: float) -> Array:
    """Only the band from ``low`` to ``high`` Hz, as through a small or old microphone."""
    size = _fft_size(len(samples))
    hertz = np.fft.rfftfreq(size, 1.0 / RATE)
    gain = 1.0 / (1.0 + (low / np.maximum(hertz, 1.0)) ** 6) / (1.0 + (hertz / high) ** 12)
    filtered = np.fft.irfft(np.fft.rfft(samples, size) * gain.astype(np.float32), size)
    return filtered[: len(samples)].astype(np.float32)


@dataclass(frozen=True)
class BodyAndRoom:
    """Shares of utterances that each transform of the samples meets in one cached copy."""

    rooms: Sequence[Array] = ()
    speed: float = 0.7
    room: float = 0.5
    whisper: float = 0.06
    groan: float = 0.06
    clip: float = 0.1
    band: float = 0.12

    def __call__(self, samples: Array, draw: np.random.Generator) -> Array:
        """One utterance, transformed; the same generator gives the same result."""
        voice = draw.random()
        if voice < self.whisper:
            samples = whisper(samples, draw)
        elif voice < self.whisper + self.groan:
            samples = groan(samples, draw)
        elif draw.random() < self.speed:
            samples = resample_speed(samples, float(draw.uniform(0.84, 1.2)))
        if draw.random() < self.room:
            samples = reverberate(samples, self._room(draw))
        if draw.random() < self.clip:
            samples = clip(samples, float(draw.uniform(0.002, 0.08)))
        if draw.random() < self.band:
            samples = narrow_band(samples, draw.uniform(60, 350), draw.uniform(3200, 7000))
        return samples

    def _room(self, draw: np.random.Generator) -> Array:
        if self.rooms and draw.random() < 0.6:
            return self.rooms[int(draw.integers(len(self.rooms)))]
        return synthetic_room(draw, float(draw.uniform(0.1, 0.7)), float(draw.uniform(0.4, 3.0)))


# -- on log-mel energies ------------------------------------------------------------------------


def tempo(feats: Array, factor: float) -> Array:
    """Faster (> 1) or slower, pitch and vocal tract unchanged."""
    count = max(8, round(len(feats) / factor))
    where = np.linspace(0, len(feats) - 1, count)
    low = where.astype(np.int64)
    high = np.minimum(low + 1, len(feats) - 1)
    part = (where - low)[:, None].astype(np.float32)
    return feats[low] * (1 - part) + feats[high] * part


def warp_matrix(factor: float) -> Array:
    """Right factor that moves every frequency by ``factor``: a shorter or longer vocal tract."""
    edges = mel_edges()
    centres = edges[1:-1]
    hertz = 700.0 * (np.exp(centres / 1127.0) - 1.0)
    wanted = 1127.0 * np.log(1.0 + hertz / factor / 700.0)
    where = np.clip((wanted - centres[0]) / (centres[1] - centres[0]), 0, BINS - 1)
    matrix = np.zeros((BINS, BINS), dtype=np.float32)
    low = where.astype(np.int64)
    high = np.minimum(low + 1, BINS - 1)
    for column, (a, b, at) in enumerate(zip(low, high, where, strict=True)):
        matrix[a, column] += 1 - (at - a)
        matrix[b, column] += at - a
    return matrix


def level(feats: Array) -> float:
    """Natural logarithm of the mean power of the louder half of the frames."""
    power = np.exp(feats).sum(axis=1)
    return float(np.log(np.mean(np.sort(power)[len(power) // 2 :]) + 1e-9))


# How much the sum of two sounds wanders about the sum of their powers in each mel bin.
_SPREAD = np.sqrt(1.0 / np.maximum(1.0, mel_filters().sum(axis=0))).astype(np.float32)


def mix(speech: Array, noise: Array, draw: np.random.Generator) -> Array:
    """Log-mel energies of both together: powers add, with the cross term at random."""
    a, b = np.exp(speech), np.exp(noise)
    cross = np.sqrt(2 * a * b) * draw.standard_normal(a.shape, dtype=np.float32) * _SPREAD
    return np.log(np.maximum(a + b + cross, 0.1 * (a + b)) + 1e-7)


FULL_LEVEL = 32.0
"""Where 0 dBFS lies on the scale of :func:`level`, measured with white noise."""
DECIBEL = float(np.log(10) / 10)


def coloured_noise(draw: np.random.Generator, seconds: float, slope: float) -> Array:
    """Noise whose power falls as frequency to the power of ``slope`` (0 white, 1 pink, 2 brown)."""
    count = int(seconds * RATE)
    spectrum = np.fft.rfft(draw.standard_normal(count))
    hertz = np.maximum(np.fft.rfftfreq(count, 1.0 / RATE), 30.0)
    samples = np.fft.irfft(spectrum * hertz ** (-slope / 2), count)
    return (0.1 * samples / np.std(samples)).astype(np.float32)


def snore(draw: np.random.Generator, seconds: float) -> Array:
    """Breath in and out, rattling on the way in."""
    count = int(seconds * RATE)
    time = np.arange(count) / RATE
    period, pulse = draw.uniform(2.5, 4.5), draw.uniform(28, 80)
    phase = (time / period + draw.uniform()) % 1.0
    inward = np.clip(np.sin(np.pi * phase / 0.4), 0, 1) * (phase < 0.4)
    outward = np.clip(np.sin(np.pi * (phase - 0.5) / 0.4), 0, 1) * ((phase > 0.5) & (phase < 0.9))
    wobble = np.cumsum(draw.standard_normal(count)) * 0.002
    rattle = np.maximum(0, np.sin(2 * np.pi * pulse * time + wobble)) ** 3
    noise = narrow_band(draw.standard_normal(count), 80, draw.uniform(600, 2500))
    breath = narrow_band(draw.standard_normal(count), 300, draw.uniform(2500, 6000))
    samples = noise * rattle * inward + draw.uniform(0.05, 0.5) * breath * (outward + 0.3 * inward)
    return (0.1 * samples / (np.std(samples) + 1e-6)).astype(np.float32)


def moan(draw: np.random.Generator, seconds: float) -> Array:
    """Long sung vowels and hums with pauses: a voice, but no word."""
    count = int(seconds * RATE)
    time = np.arange(count) / RATE
    knots = np.arange(0, seconds + 1.0, 0.5)
    base = draw.uniform(90, 320)
    pitch = np.interp(time, knots, base * np.exp(0.15 * draw.standard_normal(len(knots))))
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    voice = sum(np.sin(k * phase) / k for k in range(1, 24))
    voice = voice + 0.1 * draw.standard_normal(count)
    spectrum = np.fft.rfft(voice)
    hertz = np.fft.rfftfreq(count, 1.0 / RATE)
    gain = np.full_like(hertz, 0.02)
    vowels = ((250, 1000), (700, 1150), (350, 800), (500, 1500), (300, 2200))
    for formant in vowels[int(draw.integers(len(vowels)))]:
        gain += 1.0 / (1.0 + ((hertz - formant * draw.uniform(0.9, 1.15)) / 110.0) ** 2)
    samples = np.fft.irfft(spectrum * gain, count)
    start, length = draw.uniform(0, 1.0), draw.uniform(0.9, 2.5)
    cycle = length + draw.uniform(0.4, 1.5)
    inside = ((time - start) % cycle) / length
    samples = samples * np.clip(5 * np.minimum(inside, 1 - inside), 0, 1)
    return (0.1 * samples / (np.std(samples) + 1e-6)).astype(np.float32)


def synthetic_noises(seed: int, each: int = 24) -> list[Array]:
    """Log-mel energies of hiss, hum, snores and moans of six to ten seconds."""
    draw = np.random.default_rng(seed)
    found: list[Array] = []
    for _ in range(each):
        slope = float(draw.uniform(0, 2.2))
        found.append(log_mel(coloured_noise(draw, float(draw.uniform(6, 10)), slope)))
        found.append(log_mel(snore(draw, 8.0)))
        found.append(log_mel(moan(draw, 7.0)))
        time = np.arange(8 * RATE) / RATE
        mains = sum(
            draw.uniform(0, 1) * np.sin(2 * np.pi * 50 * k * time) for k in range(1, 12)
        ) + 0.2 * draw.standard_normal(len(time))
        found.append(log_mel((0.1 * mains / np.std(mains)).astype(np.float32)))
    return found


@dataclass
class Night:
    """Changes log-mel energies anew at every call; all shares and ranges in one place."""

    noises: Sequence[Array]
    babble: Sequence[Array] = ()
    draw: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))
    tempo: float = 0.3
    warp: float = 0.4
    noise: float = 0.6
    steady: float = 0.25
    """Share of steady noises made on the spot among all noises."""
    snr: tuple[float, float] = (-6.0, 23.0)
    """Decibels on the scale of :func:`level`, about five below those over active samples."""
    masks: float = 0.15
    loudness: tuple[float, float] = (-72.0, -15.0)
    """Decibels on the same scale, where recordings lie at -48 to -25."""

    def __post_init__(self) -> None:
        self._warps = [warp_matrix(float(f)) for f in np.linspace(0.88, 1.14, 25)]

    def _pick(self, pool: Sequence[Array], frames: int) -> Array:
        sound = pool[int(self.draw.integers(len(pool)))]
        start = int(self.draw.integers(max(1, len(sound) - frames)))
        piece = sound[start : start + frames]
        return np.tile(piece, (-(-frames // len(piece)), 1))[:frames]

    def _noise(self, frames: int) -> Array:
        if len(self.babble) and self.draw.random() < 0.12:
            voices = [self._pick(self.babble, frames) for _ in range(int(self.draw.integers(2, 6)))]
            return np.log(np.sum(np.exp(voices), axis=0))
        if self.draw.random() < self.steady:
            return self._steady(frames)
        return self._pick(self.noises, frames)

    def _steady(self, frames: int) -> Array:
        """A fan, rain, an engine, hiss: a spectrum of any slope that only flickers."""
        # Pre-emphasis and wider bins tilt white noise by +10 over the bins, brown by about 0.
        slope = self.draw.uniform(-2.0, 11.0) * np.linspace(0.0, 1.0, BINS)
        flicker = self.draw.standard_normal((frames, BINS), dtype=np.float32) * 1.4 * _SPREAD
        return (slope + self._curve() + flicker).astype(np.float32)

    def _curve(self) -> Array:
        axis = np.linspace(0, np.pi, BINS)
        weights = self.draw.standard_normal(4) * (0.6, 0.45, 0.3, 0.2)
        waves = [w * np.cos((k + 1) * axis) for k, w in enumerate(weights)]
        return np.sum(waves, axis=0).astype(np.float32)

    def _padded(self, feats: Array) -> Array:
        """More of the recording's own quietest frames before and after."""
        before, after = self.draw.integers(0, 40, 2)
        quiet = np.argsort(feats.sum(axis=1))[: max(3, len(feats) // 12)]
        lead, trail = self.draw.choice(quiet, before), self.draw.choice(quiet, after)
        return np.concatenate((feats[lead], feats, feats[trail]))

    def _mask(self, feats: Array) -> None:
        middle = feats.mean()
        if self.draw.random() < self.masks:
            width = int(self.draw.integers(1, 7))
            start = int(self.draw.integers(BINS - width))
            feats[:, start : start + width] = middle
        if self.draw.random() < self.masks:
            width = int(self.draw.integers(1, 6))
            start = int(self.draw.integers(max(1, len(feats) - width)))
            feats[start : start + width] = middle

    def _levelled(self, feats: Array) -> Array:
        wanted = FULL_LEVEL + DECIBEL * self.draw.uniform(*self.loudness)
        return feats + np.float32(wanted - level(feats))

    def speech(self, feats: Array) -> Array:
        """One utterance as it might have been recorded another night."""
        draw = self.draw
        if draw.random() < self.tempo:
            feats = tempo(feats, float(draw.uniform(0.86, 1.18)))
        if draw.random() < self.warp:
            feats = feats @ self._warps[int(draw.integers(len(self._warps)))]
        feats = self._levelled(self._padded(feats) + self._curve())
        if draw.random() < self.noise:
            noise = self._noise(len(feats))
            gain = level(feats) - level(noise) - DECIBEL * draw.uniform(*self.snr)
            feats = mix(feats, noise + np.float32(gain), draw)
        feats = self._hiss(feats)
        self._mask(feats)
        return feats

    def _hiss(self, feats: Array) -> Array:
        if self.draw.random() < 0.7:  # the microphone's own noise; the rest stays digitally silent
            hiss = FULL_LEVEL - np.log(BINS) + DECIBEL * self.draw.uniform(-100, -72)
            shape = self.draw.standard_normal(feats.shape, dtype=np.float32) * _SPREAD
            feats = np.logaddexp(feats, np.float32(hiss) + shape)
        return feats.astype(np.float32)

    def silence(self, frames: int) -> Array:
        """Noise without a word."""
        feats = self._levelled(self._noise(frames) + self._curve())
        if self.draw.random() < 0.3:
            feats = mix(feats, self._levelled(self._noise(frames)), self.draw)
        return self._hiss(feats)
