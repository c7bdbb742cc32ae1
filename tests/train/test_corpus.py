"""The manifest format, written and read; which clips are used; the synthetic plan."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from scripts.train.corpus import RATE, CorpusWriter, read_clips, read_manifest
from scripts.train.lexicon import Lexicon, dictionary, read_words
from scripts.train.prepare import generator, usable
from scripts.train.synth import HELD_OUT, held_out_plan, plan, trim, voices, word_strings
from scripts.train.wording import PHRASES, content_phrases, vocabulary

LEXICON: Lexicon = {"yes": (("Y", "EH", "S"),), "no": (("N", "OW"),)}


def corpus(folder: Path) -> Path:
    writer = CorpusWriter(folder, "words.tar")
    for number, word in enumerate(["yes", "no", "zebra"]):
        tone = 0.1 * np.sin(np.arange(RATE // 2 + number) / 10)
        writer.add(tone, kind="speech", source="people", transcript=word, split="train")
    writer.close()
    return folder


def test_what_was_written_is_read(tmp_path: Path) -> None:
    clips = read_manifest(corpus(tmp_path / "c"))
    assert [clip.transcript for clip in clips] == ["yes", "no", "zebra"]
    found = {clip.transcript: samples for clip, samples in read_clips(clips)}
    assert len(found["zebra"]) == RATE // 2 + 2
    assert np.abs(found["yes"]).max() > 0.09


def test_a_broken_file_is_left_out(tmp_path: Path) -> None:
    folder = corpus(tmp_path / "c")
    data = bytearray((folder / "words.tar").read_bytes())
    data[512:516] = b"junk"  # the first member's magic number
    (folder / "words.tar").write_bytes(bytes(data))
    clips = read_manifest(folder)
    assert [clip.transcript for clip, _ in read_clips(clips)] == ["no", "zebra"]


def test_only_words_with_a_pronunciation_are_used(tmp_path: Path) -> None:
    clips = read_manifest(corpus(tmp_path / "c"))
    assert [usable(clip, LEXICON) for clip in clips] == [True, True, False]


def test_random_numbers_follow_the_clip_not_the_order() -> None:
    first = generator("a", 1).random()
    assert first == generator("a", 1).random()
    assert first != generator("b", 1).random()
    assert first != generator("a", 2).random()


def test_held_out_voices_never_speak_in_training() -> None:
    takes = plan(["it still hurts"], 400, 1)
    assert not [take for take in takes if take.held_out]
    kept = {voice.split("+")[-1] for _, voice in HELD_OUT}
    assert not {take.voice.split("+")[-1] for take in takes} & kept
    assert {(t.engine, t.voice) for t in held_out_plan(["yes"])} == set(HELD_OUT)
    assert len(voices("espeak-ng")) > 300


def test_the_plan_repeats_with_the_seed() -> None:
    assert plan(["yes", "no"], 5, 3) == plan(["yes", "no"], 5, 3)
    assert plan(["yes", "no"], 5, 3) != plan(["yes", "no"], 5, 4)
    assert word_strings(["a", "b"], 4, 1) == word_strings(["a", "b"], 4, 1)


def test_silence_around_a_phrase_is_trimmed() -> None:
    samples = np.concatenate((np.zeros(RATE), np.ones(RATE), np.zeros(RATE)))
    assert abs(len(trim(samples)) - 1.24 * RATE) < 0.02 * RATE


def test_every_word_of_every_phrase_is_in_the_vocabulary() -> None:
    known = vocabulary(dictionary())
    missing = {w for p in read_words(PHRASES) for w in p.split() if w not in known}
    assert missing == set()
    assert len(known) > 8000
    assert "calf cramp" in content_phrases()
    assert "yesterday" not in content_phrases()
