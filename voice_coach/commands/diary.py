"""The diary on the command line: look at it, correct it, take it along, erase it.

``folder`` is the diary's; None: that of the user's data folder.
"""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NoReturn

import msgspec

from voice_coach.content.loader import load_protocol
from voice_coach.dialogue.protocol import Protocol
from voice_coach.diary import exchange
from voice_coach.diary.episode import Episode, checked, clean
from voice_coach.diary.figures import Figures, figures
from voice_coach.diary.prevention import prevention
from voice_coach.diary.report import ADVICE, FOUND, OUTCOMES, Report
from voice_coach.diary.report import report as make_report
from voice_coach.diary.store import Diary, Numbered
from voice_coach.errors import UsageError

SHOWN: Final = 20
"""Episodes in a list, unless all are wanted."""


def list_episodes(folder: Path | None, everything: bool, as_json: bool) -> int:
    """One line each, the newest last, where the eye is."""
    with Diary(folder, check=False) as diary:
        episodes = diary.latest(None if everything else SHOWN)
        count = len(diary)
        stretches = diary.stretchings()
        began = diary.moments() if stretches else []
        _tell(diary)
    if as_json:
        listed = [_numbered(one, whole=False) for one in episodes]
        sys.stdout.buffer.write(msgspec.json.encode(listed) + b"\n")
        return 0
    if not episodes and not stretches:
        print("The diary is empty.")
        return 0
    lines = [_line(*one) for one in reversed(episodes)]
    sys.stdout.write("\n".join([_HEAD, *lines] if lines else []) + "\n")
    if len(episodes) < count:
        print(f"The newest {len(episodes)} of {count}; --all shows every one.")
    if stretches:
        print()
        for line in prevention(began, stretches, datetime.now().date()):
            print(line)
    return 0


def show(folder: Path | None, number: str, as_json: bool) -> int:
    """Everything that is known of one episode."""
    with Diary(folder) as diary:
        found, episode = _find(diary, number)
        _tell(diary)
    if as_json:
        sys.stdout.buffer.write(msgspec.json.encode(_numbered((found, episode))) + b"\n")
    else:
        _describe(found, episode, load_protocol())
    return 0


def note(folder: Path | None, number: str, text: str) -> int:
    """Write a note to an episode, instead of the one it has; an empty one removes it."""
    try:
        cleaned = clean(text)
    except ValueError as error:
        raise UsageError(f"That is too long: {error}; shorten it.") from None
    with Diary(folder) as diary:
        found, episode = _find(diary, number)
        diary.update(msgspec.structs.replace(episode, note=cleaned), note=True)
        _tell(diary)
    print(f"Episode {found}: {cleaned or 'no note'}")
    return 0


def edit(folder: Path | None, number: str, changes: dict[str, Any]) -> int:
    """Correct what is known. ``changes``: by the names of the fields; None takes a value away."""
    if not changes:
        raise UsageError("There is nothing to change; say what, for example --side left.")
    if "helped" in changes:
        changes = {**changes, "helped": _stretch(changes["helped"])}
    with Diary(folder) as diary:
        found, episode = _find(diary, number)
        try:
            edited = checked(msgspec.structs.replace(episode, **changes))
        except ValueError as error:
            raise UsageError(f"That cannot be kept: {error}.") from None
        diary.update(edited)
        _tell(diary)
    print(_line(found, edited))
    return 0


def delete(folder: Path | None, numbers: list[str]) -> int:
    """Remove episodes for good."""
    with Diary(folder) as diary:
        found = [_find(diary, number)[0] for number in numbers]
        count = diary.delete(found)
        _tell(diary)
    print(f"Deleted {_episodes(count)}.")
    return 0


def erase(folder: Path | None, sure: bool) -> int:
    """Remove everything, after asking."""
    with Diary(folder) as diary:
        _tell(diary)
        count, days = len(diary), len(diary.stretchings())
        all_of_it = _episodes(count) + (
            f" and {_counted(days, 'daily stretch', 'es')}" if days else ""
        )
        if not sure and (count or days or diary.set_aside()):
            if not sys.stdin.isatty():
                raise UsageError("This erases the whole diary; add --yes if that is meant.")
            if input(f"Erase all {all_of_it} for good? Type yes: ").strip() != "yes":
                print("Nothing was erased.")
                return 0
        diary.erase()
    print(f"Erased {all_of_it}.")
    return 0


def export(folder: Path | None, path: Path, since: datetime | None) -> int:
    """Write the diary to a file: JSON with everything, or CSV. "-" is JSON on stdout."""
    with Diary(folder) as diary:
        episodes = [episode for _, episode in reversed(diary.whole(since=since))]
        stretches = diary.stretchings(since)[::-1]
        _tell(diary)
    if str(path) == "-":
        sys.stdout.buffer.write(exchange.to_json(episodes, stretches))
        return 0
    if path.suffix.lower() not in (".json", ".csv"):
        raise UsageError(f"{path} is neither .json nor .csv; name it so that I know what you want.")
    as_csv = path.suffix.lower() == ".csv"
    as_json = exchange.to_json(episodes, stretches)
    exchange.write(path, exchange.to_csv(episodes) if as_csv else as_json)
    steps = ", without their steps and without the daily stretches" if as_csv else ""
    print(f"{_episodes(len(episodes))} in {path}{steps}.")
    return 0


def take_in(folder: Path | None, path: Path) -> int:
    """Add the episodes of a file, all or none; those that are here already stay as they are."""
    found = exchange.bundle(path)
    episodes = found.episodes
    with Diary(folder) as diary:
        new = diary.add(episodes)
        days = diary.stretched(found.stretches)
        diary.settle()
        _tell(diary)
    known = len(episodes) - new
    print(f"{_episodes(new)} added{f', {known} were here already' if known else ''}.")
    if days:
        print(f"{_counted(days, 'daily stretch', 'es')} added.")
    return 0


def report(folder: Path | None, html: Path | None, pdf: Path | None, since: datetime | None) -> int:
    """The page for the doctor, as HTML or PDF; where neither is wanted, in plain words."""
    with Diary(folder, check=False) as diary:
        episodes = [episode for _, episode in diary.whole(since=since, steps=False)]
        stretches = diary.stretchings(since)
        _tell(diary)
    if not episodes:
        raise UsageError("There is nothing to report: no cramp is in the diary.")
    protocol = load_protocol()
    found = figures(episodes, protocol)
    today = datetime.now().date()
    began = [episode.began for episode in episodes]
    page = make_report(found, protocol, today, prevention(began, stretches, today))
    if html is None and pdf is None:
        for name, value in page.facts:
            print(f"{name:22s} {value}")
        return 0
    _draw(page, found, html, pdf)
    return 0


def _draw(page: Report, found: Figures, html: Path | None, pdf: Path | None) -> None:
    """The libraries are loaded only where they are needed: all of them together take a second."""
    try:
        from voice_coach.diary.charts import charts

        drawn = charts(found)
        if html is not None:
            from voice_coach.diary.webpage import to_html

            exchange.write(html, to_html(page, drawn))
            print(f"{_episodes(found.count)} in {html}.")
        if pdf is not None:
            from voice_coach.diary.paper import to_pdf

            exchange.write(pdf, to_pdf(page, drawn))
            print(f"{_episodes(found.count)} in {pdf}.")
    except ModuleNotFoundError as error:
        raise UsageError(
            f"The page needs {error.name}, which is not installed; run `python -m pip install "
            f"matplotlib jinja2 fpdf2` once."
        ) from None


# -- how ------------------------------------------------------------------------------------------


def _tell(diary: Diary) -> None:
    """A diary that was damaged is never mended in silence."""
    if diary.mended is not None:
        print(f"voice-coach: {diary.mended}", file=sys.stderr)


def _find(diary: Diary, number: str) -> Numbered:
    if number == "last":
        newest = diary.latest(1)
        episode = diary.find(newest[0][0]) if newest else None
        if episode is None:
            raise UsageError("The diary is empty.")
        return newest[0][0], episode
    if number.isdecimal() and len(number) < 19:
        episode = diary.find(int(number))
        if episode is not None:
            return int(number), episode
    _no_such(number)


def _stretch(name: str) -> str:
    """The step of a stretch that helped; "none" is none."""
    if name == "none":
        return ""
    stretches = [step for step, one in load_protocol().steps.items() if one.stretch]
    if name not in stretches:
        known = ", ".join([*stretches, "none"])
        raise UsageError(f'"{clean(name[:40])}" is no stretch; it is one of {known}.')
    return name


def _no_such(number: str) -> NoReturn:
    raise UsageError(
        f'There is no episode "{number}"; `voice-coach diary` lists their numbers, '
        f'and "last" is the newest.'
    )


def _episodes(count: int) -> str:
    return _counted(count, "episode")


def _counted(count: int, what: str, more: str = "s") -> str:
    return f"{count} {what}{'' if count == 1 else more}"


def _numbered(one: Numbered, *, whole: bool = True) -> dict[str, Any]:
    """``whole``: with its answers and steps, which a list has not read."""
    fields = {"number": one[0], **msgspec.to_builtins(one[1])}
    return fields if whole else {k: v for k, v in fields.items() if k not in ("answers", "steps")}


def _line(number: int, episode: Episode) -> str:
    eased = "" if episode.eased is None else f"{clock(episode.eased)} {words(episode.helped)}"
    return _columns(
        f"{number:5d}",
        f"{episode.began:%Y-%m-%d %H:%M}",
        episode.side or "-",
        episode.position or "-",
        eased or "-",
        words(episode.outcome) or "cut off",
        _ADVICE[episode.level],
        clean(episode.note),
    )


def _columns(*cells: str) -> str:
    padded = zip(cells, (5, 16, 5, 8, 22, 12, 13, 0), strict=True)
    return "  ".join(f"{cell:{width}s}" for cell, width in padded).rstrip()


_ADVICE: Final = {
    "self_care": "rest",
    "routine": "doctor",
    "soon": "doctor soon",
    "urgent": "help that day",
    "emergency": "emergency",
}
"""For a line; the page has more room."""

_HEAD: Final = _columns(
    "   no", "began", "leg", "position", "let go after, with", "outcome", "advice", "note"
)


def _describe(number: int, episode: Episode, protocol: Protocol) -> None:
    rows = {
        "began": f"{episode.began:%A, %Y-%m-%d %H:%M} ({'night' if episode.at_night else 'day'})",
        "leg": episode.side or "not said",
        "position": episode.position or "not said",
        "severe": "yes" if episode.severe else "no",
        "let go": _after(episode.eased),
        "helped": words(episode.helped) or "-",
        "gone": _after(episode.gone),
        "pressure": words(episode.pressure),
        "advice": ADVICE[episode.level],
        "outcome": OUTCOMES[episode.outcome],
        "took": clock(episode.seconds),
        "note": clean(episode.note) or "-",
    }
    print(f"Episode {number}")
    for name, value in rows.items():
        print(f"  {name:9s} {value}")
    if episode.answers:
        print("  red flags")
    for answer in episode.answers:
        flag = protocol.flags.get(answer.flag)
        says = words(answer.flag) if flag is None else flag.says
        print(f"    {clock(answer.at):>6s}  {says}: {FOUND[answer.found]}")
    if episode.steps:
        print("  steps")
    for taken in episode.steps:
        heard = ", ".join(words(intent) for intent in taken.heard)
        print(f"    {clock(taken.at):>6s}  {words(taken.step):16s} {heard}".rstrip())


def _after(seconds: float | None) -> str:
    return "-" if seconds is None else f"after {clock(seconds)}"


def clock(seconds: float) -> str:
    """Minutes and seconds: 1:05."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def words(name: str) -> str:
    """A name of the conversation, readable."""
    return name.replace("_", " ")
