"""What can go wrong with a speech engine, and what a person is told then."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.virtual_card import VirtualCard
from voice_coach.errors import VoiceError
from voice_coach.speaking import render_child, scratch
from voice_coach.speaking.port import VoiceSettings, VoiceUnavailable
from voice_coach.speaking.pyttsx3_renderer import Pyttsx3Renderer
from voice_coach.speaking.render_child import choose_voice, find_voice


def child(tmp_path: Path, body: str) -> list[str]:
    """A command that reads the request, notes that it ran, and then does ``body``."""
    script = tmp_path / "child.py"
    head = f"""
        import json, os, sys, time
        request = json.load(sys.stdin)
        with open({str(tmp_path / "runs")!r}, "a") as runs:
            print(os.getpid(), file=runs)
    """
    script.write_text(textwrap.dedent(head) + textwrap.dedent(body))
    return [sys.executable, str(script)]


def runs(tmp_path: Path) -> list[int]:
    noted = tmp_path / "runs"
    return [int(line) for line in noted.read_text().split()] if noted.exists() else []


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # In a container nobody may collect an orphan: dead, but still in the table.
    state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    return state not in "ZX"


def wait_for(condition: Callable[[], object], seconds: float = 5.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.01)


def test_a_hang_is_ended_with_all_it_started_and_tried_twice(tmp_path: Path) -> None:
    command = child(
        tmp_path,
        f"""
        import subprocess
        inner = subprocess.Popen(["sleep", "600"])
        with open({str(tmp_path / "runs")!r}, "a") as runs:
            print(inner.pid, file=runs)
        time.sleep(600)
        """,
    )
    renderer = Pyttsx3Renderer(command=command, timeout=0.7)
    began = time.monotonic()
    with pytest.raises(VoiceError, match=r"did not finish within 0\.7 seconds: try another voice"):
        renderer.render("Hello.", VoiceSettings())
    assert time.monotonic() - began < 5.0
    assert len(runs(tmp_path)) == 4
    wait_for(lambda: not any(alive(pid) for pid in runs(tmp_path)))


def test_a_crash_is_named_and_tried_twice(tmp_path: Path) -> None:
    renderer = Pyttsx3Renderer(command=child(tmp_path, "os.abort()"))
    with pytest.raises(VoiceError, match="was ended by signal 6"):
        renderer.render("Hello.", VoiceSettings())
    assert len(runs(tmp_path)) == 2


def test_a_python_error_is_told_in_its_last_line_without_a_traceback(tmp_path: Path) -> None:
    renderer = Pyttsx3Renderer(command=child(tmp_path, "raise KeyError('volume')"))
    with pytest.raises(VoiceError, match=r"ended with status 1 \(KeyError: 'volume'\)") as caught:
        renderer.render("Hello.", VoiceSettings())
    assert "Traceback" not in str(caught.value)


def test_one_failure_is_made_good_by_the_second_try(tmp_path: Path) -> None:
    command = child(
        tmp_path,
        f"""
        first = not os.path.exists({str(tmp_path / "once")!r})
        open({str(tmp_path / "once")!r}, "w").close()
        if first:
            os.abort()
        import runpy, io
        sys.stdin = io.StringIO(json.dumps(request))
        runpy.run_path({render_child.__file__!r}, run_name="__main__")
        """,
    )
    renderer = Pyttsx3Renderer(command=command)
    assert renderer.render("Hello.", VoiceSettings()).size > 4_000
    assert len(runs(tmp_path)) == 2


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("print('{}')", "wrote no sound"),
        ("print('[]')", "makes no sense"),
        ("print('Audio saved')", "ended with status 0"),
        (
            "open(request['path'], 'wb').write(b'RIFF'); print('{}')",
            "rendered neither WAV nor AIFF",
        ),
        (
            """
            import wave
            with wave.open(request["path"], "wb") as out:
                out.setparams((1, 2, 22050, 0, "NONE", ""))
                out.writeframes(bytes(30000))
            print("{}")
            """,
            "rendered silence",
        ),
    ],
)
@pytest.mark.parametrize("in_memory", [True, False])
def test_a_faulty_rendering_is_never_played(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, told: str, in_memory: bool
) -> None:
    if not in_memory:
        monkeypatch.delattr(os, "memfd_create")
    renderer = Pyttsx3Renderer(command=child(tmp_path, body))
    with pytest.raises(VoiceError, match=told):
        renderer.render("Hello.", VoiceSettings())
    assert len(runs(tmp_path)) == 2


@pytest.mark.parametrize("in_memory", [True, False])
def test_nothing_is_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_memory: bool
) -> None:
    if not in_memory:
        monkeypatch.delattr(os, "memfd_create")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    open_files = len(os.listdir("/proc/self/fd"))
    assert Pyttsx3Renderer().render("Hello.", VoiceSettings()).size > 4_000
    assert os.listdir(tmp_path) == []
    assert len(os.listdir("/proc/self/fd")) == open_files


@pytest.mark.card
def test_a_hung_sound_server_does_not_hold_the_voice_up() -> None:
    with VirtualCard() as card:
        renderer = Pyttsx3Renderer(env={**os.environ, **card.environment})
        os.kill(card.pid, signal.SIGSTOP)
        try:
            assert renderer.render("Hello.", VoiceSettings()).size > 4_000
        finally:
            os.kill(card.pid, signal.SIGCONT)


def test_a_full_temporary_folder_is_one_clear_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.delattr(os, "memfd_create")
    monkeypatch.setattr(tempfile, "mkdtemp", full)
    with pytest.raises(VoiceError, match=r"no room .*No space left on device.*free some"):
        Pyttsx3Renderer().render("Hello.", VoiceSettings())


def test_an_engine_that_cannot_write_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "voice_coach.speaking.pyttsx3_renderer.scratch_file",
        lambda: contextlib.nullcontext(scratch.Scratch("/dev/full")),
    )
    with pytest.raises(VoiceError, match="No space left on device"):
        Pyttsx3Renderer().render("Hello.", VoiceSettings())


def without(tmp_path: Path, body: str) -> dict[str, str]:
    """An environment whose Python has something taken away."""
    (tmp_path / "sitecustomize.py").write_text(textwrap.dedent(body))
    return {**os.environ, "PYTHONPATH": str(tmp_path)}


NO_LIBRARY = """
    import ctypes
    def load(*_):
        raise OSError("cannot open shared object file")
    ctypes.cdll.LoadLibrary = load
"""
NO_PACKAGE = """
    import sys
    sys.modules["pyttsx3"] = None
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the remedy differs")
def test_no_engine_names_the_command_that_installs_it(tmp_path: Path) -> None:
    renderer = Pyttsx3Renderer(env=without(tmp_path, NO_LIBRARY))
    with pytest.raises(VoiceUnavailable, match=r"no voice engine.*apt-get install espeak-ng"):
        renderer.render("Hello.", VoiceSettings())
    with pytest.raises(VoiceUnavailable, match="no voice engine"):
        _ = renderer.version


def test_no_pyttsx3_names_the_command_that_installs_it(tmp_path: Path) -> None:
    renderer = Pyttsx3Renderer(env=without(tmp_path, NO_PACKAGE))
    with pytest.raises(VoiceUnavailable, match="pip install pyttsx3"):
        renderer.render("Hello.", VoiceSettings())


@pytest.mark.parametrize("voice", ["nobody", "en-us+nobody", "mb/mb-us2", "us-mbrola-2"])
def test_a_voice_that_does_not_sound_is_refused_with_some_that_do(voice: str) -> None:
    with pytest.raises(VoiceUnavailable) as caught:
        Pyttsx3Renderer().render("Hello.", VoiceSettings(voice=voice))
    assert f"'{voice}' is not installed" in str(caught.value)
    assert "gmw/en-us" in str(caught.value)


@pytest.mark.parametrize(
    "voice", ["en-us", "gmw/en-US", "EN-GB", "Received", "en-us+f3", "en-gb+Mr serious"]
)
def test_voices_go_by_id_language_part_of_a_name_and_variant(voice: str) -> None:
    assert Pyttsx3Renderer().render("Hello.", VoiceSettings(voice=voice)).size > 4_000


VOICES = [
    {"id": "gmw/en-gb-x-rp", "name": "English (Received Pronunciation)", "language": "en-gb-x-rp"},
    {"id": "gmw/en", "name": "English (Great Britain)", "language": "en-gb"},
    {"id": "gmw/de", "name": "German", "language": "de"},
]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("gmw/en", "gmw/en"),
        ("en", "gmw/en"),
        ("en-gb", "gmw/en"),
        ("english", "gmw/en-gb-x-rp"),
        ("german+f2", "gmw/de+f2"),
        ("french", None),
        ("+f2", None),
    ],
)
def test_find_voice(wanted: str, found: str | None) -> None:
    assert find_voice(VOICES, wanted) == found


def test_the_default_voice_falls_back_to_any_english_one() -> None:
    assert choose_voice(VOICES, "", ["en-us", "de"]) == "gmw/de"
    assert choose_voice(VOICES, "", ["en-us"]) == "gmw/en-gb-x-rp"
    assert choose_voice(VOICES[2:], "", ["en-us"]) is None


def test_a_default_variant_that_is_missing_leaves_its_voice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module = "voice_coach.speaking.pyttsx3_renderer.DEFAULT_VOICES"
    monkeypatch.setattr(module, ("en-us+nobody",))
    assert Pyttsx3Renderer().render("Hello.", VoiceSettings()).size > 4_000


def test_the_voices_are_listed() -> None:
    voices = {voice.id: voice for voice in Pyttsx3Renderer().voices()}
    assert voices["gmw/en-us"].language == "en-us"


def test_the_version_is_asked_for_once(tmp_path: Path) -> None:
    renderer = Pyttsx3Renderer(command=child(tmp_path, """print('{"version": "x 1"}')"""))
    assert [renderer.version, renderer.version] == ["x 1", "x 1"]
    assert len(runs(tmp_path)) == 1


def test_close_ends_a_running_child_at_once(tmp_path: Path) -> None:
    renderer = Pyttsx3Renderer(command=child(tmp_path, "time.sleep(600)"), timeout=60)
    failures: list[VoiceError] = []

    def render() -> None:
        try:
            renderer.render("Hello.", VoiceSettings())
        except VoiceError as error:
            failures.append(error)

    thread = threading.Thread(target=render)
    thread.start()
    wait_for(lambda: runs(tmp_path))
    began = time.monotonic()
    renderer.close()
    thread.join(5)
    assert time.monotonic() - began < 2.0
    assert len(failures) == 1
    assert len(runs(tmp_path)) == 1
    assert not alive(runs(tmp_path)[0])


PROGRAM = """
    import json, sys, threading
    from voice_coach.speaking.port import VoiceSettings
    from voice_coach.speaking.pyttsx3_renderer import Pyttsx3Renderer
    renderer = Pyttsx3Renderer(command=json.loads(sys.argv[1]), timeout=60)
    {run}
"""


def program(command: list[str], run: str) -> subprocess.Popen[str]:
    # A shell starts its background jobs deaf to Ctrl-C, and tests may run in one: what is handled
    # here is no longer ignored there.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(PROGRAM).format(run=run), json.dumps(command)],
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            cwd=Path(__file__).parents[2],
        )
    finally:
        signal.signal(signal.SIGINT, before)


def test_ctrl_c_reaches_the_program_alone_and_leaves_no_child(tmp_path: Path) -> None:
    run = """
try:
    renderer.render("Hello.", VoiceSettings())
except KeyboardInterrupt:
    sys.exit(7)
"""
    process = program(child(tmp_path, "time.sleep(600)"), run)
    wait_for(lambda: runs(tmp_path), 20)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=10)
    assert process.returncode == 7
    assert errors == ""
    wait_for(lambda: not alive(runs(tmp_path)[0]))


def test_a_program_that_ends_without_closing_leaves_no_child(tmp_path: Path) -> None:
    run = f"""
thread = threading.Thread(target=renderer.render, args=("Hello.", VoiceSettings()), daemon=True)
thread.start()
import os, time
while not os.path.exists({str(tmp_path / "runs")!r}):
    time.sleep(0.01)
"""
    process = program(child(tmp_path, "time.sleep(600)"), run)
    process.communicate(timeout=20)
    wait_for(lambda: runs(tmp_path) and not alive(runs(tmp_path)[0]))
