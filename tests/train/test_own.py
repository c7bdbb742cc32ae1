"""Phones of single words: numbered behind the plain ones, begun as their copies, used by Vosk."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import vosk

from scripts.train.bigram import Bigram
from scripts.train.check import best_path, sound
from scripts.train.corpus import RATE, Clip
from scripts.train.export import pdf_phone, phone_names, rounded, write_acoustics
from scripts.train.features import mfcc
from scripts.train.graph import HALF, Rejection, write_graph
from scripts.train.lexicon import PHONE_INDEX, PHONES, Lexicon
from scripts.train.own import ENOUGH_PEOPLE, OwnPhones, well_known
from scripts.train.transcript import chain
from scripts.train.weights import Shape, random_weights, scores
from voice_coach.listening.bundle import bundle, write_bundle
from voice_coach.listening.graph import build_graph
from voice_coach.listening.lexicon import Lexicon as SpokenLexicon

OWN = OwnPhones(("Y.yes", "EH.yes", "S.yes"))


def clip(transcript: str, speaker: str, split: str = "train") -> Clip:
    return Clip(
        Path(), "a.tar", f"{speaker}.opus", "speech", "people", split, 1.0, transcript, speaker
    )


def test_a_word_that_enough_people_say_alone_is_well_known() -> None:
    clips = [clip("yes", str(n)) for n in range(ENOUGH_PEOPLE)]
    clips += [clip("no", "one man") for _ in range(ENOUGH_PEOPLE)]
    clips += [clip("oh no", str(n)) for n in range(ENOUGH_PEOPLE)]
    clips += [clip("go", str(n), "dev") for n in range(ENOUGH_PEOPLE)]
    assert well_known(clips) == ["yes"]
    assert well_known(clips[1:]) == []


def test_own_phones_stand_behind_the_plain_ones(lexicon: Lexicon) -> None:
    assert OwnPhones.of(["yes"], lexicon) == OWN
    assert OWN.numbers == {"Y.yes": 40, "EH.yes": 41, "S.yes": 42}
    assert [PHONES[number] for number in OWN.plain] == ["Y", "EH", "S"]


def test_only_the_owner_is_said_in_them(lexicon: Lexicon) -> None:
    own = chain(["no", "yes"], lexicon, OWN.numbers)
    plain = chain(["no", "yes"], lexicon)
    changed = {PHONE_INDEX[p]: OWN.numbers[f"{p}.yes"] for p in ("Y", "EH", "S")}
    assert own.phones.tolist() == [changed.get(phone, phone) for phone in plain.phones.tolist()]


def test_kaldis_phones_keep_their_numbers() -> None:
    assert phone_names(OWN.names)[: len(phone_names())] == phone_names()
    assert pdf_phone("EH.yes_I", OWN.names) == 41
    assert pdf_phone("uEH_I", OWN.names) == PHONE_INDEX["EH"]


def test_the_exact_graph_computes_what_numpy_computes(
    tmp_path: Path, lexicon: Lexicon, bigram: Bigram
) -> None:
    shape = replace(Shape.deep(24, 2, 1), own=OWN.names)
    weights = rounded(random_weights(shape, seed=11))
    write_acoustics(tmp_path, weights)
    write_graph(tmp_path, lexicon, bigram, Rejection(), OWN.names)
    rows = (line.split() for line in (tmp_path / "graph" / "phones.txt").read_text().splitlines())
    phones = {name: int(number) for name, number in rows}
    samples = sound(3)
    values = scores(weights, mfcc((samples * 32767).astype("<i2").astype(np.float32) / 32768))
    for word in ("yes", "no"):
        graph = build_graph([word], SpokenLexicon(lexicon), phones, None)
        with bundle() as folder:
            write_bundle(folder, tmp_path, graph)
            recogniser = vosk.KaldiRecognizer(vosk.Model(str(folder)), RATE)
        recogniser.SetMaxAlternatives(1)
        recogniser.AcceptWaveform((samples * 32767).astype("<i2").tobytes())
        (answer,) = json.loads(recogniser.FinalResult())["alternatives"]
        assert answer["text"] == word
        expected = best_path(values, chain([word], lexicon, OWN.numbers), 2 * 0.9 * HALF)
        assert abs(answer["confidence"] - expected) / len(values) < 0.001
        other = best_path(values, chain([word], lexicon), 2 * 0.9 * HALF)
        assert (abs(other - expected) > 0.1) == (word == "yes"), "only yes has phones of its own"
