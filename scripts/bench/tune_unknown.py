"""How much strange speech costs: accuracy against false accepts for several settings of [unk].

State-sized grammars (10 to 20 phrases) on human recordings of speakers kept for tuning, on
synthetic coach phrases, on foreign speech and on noise. One line a setting; the default in
``voice_coach/listening/graph.py`` was chosen from this table.

    python scripts/bench/tune_unknown.py --corpora ../shared/data
"""

from __future__ import annotations

import argparse
from pathlib import Path

from trials import Trial, trials

from voice_coach.errors import ModelError
from voice_coach.listening.graph import GraphCosts
from voice_coach.listening.model import SpeechModel, open_model
from voice_coach.listening.port import Grammar
from voice_coach.listening.vosk_recogniser import VoskRecogniser


def score(model: SpeechModel, costs: GraphCosts, tried: list[Trial]) -> str:
    """Right and wrong in percent of phrases said, or false accepts of anything else."""
    cells: dict[str, list[int]] = {}
    recogniser = VoskRecogniser(model, costs)
    for trial in tried:
        known = [p for p in trial.phrases if not _unknown(recogniser, p)]
        recogniser.use(Grammar(trial.name, tuple(known)))
        cell = cells.setdefault(trial.name, [0, 0, 0])
        for clip in trial.clips:
            if clip.text in trial.phrases and clip.text not in known:
                continue
            recogniser.feed(clip.samples)
            heard = recogniser.finish()
            cell[0] += 1
            cell[1] += heard.accepted and heard.text == clip.text
            cell[2] += heard.accepted and heard.text != clip.text
    return " | ".join(
        f"{name} {100 * right / total:.1f}/{100 * wrong / total:.1f}"
        for name, (total, right, wrong) in cells.items()
    )


def _unknown(recogniser: VoskRecogniser, phrase: str) -> bool:
    try:
        recogniser.check(Grammar("phrase", (phrase,)))
    except ModelError:
        return True
    return False


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpora", type=Path, required=True)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--phone", type=float, nargs="+", default=[-0.2, -0.4, -0.6, -0.8])
    parser.add_argument("--word", type=float, nargs="+", default=[0.0])
    arguments = parser.parse_args()
    model = open_model(arguments.model)
    tried = list(trials(arguments.corpora))
    print("right/wrong in percent, as: " + ", ".join(f"{t.name} {len(t.clips)}" for t in tried))
    for word in arguments.word:
        for phone in arguments.phone:
            costs = GraphCosts(unknown=word, unknown_phone=phone)
            print(f"word {word:g} phone {phone:g}: {score(model, costs, tried)}", flush=True)


if __name__ == "__main__":
    main()
