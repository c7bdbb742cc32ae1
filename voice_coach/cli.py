"""The command line: parses, delegates, and turns failures into one sentence and an exit code.

Exit codes: 0 done; 1 it went otherwise than it must (nobody was heard, a rule is broken); 2 wrong
use; 3 no audio device; 4 no model or a broken one; 5 no voice; 6 a malformed content or settings
file; 7 an audio file that cannot be read; 8 a result that cannot be written; 9 a model that cannot
be fetched; 10 another coach has the microphone; 11 the system's service manager refuses.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from voice_coach import __version__
from voice_coach.errors import CoachError
from voice_coach.interrupt import interruptible
from voice_coach.places import ensure_home


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    code = _try(argv)
    devices = sys.modules.get("voice_coach.audio.devices")
    if devices is not None and devices.hangs():
        # The sound server has never answered, and an ordinary exit would wait for it.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code


def _try(argv: Sequence[str] | None) -> int:
    args = _parser().parse_args(argv)
    interruptible()
    ensure_home()
    try:
        code = _run(args)
        sys.stdout.flush()
        return code
    except CoachError as error:
        print(f"voice-coach: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 0 if args.command in (None, "now", "standby", "routine") else 130
    except BrokenPipeError:
        # Whoever read the output has left: nothing more to say, and no traceback at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


# Commands are imported when they are run, so that `--help` is instant and a missing library
# only stops the commands that need it.


def _run(args: argparse.Namespace) -> int:
    if args.command == "config":
        return _config(args)
    settings = _settings(args)
    from voice_coach.commands.setup import Choices

    choices = Choices(
        protocol=Path(settings.protocol).expanduser() if settings.protocol else None,
        region=settings.region or None,
        model=Path(settings.model) if settings.model else None,
        voice=settings.voice,
        rate=settings.rate,
        volume=settings.volume,
    )
    commands = {
        None: _coach, "now": _coach, "standby": _coach, "routine": _coach, "reminder": _reminder,
        "rehearse": _rehearse, "hear": _hear,
        "say": _say, "talk": _talk, "protocol": _protocol, "devices": _devices, "doctor": _doctor,
        "model": _model, "practice": _practice, "simulate": _simulate, "service": _service,
        "diary": _diary,
    }  # fmt: skip
    return commands[args.command](args, choices)


def _settings(args: argparse.Namespace) -> Any:
    """Flags before environment before file before defaults."""
    from voice_coach import settings

    flags = {**vars(args), "protocol": vars(args).get("protocol") or vars(args).get("file")}
    try:
        loaded = settings.load(flags)
    except CoachError as error:
        if args.command != "standby":
            raise
        # At three in the morning the wrong volume is better than no coach.
        print(f"voice-coach: {error} Until then the defaults hold.", file=sys.stderr)
        loaded = settings.defaults(flags)
    settings.export(loaded)
    return loaded.settings


def _sound(args: argparse.Namespace) -> Any:
    from voice_coach.commands import coach

    settings = _settings(args)
    return coach.Sound(
        settings.mic or None, settings.speaker or None, settings.headset, settings.half_duplex
    )


def _coach(args: argparse.Namespace, choices: Any) -> int:
    from voice_coach.commands import coach, practice

    settings = _settings(args)
    practice.expire(settings.keep_days)
    manner = coach.Manner(
        now=args.command == "now", standby=args.command == "standby",
        resume=settings.resume, log=settings.log, screen=getattr(args, "screen", False),
        routine=args.command == "routine", reminded=getattr(args, "reminded", False),
    )  # fmt: skip
    keeping = _keeping(args, settings)
    return coach.run(choices, _sound(args), getattr(args, "events", None), manner, keeping)


def _keeping(args: argparse.Namespace, settings: Any) -> Any:
    """Whoever names a diary wants it kept, whatever the settings file says."""
    from voice_coach.commands import coach

    folder = getattr(args, "diary", None)
    named = folder is not None and not hasattr(args, "keep_diary")
    off = not settings.keep_diary and not named
    return coach.Keeping(folder, off=off, learning=settings.learning)


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
    wanted = rehearse.Wanted(
        args.scenario, args.seed, room, args.wav, args.events, args.json,
        getattr(args, "diary", None), _settings(args).learning,
    )  # fmt: skip
    return rehearse.run(choices, wanted)


def _simulate(args: argparse.Namespace, choices: Any) -> int:
    from voice_coach.commands import simulate
    from voice_coach.simulation.simulation import Plan

    plan = Plan(args.nights, args.seed, args.snr, args.persona)
    wanted = simulate.Wanted(plan, args.audio, args.jobs, args.show, args.json)
    return simulate.run(choices, wanted)


def _practice(args: argparse.Namespace, choices: Any) -> int:
    from voice_coach.commands import practice

    if args.erase:
        return practice.erase()
    practice.expire(_settings(args).keep_days)
    wanted = practice.Wanted(args.phrases, args.all, args.keep, args.json)
    return practice.run(choices, _sound(args), wanted)


def _diary(args: argparse.Namespace, _: Any) -> int:
    from voice_coach.commands import diary

    folder = getattr(args, "diary", None)
    if args.what in (None, "list"):
        return diary.list_episodes(
            folder, getattr(args, "all", False), getattr(args, "json", False)
        )
    actions = {
        "show": lambda: diary.show(folder, args.number, args.json),
        "note": lambda: diary.note(folder, args.number, " ".join(args.text)),
        "edit": lambda: diary.edit(folder, args.number, _changes(args)),
        "delete": lambda: diary.delete(folder, args.numbers),
        "erase": lambda: diary.erase(folder, args.yes),
        "export": lambda: diary.export(folder, args.file, args.since),
        "import": lambda: diary.take_in(folder, args.file),
        "report": lambda: diary.report(folder, args.html, args.pdf, args.since),
    }
    return actions[args.what]()


def _changes(args: argparse.Namespace) -> dict[str, Any]:
    return {name: getattr(args, name) for name in _EDITED if hasattr(args, name)}


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

    protocol.refuse(args)
    if args.what == "check":
        code = protocol.check(choices, as_json=args.json, listen=args.listen)
        if args.learning:
            code = max(code, protocol.check_learning(choices, as_json=args.json))
        return code
    if args.what == "show":
        return protocol.show(choices.protocol, args.html)
    return protocol.graph(choices.protocol, args.svg, args.png)


def _devices(_: argparse.Namespace, __: Any) -> int:
    from voice_coach.commands import devices

    return devices.run()


def _doctor(args: argparse.Namespace, choices: Any) -> int:
    from voice_coach.commands import doctor

    return doctor.run(choices, _sound(args), args.json)


def _config(args: argparse.Namespace) -> int:
    from voice_coach.commands import config

    if args.what == "show":
        return config.show(args.json)
    return (config.path if args.what == "path" else config.check)()


def _service(args: argparse.Namespace, _: Any) -> int:
    from voice_coach.commands import service

    if args.what == "logs":
        return service.logs(args.lines)
    what = {"install": service.install, "status": service.status, "uninstall": service.uninstall}
    return what[args.what]()


def _reminder(args: argparse.Namespace, _: Any) -> int:
    from voice_coach.commands import reminder

    return reminder.run(args.at)


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
    sound = _options_for_sound()
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
    commands.add_parser(
        "standby", parents=[sound, manner], help="wait for the call, as the service does"
    )
    routine = commands.add_parser(
        "routine", parents=[sound, manner], help="the daily stretch, led by voice"
    )
    routine.add_argument(
        "--reminded",
        action="store_true",
        help="as the reminder does: give way to a listening coach",
    )
    reminder = commands.add_parser("reminder", help="of the daily stretch: show, set, take back")
    reminder.add_argument("at", nargs="?", metavar="HH:MM|off", help="nothing shows it")
    _add_rehearse(commands, manner)
    _add_simulate(commands, manner)
    _add_practice(commands, manner)
    _add_diary(commands)
    _add_hear(commands)
    say = commands.add_parser("say", parents=[manner], help="speak one sentence")
    say.add_argument("text")
    say.add_argument("--wav", type=Path, metavar="OUT.wav", help="write it instead")
    commands.add_parser("talk", parents=[manner], help="the same dialogue, typed")
    _add_protocol(commands)
    commands.add_parser("devices", help="microphones and speakers")
    doctor = commands.add_parser("doctor", parents=[manner], help="test everything")
    _add_settings(doctor, "mic", "speaker", "headset", "half_duplex")
    doctor.add_argument("--json", action="store_true")
    service = commands.add_parser("service", help="the coach every night, started by the system")
    service.add_argument("what", choices=("install", "status", "uninstall", "logs"))
    service.add_argument("--lines", type=_between(1, 10_000), default=40, help="logs: how many")
    config = commands.add_parser("config", help="the settings that hold, and where they are kept")
    config.add_argument("what", choices=("show", "path", "check"))
    config.add_argument("--json", action="store_true", help="show: a list of objects")
    _add_model(commands)
    return parser


def _options_for_sound() -> argparse.ArgumentParser:
    options = _quiet_parser()
    _add_settings(options, "mic", "speaker")
    _add_settings(options.add_mutually_exclusive_group(), "headset", "half_duplex")
    options.add_argument("--events", type=Path, metavar="FILE", help="one JSON object a line")
    options.add_argument("--screen", action="store_true", help="large and dim, for who watches")
    _add_settings(options, "keep_diary", "learning")
    diary = options.add_mutually_exclusive_group()
    _add_folder(diary)
    diary.add_argument(
        "--no-diary", dest="keep_diary", action="store_false", default=argparse.SUPPRESS,
        help="keep nothing of this night: short for --no-keep-diary",
    )  # fmt: skip
    return options


def _options_for_manner() -> argparse.ArgumentParser:
    options = _quiet_parser()
    _add_settings(options, "voice", "rate", "volume", "model", "region", "protocol")
    return options


def _add_settings(options: argparse._ActionsContainer, *names: str) -> None:
    """The flags of these keys, as the table of settings has them."""
    from voice_coach.settings import keys

    for key in (keys()[name] for name in names):
        flag: dict[str, Any] = {"help": key.about, "default": argparse.SUPPRESS}
        if key.kind is bool:
            flag["action"] = argparse.BooleanOptionalAction
        elif key.least is not None and key.most is not None:
            flag["type"] = _between(key.least, key.most)
            flag["help"] += f" ({key.default})"
        if key.name in ("mic", "speaker"):
            flag["metavar"] = "DEVICE|FILE.wav"
        options.add_argument(f"--{key.name.replace('_', '-')}", **flag)


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
    _add_folder(rehearse)
    _add_settings(rehearse, "learning")


def _add_folder(options: Any) -> None:
    options.add_argument(
        "--diary", type=Path, metavar="FOLDER", default=argparse.SUPPRESS,
        help="the diary's folder, instead of the usual one",
    )  # fmt: skip


def _add_simulate(commands: Any, manner: argparse.ArgumentParser) -> None:
    simulate = commands.add_parser(
        "simulate", parents=[manner], help="many random nights: is every rule kept in each?"
    )
    simulate.add_argument("nights", type=_between(1, 10**7), nargs="?", default=100, metavar="N")
    simulate.add_argument(
        "--audio", action="store_true", help="heard and spoken; otherwise in words alone"
    )
    simulate.add_argument("--seed", type=_between(0, 2**31 - 1), default=1)
    simulate.add_argument("--snr", type=_decibel, metavar="DB", help="the same noise every night")
    simulate.add_argument(
        "--jobs", type=_between(1, 999), default=0, metavar="J", help="processes (one a core)"
    )
    simulate.add_argument(
        "--show", type=_between(0, 10**7), metavar="NIGHT", help="only this one, told"
    )
    simulate.add_argument("--persona", default="", metavar="NAME", help="only people of this kind")
    simulate.add_argument("--json", action="store_true", help="one closing object")


def _add_protocol(commands: Any) -> None:
    protocol = commands.add_parser("protocol", help="the conversation, for review")
    protocol.add_argument("what", choices=("show", "check", "graph"))
    protocol.add_argument("file", type=Path, nargs="?", help="content file (default: the shipped)")
    protocol.add_argument("--model", type=Path, default=None, help="model folder")
    protocol.add_argument(
        "--json", action="store_true",
        help="check: one object; 0 when every rule holds, 1 when one is broken",
    )  # fmt: skip
    protocol.add_argument(
        "--listen", action="store_true",
        help="check: also speak every sentence and listen to it (some minutes)",
    )  # fmt: skip
    protocol.add_argument(
        "--learning", action="store_true",
        help="check: also with all that the diary may make of the conversation",
    )  # fmt: skip
    protocol.add_argument(
        "--html", type=Path, metavar="FILE", help="show: a page to print, review and sign"
    )
    protocol.add_argument("--svg", type=Path, metavar="FOLDER", help="graph: a picture a phase")
    protocol.add_argument("--png", type=Path, metavar="FOLDER", help="graph: the same as PNG")


def _add_practice(commands: Any, manner: argparse.ArgumentParser) -> None:
    practice = commands.add_parser(
        "practice", parents=[manner], help="by day: is your voice understood, which words suit it?"
    )
    _add_settings(practice, "mic", "speaker")
    length = practice.add_mutually_exclusive_group()
    length.add_argument(
        "--phrases", type=_between(1, 999), metavar="N", help="how many to practise"
    )
    length.add_argument("--all", action="store_true", help="every phrase there is")
    voice = practice.add_mutually_exclusive_group()
    voice.add_argument("--keep", action="store_true", help="keep the recordings of your voice")
    voice.add_argument("--erase", action="store_true", help="remove all that were ever kept")
    practice.add_argument("--json", action="store_true", help="one closing object")


_EDITED = ("began", "side", "position", "severe", "helped", "pressure")
"""What of an episode can be corrected; the rest is as it was said."""


def _add_diary(commands: Any) -> None:
    where = _quiet_parser()
    _add_folder(where)
    diary = commands.add_parser("diary", parents=[where], help="the cramps there were")
    what = diary.add_subparsers(dest="what", metavar="WHAT")
    listed = what.add_parser("list", parents=[where], help="one line each (the default)")
    listed.add_argument("--all", action="store_true", help="not only the newest")
    listed.add_argument("--json", action="store_true", help="without the answers and steps")
    show = what.add_parser("show", parents=[where], help="everything about one")
    show.add_argument("number", help='its number, or "last"')
    show.add_argument("--json", action="store_true")
    note = what.add_parser("note", parents=[where], help="write a note to one")
    note.add_argument("number", help='its number, or "last"')
    note.add_argument("text", nargs="*", help="nothing removes the note")
    _add_edit(what.add_parser("edit", parents=[where], help="correct what is kept of one"))
    delete = what.add_parser("delete", parents=[where], help="remove some")
    delete.add_argument("numbers", nargs="+", metavar="NUMBER")
    erase = what.add_parser("erase", parents=[where], help="remove everything")
    erase.add_argument("--yes", action="store_true", help="do not ask")
    export = what.add_parser("export", parents=[where], help="to a .json or .csv file")
    export.add_argument("file", type=Path, metavar="FILE", help='"-" is JSON on stdout')
    _add_since(export)
    take_in = what.add_parser("import", parents=[where], help="from such a file")
    take_in.add_argument("file", type=Path, metavar="FILE")
    report = what.add_parser("report", parents=[where], help="a page for the doctor")
    report.add_argument("--html", type=Path, metavar="FILE")
    report.add_argument("--pdf", type=Path, metavar="FILE")
    _add_since(report)


def _add_edit(edit: argparse.ArgumentParser) -> None:
    edit.add_argument("number", help='its number, or "last"')
    quiet: dict[str, Any] = {"default": argparse.SUPPRESS}
    edit.add_argument("--began", type=_moment, metavar='"YYYY-MM-DD HH:MM"', **quiet)
    edit.add_argument("--side", type=_or_none("left", "right"), metavar="left|right|none", **quiet)
    positions = ("sitting", "lying", "standing", "far")
    edit.add_argument("--position", type=_or_none(*positions), metavar="WORD|none", **quiet)
    edit.add_argument("--severe", type=lambda text: _or_none("yes", "no")(text) == "yes",
                      metavar="yes|no", **quiet)  # fmt: skip
    edit.add_argument("--helped", metavar="STEP|none", help="the stretch that helped", **quiet)
    edit.add_argument("--pressure", choices=("none", "tolerated", "too_hard"), **quiet)


def _add_since(options: argparse.ArgumentParser) -> None:
    options.add_argument(
        "--since", type=_moment, metavar="YYYY-MM-DD", help="only from that day on"
    )


def _moment(text: str) -> datetime:
    """By the clock on the wall here."""
    try:
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(
            f'"{text}" is no date; write it like 2026-03-05 or "2026-03-05 03:12"'
        ) from None


def _or_none(*known: str) -> Any:
    def word(text: str) -> str | None:
        if text == "none":
            return None
        if text not in known:
            raise argparse.ArgumentTypeError(f"{text} is none of {', '.join(known)}, none")
        return text

    return word


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
