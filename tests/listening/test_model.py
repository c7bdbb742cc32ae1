"""Every way in which a model can be missing, broken or of another kind."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.listening.speech import join, silence, speech
from voice_coach.errors import ModelError
from voice_coach.listening.model import SpeechModel, find_model, open_model
from voice_coach.listening.port import Grammar
from voice_coach.listening.vosk_recogniser import VoskRecogniser


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No memory of models that were checked before."""
    cache = tmp_path / "cache"
    monkeypatch.setattr("platformdirs.user_cache_path", lambda *_args, **_more: cache)
    return cache


@pytest.fixture
def copy(model: SpeechModel, tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    shutil.copytree(model.folder, folder)
    return folder


def change(path: Path, how: Callable[[bytes], bytes]) -> None:
    path.write_bytes(how(path.read_bytes()))


def test_the_model_that_comes_along_is_found() -> None:
    assert (find_model() / "am" / "final.mdl").is_file()


def test_it_is_our_own_kind_and_small(model: SpeechModel) -> None:
    assert model.exact is not None
    assert 1_000_000 < model.size < 20_000_000


def test_no_such_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"There is no speech model at .*--model"):
        open_model(tmp_path / "nowhere")


def test_a_file_instead_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "model.zip").write_bytes(b"PK")
    with pytest.raises(ModelError, match="is a file, not a model folder"):
        open_model(tmp_path / "model.zip")


def test_a_folder_that_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is not a Vosk model"):
        open_model(tmp_path)


@pytest.mark.parametrize("kept", [0, 10, 500, 3000, 100_000, -1])
def test_a_truncated_acoustic_model(copy: Path, kept: int) -> None:
    change(copy / "am" / "final.mdl", lambda data: data[:kept])
    with pytest.raises(ModelError, match=r"final\.mdl"):
        open_model(copy)


def test_garbage_instead_of_an_acoustic_model(copy: Path) -> None:
    change(copy / "am" / "final.mdl", lambda data: b"\x7fELF" * (len(data) // 4))
    with pytest.raises(ModelError, match="not an acoustic model"):
        open_model(copy)


@pytest.mark.parametrize("filler", [b"\0", b"\xff"])
def test_garbage_in_the_middle_ends_a_child_not_us(copy: Path, filler: bytes) -> None:
    def spoil(data: bytes) -> bytes:
        at = data.find(b"<NumComponents>")
        return data[:at] + filler * 4000 + data[at + 4000 :]

    change(copy / "am" / "final.mdl", spoil)
    with pytest.raises(ModelError, match="Vosk cannot load it"):
        open_model(copy)


@pytest.mark.parametrize("name", ["graph/phones.txt", "phone_bigram.txt"])
def test_a_missing_or_damaged_table(copy: Path, name: str) -> None:
    change(copy / name, lambda data: data[: len(data) // 2] + b"\nx\n")
    with pytest.raises(ModelError, match="damaged"):
        open_model(copy)
    (copy / name).unlink()
    with pytest.raises(ModelError, match="cannot be read"):
        open_model(copy)


@pytest.mark.parametrize("name", ["conf/model.conf", "graph/phones/word_boundary.int"])
def test_a_missing_part(copy: Path, name: str) -> None:
    (copy / name).unlink()
    with pytest.raises(ModelError, match="cannot be made from the model"):
        open_model(copy)


def test_an_incomplete_bigram(copy: Path) -> None:
    change(copy / "phone_bigram.txt", lambda data: data[: data.rfind(b"\nZH ") + 1])
    with pytest.raises(ModelError, match="incomplete"):
        open_model(copy)


def test_a_lexicon_with_a_phone_the_model_lacks(copy: Path) -> None:
    change(copy / "lexicon.txt", lambda data: data + b"loch L AA X\n")
    with pytest.raises(ModelError, match="does not have: X"):
        open_model(copy)


def test_one_line_in_the_lexicon_teaches_a_word(copy: Path) -> None:
    change(copy / "lexicon.txt", lambda data: data + b"gastroc G AE S T R AA K\n")
    recogniser = VoskRecogniser(open_model(copy))
    recogniser.use(Grammar("words", ("gastroc", "calf", "stop")))
    recogniser.feed(join(silence(0.3), speech("gastrock"), silence(0.5)))
    assert recogniser.finish().text == "gastroc"


def test_a_model_that_passed_is_not_tried_again(copy: Path, own_cache: Path) -> None:
    open_model(copy)
    (stamp,) = (own_cache / "checked-models").iterdir()
    before = stamp.stat().st_mtime_ns
    open_model(copy)
    assert stamp.stat().st_mtime_ns == before
    change(copy / "conf" / "mfcc.conf", lambda data: data + b"--no-such-option=1\n")
    with pytest.raises(ModelError, match="Vosk cannot load it"):
        open_model(copy)


def test_an_unwritable_cache_only_costs_time(copy: Path, own_cache: Path) -> None:
    own_cache.write_text("a file where the folder should be")
    assert open_model(copy).exact is not None


def test_a_foreign_model_takes_its_grammar_at_run_time(copy: Path) -> None:
    (copy / "lexicon.txt").unlink()
    foreign = open_model(copy)
    assert foreign.exact is None
    recogniser = VoskRecogniser(foreign)
    recogniser.use(Grammar("state", ("yes", "still hurts", "not sure")))
    for text in ("yes", "still hurts"):
        recogniser.feed(join(silence(0.3), speech(text), silence(0.5)))
        heard = recogniser.finish()
        assert (heard.text, heard.accepted) == (text, True)
    with pytest.raises(ModelError, match="'zyzzyva'"):
        recogniser.use(Grammar("state", ("zyzzyva",)))


def test_a_foreign_models_own_endpoint_loses_nothing(copy: Path) -> None:
    (copy / "lexicon.txt").unlink()
    recogniser = VoskRecogniser(open_model(copy))
    recogniser.use(Grammar("state", ("yes", "still hurts", "not sure")))
    sound = join(silence(0.3), speech("still hurts"), silence(3.0))
    for at in range(0, len(sound), 480):
        recogniser.feed(sound[at : at + 480])
    assert recogniser.partial() == "still hurts"
    assert recogniser.finish().accepted


def test_a_foreign_model_with_a_fixed_graph_is_named(copy: Path) -> None:
    (copy / "lexicon.txt").unlink()
    (copy / "graph" / "HCLG.fst").write_bytes(b"")
    with pytest.raises(ModelError, match="fixed graph"):
        open_model(copy)


def test_a_foreign_model_without_a_graph(copy: Path) -> None:
    (copy / "lexicon.txt").unlink()
    (copy / "graph" / "HCLr.fst").unlink()
    with pytest.raises(ModelError, match=r"no graph/HCLr\.fst"):
        open_model(copy)


def test_links_that_are_not_permitted_become_copies(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*_args: object, **_more: object) -> None:
        raise OSError("symbolic link privilege not held")

    monkeypatch.setattr("os.symlink", forbidden)
    recogniser = VoskRecogniser(open_model(copy))
    recogniser.use(Grammar("state", ("yes", "no")))
    recogniser.feed(join(silence(0.3), speech("yes"), silence(0.5)))
    assert recogniser.finish().text == "yes"
