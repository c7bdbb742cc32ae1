"""`voice-coach model`: listing, installing and removing, with a real model from a real server."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands.conftest import Call
from tests.store.conftest import zipped, zipped_model
from tests.store.site import Page, Site
from voice_coach.errors import ModelError
from voice_coach.listening.model import find_model
from voice_coach.store.installed import MODELS_VARIABLE

NAME = "vosk-model-small-en-us-0.15"
ROOT = Path(__file__).parents[2]


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as running:
        yield running


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "models"
    monkeypatch.setenv(MODELS_VARIABLE, str(folder))
    monkeypatch.setattr("platformdirs.user_cache_path", lambda *_a, **_m: tmp_path / "cache")
    return folder


@pytest.fixture(scope="module")
def archive() -> bytes:
    return zipped_model("model-as-released")


def put(models: Path, name: str) -> Path:
    """The shipped model once more, installed by hand."""
    shutil.copytree(find_model(), models / name)
    return models / name


# -- listing --------------------------------------------------------------------------------------


def test_the_list_without_a_network(call: Call, models: Path) -> None:
    put(models, "my-own")
    lines = call("model", "list").out.splitlines()
    assert lines[0].startswith("* coach-en")
    assert lines[0].endswith("shipped")
    assert lines[1].startswith("  my-own")
    assert lines[1].endswith("installed")
    assert "--online" in lines[-1]


def test_the_model_in_use_is_marked(call: Call, models: Path, tmp_path: Path) -> None:
    put(models, "my-own")
    shutil.copytree(find_model(), tmp_path / "elsewhere")
    for which, name in (("my-own", "my-own"), (models / "my-own", "my-own"),
                        ("elsewhere", "elsewhere"), ("coach-en", "coach-en")):  # fmt: skip
        lines = call("model", "list", "--model", which).out.splitlines()
        assert [line.split()[1] for line in lines if line.startswith("*")] == [name]


def test_the_list_with_what_can_be_installed(call: Call, models: Path, site: Site) -> None:
    put(models, NAME)
    url = site.offer(
        "vosk-model-small-en-in-0.4", b"x", size=36_000_000, lang_text="Indian English"
    )
    for arguments in (["--index", url], ["--online", "--index", url]):
        out = call("model", "list", *arguments).out
        assert "  vosk-model-small-en-in-0.4   36.0 MB  Indian English  light\n" in out
        assert out.count(NAME) == 1
        assert "model install NAME" in out


def test_no_network_for_the_list(call: Call, site: Site) -> None:
    site.pages["/list.json"] = Page(status=503)
    assert "cannot answer now" in call("model", "list", "--index", site.url()).refused(9)
    assert "https://" in call("model", "list", "--index", "http://x.example/").refused(2)


# -- installing -----------------------------------------------------------------------------------


def test_installing_using_and_removing(
    call: Call, models: Path, site: Site, archive: bytes
) -> None:
    url = site.offer(NAME, archive)
    done = call("model", "install", NAME, "--index", url)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"{NAME}: ")
    assert f"sha256  {hashlib.sha256(archive).hexdigest()} (the archive)\n" in done.out
    assert done.out.endswith(f"Use it with --model {NAME}\n")
    assert (models / NAME / "am" / "final.mdl").read_bytes() == (
        find_model() / "am" / "final.mdl"
    ).read_bytes()

    assert call("model", "path", "--model", NAME).out == f"{models / NAME}\n"
    assert call("protocol", "check", "--model", NAME).code == 0
    assert "US English  installed\n" in call("model", "list").out

    again = call("model", "install", NAME, "--index", url)
    assert (again.code, again.out) == (
        0, f"{NAME} is installed already; use it with --model {NAME}\n",
    )  # fmt: skip
    assert len(site.requests) == 2

    assert call("model", "remove", NAME).out == f"{NAME} is removed.\n"
    assert f"no speech model at {NAME}" in call("model", "--model", NAME).refused(4)
    assert "is not installed" in call("model", "remove", NAME).refused(2)


def test_one_that_is_installed_but_broken(call: Call, models: Path) -> None:
    (put(models, NAME) / "am" / "final.mdl").write_bytes(b"")
    says = call("model", "install", NAME).refused(4)
    assert f"`voice-coach model remove {NAME}`" in says


def test_a_model_that_takes_no_grammar(call: Call, models: Path, site: Site) -> None:
    changes: dict[str, bytes | None] = {"lexicon.txt": None, "graph/HCLG.fst": b"x"}
    url = site.offer(NAME, zipped_model(NAME, **changes))
    says = call("model", "install", NAME, "--index", url).refused(4)
    assert says.startswith(f"{NAME} is not installed: The model {NAME} has a fixed graph")
    assert sorted(path.name for path in models.iterdir()) == [".incoming", ".lock"]
    assert list((models / ".incoming").iterdir()) == []


def test_an_archive_without_a_model(call: Call, models: Path, site: Site) -> None:
    url = site.offer(NAME, zipped({"vosk/README": b"Nothing here."}))
    says = call("model", "install", NAME, "--index", url).refused(4)
    assert says.startswith(f"{NAME} is not installed: {NAME} is not a Vosk model")
    assert not (models / NAME).exists()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"status": 404}, "has no /"),
        ({"status": 500}, "cannot answer now"),
        ({"breaks_after": 1000}, "run the same command again"),
        ({"claims": 10}, "has 10 bytes and not the"),
        ({"status": 302, "location": "http://x.example/"}, "not a secure address"),
        ({"body": b"x" * 1000}, "has 1000 bytes and not the"),
    ],
)
def test_what_a_server_can_do_wrong(
    call: Call, site: Site, archive: bytes, change: dict[str, object], says: str
) -> None:
    url = site.offer(NAME, archive)
    site.change(f"/{NAME}.zip", **change)
    assert says in call("model", "install", NAME, "--index", url).refused(9)


def test_a_wrong_checksum(call: Call, site: Site, archive: bytes) -> None:
    url = site.offer(NAME, archive, md5="0" * 32)
    assert "has not the checksum" in call("model", "install", NAME, "--index", url).refused(9)


def test_what_there_is_not(call: Call, site: Site) -> None:
    url = site.offer(NAME, b"x")
    says = call("model", "install", NAME[:-1], "--index", url).refused(2)
    assert f'did you mean "{NAME}"?' in says
    assert "not a model's name" in call("model", "install", "../x", "--index", url).refused(2)


def test_the_shipped_model_needs_no_installation_and_stays(call: Call) -> None:
    assert call("model", "install", "coach-en").code == 0
    assert "stays" in call("model", "remove", "coach-en").refused(2)


def test_a_place_that_cannot_be_written(
    call: Call, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv(MODELS_VARIABLE, str(tmp_path / "file" / "models"))
    url = site.offer(NAME, b"x")
    assert "cannot be written" in call("model", "install", NAME, "--index", url).refused(8)


def test_killed_in_the_middle_and_done_again(
    call: Call, models: Path, site: Site, archive: bytes
) -> None:
    url = site.offer(NAME, archive)
    site.change(f"/{NAME}.zip", stalls_after=len(archive) // 2)
    program = subprocess.Popen(
        [sys.executable, "-m", "voice_coach", "model", "install", NAME, "--index", url],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=subprocess.PIPE,
    )  # fmt: skip
    with program:
        assert site.stalled.wait(30)
        program.kill()
        assert program.stderr is not None
        assert program.stderr.read() == b""  # no bar where there is no terminal
    assert program.returncode == -signal.SIGKILL
    assert not (models / NAME).exists()
    kept = (models / ".incoming" / f"{NAME}.zip.part").stat().st_size

    site.change(f"/{NAME}.zip", stalls_after=None)
    assert call("model", "install", NAME, "--index", url).code == 0
    first, second = site.asked(f"/{NAME}.zip")
    assert "Range" not in first.headers
    assert second.headers["Range"] == f"bytes={kept}-"
    assert first.sent + second.sent < 1.5 * len(archive)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_terminal_sees_the_progress(site: Site, archive: bytes) -> None:
    import fcntl  # noqa: PLC0415 - not on every system
    import pty  # noqa: PLC0415
    import termios  # noqa: PLC0415

    url = site.offer(NAME, archive)
    here, there = pty.openpty()
    fcntl.ioctl(there, termios.TIOCSWINSZ, struct.pack("4H", 24, 100, 0, 0))
    program = subprocess.Popen(
        [sys.executable, "-m", "voice_coach", "model", "install", NAME, "--index", url],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, stderr=there,
    )  # fmt: skip
    os.close(there)
    shown = b""
    with program, os.fdopen(here, "rb", 0) as screen:
        try:
            while piece := screen.read(4096):
                shown += piece
        except OSError:
            pass  # how a terminal says that nobody writes to it any more
    assert program.returncode == 0
    assert NAME.encode() in shown
    assert b"100%" in shown


def test_nothing_else_can_open_a_connection() -> None:
    """Listing and using models imports nothing that talks to servers, but for Vosk's own needs."""
    script = (
        "import sys\nfrom voice_coach.commands import model, setup\n"
        "model.list_models(setup.Choices(), None, False)\n"
        "print([m for m in sys.modules if m.startswith('voice_coach.store')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.endswith("\n['voice_coach.store', 'voice_coach.store.installed']\n")


# -- using ----------------------------------------------------------------------------------------


def test_a_folder_comes_before_a_name(call: Call, models: Path, tmp_path: Path) -> None:
    put(models, "my-own")
    assert call("model", "path", "--model", "my-own").out == f"{models / 'my-own'}\n"
    (tmp_path / "my-own").mkdir()
    assert call("model", "path", "--model", "my-own").out == "my-own\n"


def test_a_name_that_is_too_long_for_a_path(call: Call) -> None:
    name = "x" * 300
    assert call("model", "path", "--model", name).out == f"{name}\n"
    done = call("model", "info", "--model", name)
    assert done.code == ModelError.exit_code
    assert done.err.startswith(f"voice-coach: There is no speech model at {name};")


def test_a_place_for_models_that_is_too_long_for_a_path(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", f"/tmp/{'x' * 300}")
    done = call("model", "info", "--model", "foo")
    assert done.err.startswith("voice-coach: There is no speech model at foo;")


def test_the_shipped_model_by_its_name(call: Call) -> None:
    assert call("model", "path", "--model", "coach-en").out == f"{find_model()}\n"


def test_a_foreign_model_without_some_words_names_them(call: Call, models: Path) -> None:
    """No line of ours can teach a foreign model a word, unlike our own."""
    (put(models, "foreign") / "lexicon.txt").unlink()
    words = models / "foreign" / "graph" / "words.txt"
    known = words.read_text().splitlines()
    words.write_text("\n".join(line for line in known if line.split()[0] != "cramp") + "\n")
    says = call("protocol", "check", "--model", "foreign").refused(4)
    assert "does not know" in says
    assert "'cramp'" in says
    assert "use other words" in says


def test_our_own_model_without_a_word_says_how_to_add_it(call: Call, models: Path) -> None:
    lexicon = put(models, "ours") / "lexicon.txt"
    lines = lexicon.read_text().splitlines()
    lexicon.write_text("\n".join(x for x in lines if x.split()[:1] != ["cramp"]) + "\n")
    says = call("protocol", "check", "--model", "ours").refused(6)
    assert 'does not know "cramp"' in says
    assert "lexicon.txt" in says
