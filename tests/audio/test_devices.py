"""Devices: found by number and by name, quietly, and named clearly when they are not there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.virtual_card import VirtualCard
from voice_coach.audio import devices
from voice_coach.audio.devices import Device
from voice_coach.errors import AudioDeviceError

ROOT = Path(__file__).parents[2]


def device(number: int, name: str, inputs: int = 1, outputs: int = 0) -> Device:
    return Device(number, name, "ALSA", inputs, outputs, 48_000.0, False, False)


DESK = (
    device(0, "HDA Intel: ALC (hw:0,0)", inputs=2, outputs=2),
    device(1, "USB Headset: Audio (hw:1,0)", inputs=1, outputs=2),
    device(2, "USB Camera: Audio (hw:2,0)", inputs=1),
    device(3, "HDMI 0", inputs=0, outputs=8),
    device(4, "default", inputs=2, outputs=2),
    device(5, "default camera", inputs=2),
)


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "devices", lambda: DESK)


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize(
    ("query", "number"),
    [(1, 1), ("1", 1), ("headset", 1), ("USB HEAD", 1), (" camera: ", 2), ("default", 4)],
)
def test_a_device_is_found_by_number_part_of_its_name_or_exact_name(
    query: str | int, number: int
) -> None:
    assert devices.find(query, "input").number == number


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("usb", r'"usb" fits several microphones: 1 USB Headset.*2 USB Camera.*Give the number'),
        ("banjo", r'no microphone "banjo"; there is: 0 HDA'),
        (3, 'no microphone "3"'),  # it is a speaker only
        (17, 'no microphone "17"'),
        (-1, 'no microphone "-1"'),
    ],
)
def test_what_is_not_there_or_not_clear_is_said(query: str | int, words: str) -> None:
    with pytest.raises(AudioDeviceError, match=words):
        devices.find(query, "input")


@pytest.mark.usefixtures("desk")
def test_a_speaker_is_asked_for_as_a_speaker() -> None:
    assert devices.find("hdmi", "output").number == 3
    with pytest.raises(AudioDeviceError, match='no speaker "camera"'):
        devices.find("camera", "output")


@pytest.mark.usefixtures("desk")
def test_without_a_default_the_first_fitting_device_is_used() -> None:
    assert devices.find(None, "output").number == 0
    assert devices.find("", "input").number == 0


@pytest.mark.usefixtures("desk")
def test_a_device_is_found_again_by_its_name_when_the_numbers_have_moved() -> None:
    before = device(4, "USB Camera: Audio (hw:2,0)")
    assert devices.find_again(before, "input").number == 2
    with pytest.raises(AudioDeviceError, match=r'"Banjo" is gone: plug it in again'):
        devices.find_again(device(0, "Banjo"), "input")
    with pytest.raises(AudioDeviceError, match="is gone"):
        devices.find_again(before, "output")


def test_no_device_at_all_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "devices", tuple)
    with pytest.raises(AudioDeviceError, match="no microphone on this machine"):
        devices.find(None, "input")
    assert not devices.has_microphone()
    assert not devices.has_speaker()


@pytest.mark.card
@pytest.mark.usefixtures("card")
def test_the_virtual_card_is_seen() -> None:
    seen = {found.name: found for found in devices.devices()}
    assert {"pulse", "default"} <= set(seen)
    assert devices.find(None, "input").is_default("input")
    assert devices.find("pulse", "output").number == seen["pulse"].number
    assert devices.has_microphone()
    assert devices.has_speaker()


def _python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )


PROBE = """
from voice_coach.audio import devices
print(devices.has_microphone(), devices.has_speaker())
"""


def test_a_machine_without_a_sound_server_is_probed_without_a_word_on_stderr(
    tmp_path: Path,
) -> None:
    done = _python(PROBE, PULSE_SERVER=f"unix:{tmp_path}/none", HOME=str(tmp_path))
    assert done.stderr == ""
    assert done.stdout.split()[0] in ("True", "False")


@pytest.mark.card
def test_a_child_process_sees_the_virtual_card_too(card: VirtualCard) -> None:
    done = _python(PROBE, **card.environment)
    assert (done.stdout.strip(), done.stderr) == ("True True", "")


WITHOUT = """
import sys, types
from voice_coach.audio import devices
from voice_coach.errors import AudioDeviceError

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name == "sounddevice":
            raise {error}

sys.meta_path.insert(0, Missing())
print(devices.has_microphone())
try:
    devices.devices()
except AudioDeviceError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        ('OSError("PortAudio library not found")', "apt-get install -y --no-install-recommends"),
        ('ModuleNotFoundError("No module named sounddevice")', "pip install sounddevice"),
    ],
)
def test_without_portaudio_there_is_one_sentence_and_no_microphone(error: str, remedy: str) -> None:
    done = _python(WITHOUT.format(error=error))
    assert done.stderr == ""
    no_microphone, sentence = done.stdout.splitlines()
    assert no_microphone == "False"
    assert remedy in sentence


def test_quiet_silences_c_and_only_while_it_lasts() -> None:
    done = _python(
        "import os\n"
        "from voice_coach.audio.devices import quiet\n"
        "os.write(2, b'before ')\n"
        "with quiet():\n"
        "    os.write(2, b'never ')\n"
        "os.write(2, b'after')\n"
    )
    assert done.stderr == "before after"


def test_quiet_can_do_without_a_stderr() -> None:
    done = _python(
        "import os\n"
        "from voice_coach.audio.devices import quiet\n"
        "os.close(2)\n"
        "with quiet():\n"
        "    print('fine')\n"
    )
    assert done.stdout == "fine\n"
