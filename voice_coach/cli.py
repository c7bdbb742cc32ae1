"""The command line: parses, delegates, and turns failures into one sentence and an exit code.

Exit codes: 0 done; 1 it went otherwise than it must (nobody was heard, a rule is broken); 2 wrong
use; 3 no audio device; 4 no model or a broken one; 5 no voice; 6 a malformed content file; 7 an
audio file that cannot be read; 8 a result that cannot be written; 9 a model that cannot be fetched.
"""

from __future__ import annotations

import argparse
import math
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from voice_coach import __version__
from voice_coach.errors import CoachError


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    args = _parser().parse_args(argv)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        code = _run(args)
        sys.stdout.flush()
        return code
    except CoachError as error:
        print(f"voice-coach: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 0 if args.command in (None, "now") else 130
    except BrokenPipeError:
        # Whoever read the output has left: nothing more to say, and no traceback at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _interrupt(*_: Any) -> NoReturn:
    raise KeyboardInterrupt


# Commands are imported when they are run, so that `--help` is instant and a missing library
# only stops the commands that need it.


def _run(args: argparse.Namespace) -> int:
    from voice_coach.commands.setup import Choices

    choices = Choices(
        protocol=getattr(args, "protocol", None) or getattr(args, "file", None),
        region=getattr(args, "region", None),
        model=getattr(args, "model", None),
        voice=getattr(args, "voice", ""),
        rate=getattr(args, "rate", 155),
        volume=getattr(args, "volume", 100),
    )
    commands = {
        None: _coach, "now": _coach, "rehearse": _rehearse, "hear": _hear, "say": _say,
        "talk": _talk, "protocol": _protocol, "devices": _devices, "doctor": _doctor,
        "model": _model, "practice": _practice,
    }  # fmt: skip
    return commands[args.command](args, choices)


def _sound(args: argparse.Namespace) -> Any:
    from voice_coach.commands.coach import Sound

    return Sound(
        getattr(args, "mic", None), getattr(args, "speaker", None),
        getattr(args, "headset", False), getattr(args, "half_duplex", False),
    )  # fmt: skip


def _coach(args: argparse.Namespace, choices: Any) -> int:
    from voice_coach.commands import coach

    return coach.run(choices, _sound(args), getattr(args, "events", None), args.command == "now")


def _rehearse(args: argparse.Namespace, choices: Any) -> int:
    from voice_coach.commands import rehearse
    from voice_coach.rehearsal.echo_path import Loudspeaker
    from voice_coach.rehearsal.rehearsal import Room

    if args.list:
        return rehearse.list_scenarios(choices)
    loudspeaker = Loudspeaker(args.delay / 1000, args.drift, args.drive)
    room = Room(args.snr, noise=args.noise, loudspeaker=loudspeaker)
    if args.echo is not None:
        room = replace(room, echo_db=args.echo, barge_in=True)
    wanted = rehearse.Wanted(args.scenario, args.seed, room, args.wav, args.events, args.json)
    return rehearse.run(choices, wanted)


def _practice(args: argparse.Namespace, choices: Any) -> int:
    from voice_coach.commands import practice

    if args.erase:
        return practice.erase()
    sound = _sound(args)
    wanted = practice.Wanted(args.phrases, args.all, args.keep, args.json)
    return practice.run(choices, sound, wanted)


def _hear(args: argparse.Namespace, choices: Any) -> int:
    from voice_coach.commands import hear

    return hear.run(choices, args.files, args.state, args.phrases, args.json)


def _say(args: argparse.Namespace, choices: Any) -> int:
    from voice_coach.commands import say

    return say.run(choices, args.text, args.wav)


def _talk(_: argparse.Namespace, choices: Any) -> int:
    from voice_coach.commands import talk

    return talk.run(choices)


def _protocol(args: argparse.Namespace, choices: Any) -> int:
    from voice_coach.commands import protocol

    if args.what == "check":
        return protocol.check(choices, as_json=args.json)
    return (protocol.show if args.what == "show" else protocol.graph)(choices.protocol)


def _devices(_: argparse.Namespace, __: Any) -> int:
    from voice_coach.commands import devices

    return devices.run()


def _doctor(args: argparse.Namespace, choices: Any) -> int:
    from voice_coach.commands import doctor

    return doctor.run(choices, _sound(args), args.json)


def _model(args: argparse.Namespace, choices: Any) -> int:
    from voice_coach.commands import model

    if args.what == "list":
        return model.list_models(choices, args.index, args.online)
    if args.what == "install":
        return model.install(args.name, args.index)
    if args.what == "remove":
        return model.remove(args.name)
    return (model.path if args.what == "path" else model.info)(choices)


# -- what may be written ----------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    devices = _options_for_sound()
    sound = _options_for_session(devices)
    manner = _options_for_manner()
    parser = argparse.ArgumentParser(
        prog="voice-coach",
        parents=[sound, manner],
        description='Waits for the call ("help, calf cramp"), then leads you through the cramp '
        "by voice. It is coaching, not a diagnosis.",
        epilog=(__doc__ or "").split("\n\n")[1],
    )
    parser.add_argument("--version", action="version", version=f"voice-coach {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser("now", parents=[sound, manner], help="coach at once")
    _add_rehearse(commands, manner)
    _add_practice(commands, manner)
    _add_hear(commands)
    say = commands.add_parser("say", parents=[manner], help="speak one sentence")
    say.add_argument("text")
    say.add_argument("--wav", type=Path, metavar="OUT.wav", help="write it instead")
    commands.add_parser("talk", parents=[manner], help="the same dialogue, typed")
    protocol = commands.add_parser("protocol", help="the conversation, for review")
    protocol.add_argument("what", choices=("show", "check", "graph"))
    protocol.add_argument("file", type=Path, nargs="?", help="content file (default: the shipped)")
    protocol.add_argument("--model", type=Path, default=None, help="model folder")
    protocol.add_argument(
        "--json", action="store_true",
        help="check: one object; 0 when every rule holds, 1 when one is broken",
    )  # fmt: skip
    commands.add_parser("devices", help="microphones and speakers")
    doctor = commands.add_parser("doctor", parents=[devices, manner], help="test everything")
    doctor.add_argument("--json", action="store_true")
    _add_model(commands)
    return parser


def _options_for_sound() -> argparse.ArgumentParser:
    options = _quiet_parser()
    options.add_argument(
        "--mic", metavar="DEVICE|FILE.wav",
        help="number, part of a name, or a file (then time is virtual)",
    )  # fmt: skip
    options.add_argument("--speaker", metavar="DEVICE|FILE.wav")
    duplex = options.add_mutually_exclusive_group()
    duplex.add_argument(
        "--headset", action="store_true", help="the coach's voice does not reach the microphone"
    )
    duplex.add_argument(
        "--half-duplex", action="store_true", help="do not listen while the coach speaks"
    )
    return options


def _options_for_session(devices: argparse.ArgumentParser) -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(
        add_help=False, argument_default=argparse.SUPPRESS, parents=[devices]
    )
    options.add_argument("--events", type=Path, metavar="FILE", help="one JSON object a line")
    return options


def _options_for_manner() -> argparse.ArgumentParser:
    options = _quiet_parser()
    options.add_argument("--voice", help="id or part of the name of a voice")
    options.add_argument("--rate", type=_between(80, 300), help="words a minute (155)")
    options.add_argument("--volume", type=_between(1, 400), help="percent (100)")
    options.add_argument("--model", type=Path, help="a Vosk model: its folder, or its name")
    options.add_argument("--region", help="country code for the emergency number, such as GB")
    options.add_argument("--protocol", type=Path, help="another content file")
    return options


def _quiet_parser() -> argparse.ArgumentParser:
    # An option not given leaves no trace, so that it may stand before or after the command.
    return argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)


def _add_rehearse(commands: Any, manner: argparse.ArgumentParser) -> None:
    rehearse = commands.add_parser(
        "rehearse", parents=[manner], help="a synthetic person, led through a cramp"
    )
    rehearse.add_argument("scenario", nargs="?", default="sitting-ordinary")
    rehearse.add_argument("--list", action="store_true", help="name the scenarios")
    rehearse.add_argument("--seed", type=_between(0, 2**31 - 1), default=1)
    rehearse.add_argument("--snr", type=_decibel, metavar="DB", help="person against noise")
    rehearse.add_argument("--noise", type=Path, metavar="FILE", help="noise from a WAV")
    rehearse.add_argument(
        "--echo", type=_decibel, metavar="DB",
        help="the coach in the microphone, and a canceller against it, as on a sound card",
    )  # fmt: skip
    rehearse.add_argument(
        "--delay", type=_between(0, 400), metavar="MS", default=0, help="of the sound card"
    )
    rehearse.add_argument(
        "--drift", type=_from_to(-500, 500), metavar="PPM", default=0.0,
        help="of the speaker's clock against the microphone's",
    )  # fmt: skip
    rehearse.add_argument(
        "--drive", type=_from_to(0, 8), default=0.0,
        help="how hard the speaker is driven: 0 is linear, 4 distorts",
    )  # fmt: skip
    rehearse.add_argument("--wav", type=Path, metavar="OUT.wav", help="what the room heard")
    rehearse.add_argument("--events", type=Path, metavar="FILE")
    rehearse.add_argument("--json", action="store_true", help="one closing object")


def _add_practice(commands: Any, manner: argparse.ArgumentParser) -> None:
    practice = commands.add_parser(
        "practice", parents=[manner], help="by day: is your voice understood, which words suit it?"
    )
    practice.add_argument(
        "--mic", metavar="DEVICE|FILE.wav", default=argparse.SUPPRESS,
        help="number, part of a name, or a file (then time is virtual)",
    )  # fmt: skip
    practice.add_argument("--speaker", metavar="DEVICE|FILE.wav", default=argparse.SUPPRESS)
    length = practice.add_mutually_exclusive_group()
    length.add_argument(
        "--phrases", type=_between(1, 999), metavar="N", help="how many to practise"
    )
    length.add_argument("--all", action="store_true", help="every phrase there is")
    voice = practice.add_mutually_exclusive_group()
    voice.add_argument("--keep", action="store_true", help="keep the recordings of your voice")
    voice.add_argument("--erase", action="store_true", help="remove all that were ever kept")
    practice.add_argument("--json", action="store_true", help="one closing object")


def _add_hear(commands: Any) -> None:
    hear = commands.add_parser("hear", help="what the ear makes of audio files")
    hear.add_argument("files", type=Path, nargs="+", metavar="FILE")
    grammar = hear.add_mutually_exclusive_group(required=True)
    grammar.add_argument("--state", help="a step of the conversation, or wake")
    grammar.add_argument("--phrases", metavar='"yes|no|stop"', help="exactly these")
    hear.add_argument("--json", action="store_true", help="one object a file")
    hear.add_argument("--model", type=Path, default=None, help="model folder")
    hear.add_argument("--protocol", type=Path, default=None, help="another content file")


def _add_model(commands: Any) -> None:
    which = _quiet_parser()
    which.add_argument("--model", type=Path, help="model folder, or name of an installed model")
    where = argparse.ArgumentParser(add_help=False)
    where.add_argument("--index", metavar="URL", help="another list than Vosk's official one")
    model = commands.add_parser("model", parents=[which], help="speech models")
    what = model.add_subparsers(dest="what", metavar="WHAT")
    what.add_parser("info", parents=[which], help="what the model in use is")
    what.add_parser("path", parents=[which], help="the folder of the model in use")
    models = what.add_parser("list", parents=[which, where], help="the models there are")
    models.add_argument("--online", action="store_true", help="also those to install")
    install = what.add_parser("install", parents=[where], help="fetch an official model")
    install.add_argument("name", metavar="NAME")
    remove = what.add_parser("remove", help="remove an installed model")
    remove.add_argument("name", metavar="NAME")


def _between(low: int, high: int) -> Any:
    def number(text: str) -> int:
        if not text.isdecimal() or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(f"{text} is not a number from {low} to {high}")
        return int(text)

    return number


def _from_to(low: float, high: float) -> Any:
    def number(text: str) -> float:
        try:
            found = float(text)
        except ValueError:
            found = math.nan
        if not low <= found <= high:
            raise argparse.ArgumentTypeError(f"{text} is not a number from {low:g} to {high:g}")
        return found

    return number


def _decibel(text: str) -> float:
    try:
        level = float(text)
    except ValueError:
        level = math.nan
    if not -100 <= level <= 100:
        raise argparse.ArgumentTypeError(f"{text} is not a number of decibels from -100 to 100")
    return level


if __name__ == "__main__":
    sys.exit(main())
