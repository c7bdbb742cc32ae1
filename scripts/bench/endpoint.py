"""What the faster endpoint costs: words lost against hearing the whole sound to its end.

The same people's words, clip by clip, through the whole ear with its own endpoint, and given whole
to the recogniser, as Vosk's own endpoint would at last. With a sweep over the silence that ends a
phrase: how many words, and how long after the last sound they are decided.

    pip install -e ".[bench]"
    python -m scripts.bench.endpoint --data ../shared/data [--words 300] [--silence 0.12]...
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from scripts.bench.barge_in import GRAMMAR, people
from voice_coach.audio.port import BLOCK, RATE, Block, Samples
from voice_coach.commands import setup
from voice_coach.commands.setup import Choices
from voice_coach.listening.listener import DEFAULT_TIMES, EndpointTimes, Listener
from voice_coach.listening.port import Recogniser


def padded(word: Samples) -> Samples:
    """With the hiss of a quiet room before and after it."""
    draw = np.random.default_rng(len(word))
    hiss = 8 * draw.standard_normal(len(word) + 2 * RATE)
    hiss[RATE // 2 : RATE // 2 + len(word)] += word
    return np.asarray(np.clip(np.rint(hiss), -32768, 32767), np.int16)


def whole(recogniser: Recogniser, sound: Samples) -> str:
    """What is understood of the whole sound."""
    recogniser.use(GRAMMAR)
    for at in range(0, len(sound), BLOCK):
        recogniser.feed(sound[at : at + BLOCK])
    found = recogniser.finish()
    return found.text if found.accepted else ""


def ear(recogniser: Recogniser, sound: Samples, times: EndpointTimes) -> tuple[str, float | None]:
    """The first that our ear accepts, and how long after the last sound it was decided."""
    listener = Listener(recogniser, times)
    listener.listen(GRAMMAR)
    for at in range(0, len(sound) - BLOCK + 1, BLOCK):
        told = listener.process(Block(sound[at : at + BLOCK], (at + BLOCK) / RATE))
        if told is not None and told.recognition.accepted:
            return told.recognition.text, told.decided - told.word_end
    return "", None


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    parser.add_argument("--words", type=int, default=300)
    parser.add_argument("--silence", type=float, action="append", help="s (as shipped)")
    parser.add_argument("--model", type=Path)
    args = parser.parse_args()
    recogniser = setup.recogniser(Choices(region="GB", model=args.model))
    words = [(said, padded(word)) for said, word in people(args.data, args.words)]
    right = sum(whole(recogniser, sound) == said for said, sound in words)
    print("| endpoint | words understood | mistaken | decided after, median ms | p95 |")
    print("|---|---|---|---|---|")
    print(f"| the whole sound | {100 * right / len(words):.1f} % of {len(words)} | | | |")
    for silence in args.silence or [DEFAULT_TIMES.final]:
        times = replace(DEFAULT_TIMES, final=silence)
        found = [(said, *ear(recogniser, sound, times)) for said, sound in words]
        good = sum(said == text for said, text, _ in found)
        bad = sum(bool(text) and said != text for said, text, _ in found)
        after = [1000 * late for _, _, late in found if late is not None]
        median, p95 = np.percentile(after, [50, 95])
        share = f"{100 * good / len(words):.1f} % | {100 * bad / len(words):.1f} %"
        print(f"| {silence:g} s of silence | {share} | {median:.0f} | {p95:.0f} |", flush=True)


if __name__ == "__main__":
    main()
