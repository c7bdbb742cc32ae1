"""Does Vosk compute what was trained?

Vosk gives no scores of frames, but with one phrase as its grammar and no rejection the
"confidence" of an alternative is the log-likelihood of the best path. The same number comes from
our own Viterbi search over our own scores, with the graph's costs added.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import vosk

from scripts.train.arrays import Array
from scripts.train.features import mfcc
from scripts.train.graph import HALF
from scripts.train.lexicon import Lexicon
from scripts.train.states import States
from scripts.train.transcript import Chain, chain
from scripts.train.weights import Weights, scores

GRAPH_SCALE = 0.9
"""Vosk scales graph costs by this in the alternatives' confidence."""


def best_path(values: Array, words: Chain, pause: float = HALF) -> float:
    """Viterbi score of a transcript over (time, pdfs) scores, less ``pause``."""
    phones = words.phones
    forward, loop = values[:, 2 * phones], values[:, 2 * phones + 1]
    padded = np.where(words.before < 0, len(phones), words.before)
    alpha = np.where(words.first, 0.0, -np.inf) + forward[0]
    for t in range(1, len(values)):
        earlier = np.append(alpha, -np.inf)[padded].max(axis=1)
        alpha = np.maximum(alpha + loop[t], earlier + forward[t])
    return float(alpha[words.last].max()) - pause


def vosk_score(states: States, phrase: str, samples: Array) -> float | None:
    """Log-likelihood that Vosk gives the phrase, or None when it heard nothing."""
    recogniser: vosk.KaldiRecognizer = states.open([phrase], False)
    recogniser.SetMaxAlternatives(1)
    recogniser.AcceptWaveform((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    answer = json.loads(recogniser.FinalResult())["alternatives"][0]
    return float(answer["confidence"]) if answer["text"] == phrase else None


def our_score(weights: Weights, lexicon: Lexicon, phrase: str, samples: Array) -> float:
    """The same from our own scores; the choice of a pause costs, at each end of each word."""
    quantised = (np.clip(samples, -1, 1) * 32767).astype("<i2").astype(np.float32) / 32768
    values = scores(weights, mfcc(quantised))
    words = phrase.split()
    pause = GRAPH_SCALE * HALF * (len(words) + 1)
    return best_path(values, chain(words, lexicon), pause)


def sound(seed: int, seconds: float = 1.5) -> Array:
    """Something with changing pitch and spectrum: the numbers must agree on any sound."""
    draw = np.random.default_rng(seed)
    time = np.arange(int(seconds * 16000)) / 16000
    pitch = 120 + 40 * np.sin(2 * np.pi * draw.uniform(0.5, 3) * time)
    voice = np.sign(np.sin(2 * np.pi * np.cumsum(pitch) / 16000))
    swell = np.clip(np.sin(2 * np.pi * draw.uniform(1, 3) * time), 0, 1)
    samples = 0.2 * voice * swell + 0.01 * draw.standard_normal(len(time))
    return samples.astype(np.float32)


def worst_gap(
    folder: Path,
    weights: Weights,
    lexicon: Lexicon,
    phrases: tuple[str, ...] = ("yes", "stop", "still hurts", "calf cramp", "i can't reach it"),
) -> float:
    """The largest difference of log-likelihoods per output frame over several sounds.

    Raises RuntimeError when Vosk hears none of the phrases.
    """
    states = States(folder)
    gaps = []
    for seed, phrase in enumerate(phrases):
        samples = sound(seed)
        heard = vosk_score(states, phrase, samples)
        if heard is not None:
            ours = our_score(weights, lexicon, phrase, samples)
            gaps.append(abs(heard - ours) / (len(samples) / 16000 * 100 / 3))
    if not gaps:
        raise RuntimeError("Vosk recognised none of the check's phrases: the export is broken.")
    return max(gaps)
