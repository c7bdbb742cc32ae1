"""The lesson: says a phrase, listens, says what it heard, and goes on to the next.

One thread, one loop, half duplex: nothing is said while it listens, and nothing is heard while it
speaks. Time is the port's clock, as in a session.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from voice_coach.audio.earcon import earcon
from voice_coach.audio.mixer import Mixer, Played, Started
from voice_coach.audio.port import BLOCK, RATE, AudioPort, Block, Samples
from voice_coach.audio.watchdog import Watchdog
from voice_coach.dialogue.words import number
from voice_coach.errors import VoiceError
from voice_coach.eventlog import EventLog
from voice_coach.listening.listener import Listener
from voice_coach.listening.port import Hearing
from voice_coach.practice.course import END, Exercise
from voice_coach.practice.level import Level, measure
from voice_coach.practice.report import CLEAR, Attempt, Outcome, Reason, Report, Result
from voice_coach.practice.script import Script
from voice_coach.speaking.voice import Voice
from voice_coach.turn_taking import TAIL

TRIES: Final = 2
"""How often a phrase is asked for at most: once more after silence or a misunderstanding."""

UNHEARD: Final = 3
"""Phrases in a row, all met with silence, after which the practice ends: nobody is heard."""

SPOKEN_SUGGESTIONS: Final = 3
"""How many suggestions are said; the screen shows all."""

_PATIENCE: Final = 3.0
"""Seconds that somebody who is making sound may go on past the time to answer."""

_LAST_WORD: Final = 2.0
"""Seconds after the end of a microphone file in which its last word may still be decided."""

_READ: Final = 0.1
"""Real seconds to wait for a microphone block: without one the time still goes on."""

Keep = Callable[[str, Samples], None]
"""Takes the phrase asked for and the recording; for somebody who asked to keep them."""


@dataclass(frozen=True)
class Practised:
    """What a lesson leaves for the report."""

    reason: Reason
    results: tuple[Result, ...]
    seconds: float


@dataclass(frozen=True)
class _Take:
    """One recording: from the moment the ear opens until it is decided."""

    samples: Samples
    began: float
    """Port clock, seconds, of the first sample."""
    hearing: Hearing | None

    def level(self) -> Level:
        if self.hearing is None:
            return measure(self.samples)
        spoken = (self.hearing.started - self.began, self.hearing.word_end - self.began)
        return measure(self.samples, spoken)


class Lesson:
    """Runs one practice over an open port.

    Its records: "saying" and "say" as in a session, "ask" when the ear opens for a phrase, "heard"
    for what was heard, "score" for each attempt.
    """

    def __init__(  # noqa: PLR0913 - the loop is where all the ports meet
        self,
        port: AudioPort,
        mixer: Mixer,
        voice: Voice,
        listener: Listener,
        script: Script,
        log: EventLog,
        *,
        virtual: bool = False,
        keep: Keep | None = None,
    ) -> None:
        """``virtual``: time stands still while a sentence is rendered."""
        self._port = port
        self._mixer = mixer
        self._voice = voice
        self._listener = listener
        self._script = script
        self._log = log
        self._virtual = virtual
        self._keep = keep
        self._saying: dict[str, str] = {}
        self._clips = 0
        self._watchdog = Watchdog(port)
        self._last_call = float("inf")

    def run(self, exercises: Sequence[Exercise]) -> Practised:
        """Ask every exercise, or as many as there is anybody for. Raises what ``keep`` raises."""
        say = self._script.say
        phrases = [exercise.drill.phrase for exercise in exercises]
        asked = [say.please.format(phrase=phrase) for phrase in phrases]
        answered = [say.clear.format(heard=phrase) for phrase in phrases]
        pairs = zip(asked, answered, strict=True)
        self._voice.prefetch([*say.welcome, *(text for pair in pairs for text in pair)])
        for text in say.welcome:
            self._say(text)
        results: list[Result] = []
        reason: Reason = "done"
        for exercise in exercises:
            result, ended = self._ask(exercise)
            if result.attempts:
                results.append(result)
            if ended or self._over or _unheard(results):
                # Whoever has just said stop is heard; else nobody is, or the file is at its end.
                reason = "stopped" if ended else "over" if self._over else "unheard"
                break
        if reason == "stopped":
            self._say(say.stopped)
        return Practised(reason, tuple(results), self._port.now())

    def close(self, report: Report) -> None:
        """Say what came of it, and good night."""
        for text in closing(report, self._script):
            self._say(text)

    # -- one phrase ---------------------------------------------------------------------------

    def _ask(self, exercise: Exercise) -> tuple[Result, bool]:
        """The result of one phrase, and whether the person has ended the practice."""
        say, phrase = self._script.say, exercise.drill.phrase
        attempts: list[Attempt] = []
        text = say.please
        while len(attempts) < TRIES:
            self._say(text.format(phrase=phrase))
            take = self._listen(exercise)
            attempt = self._judge(exercise, take)
            if attempt is None:
                return Result(exercise.drill, tuple(attempts)), True
            attempts.append(attempt)
            if self._keep is not None:
                self._keep(phrase, take.samples)
            last = len(attempts) == TRIES or self._over
            if last or attempt.outcome != "silent":
                self._say(self._answer(attempt))
            if attempt.outcome == "understood" or last:
                break
            text = say.aloud if attempt.outcome == "silent" else say.again
        return Result(exercise.drill, tuple(attempts)), False

    def _judge(self, exercise: Exercise, take: _Take) -> Attempt | None:
        """What an attempt was worth; None when it was the word that ends the practice."""
        hearing, level = take.hearing, take.level()
        if hearing is None:
            self._log.add(self._port.now(), "score", score=0, outcome="silent")
            return Attempt("silent", level=level)
        recognition = hearing.recognition
        meaning = exercise.meaning(recognition)
        self._log.add(
            hearing.decided, "heard", text=recognition.text, intent=meaning,
            accepted=bool(meaning), confidence=recognition.confidence,
            word_end=hearing.word_end, decided=hearing.decided,
        )  # fmt: skip
        if meaning == END:
            return None
        outcome: Outcome = "missed"
        if meaning:
            outcome = "understood" if meaning == exercise.drill.intent else "mistaken"
        heard = recognition.text if meaning else ""
        attempt = Attempt(outcome, heard, recognition.confidence, level)
        self._log.add(hearing.decided, "score", score=attempt.score, outcome=outcome)
        return attempt

    def _answer(self, attempt: Attempt) -> str:
        say = self._script.say
        if attempt.outcome == "understood":
            text = say.clear if attempt.score >= CLEAR else say.unclear
        else:
            text = {"mistaken": say.mistaken, "missed": say.missed, "silent": say.silent}[
                attempt.outcome
            ]
        return text.format(heard=attempt.heard)

    # -- speaking and listening ---------------------------------------------------------------

    def _say(self, text: str) -> None:
        """Speak, with the ear shut, until the room is silent again."""
        future = self._voice.request(text)
        if self._virtual:
            future.exception()  # time stands still until it is there
        while not future.done():
            self._read()
        error = future.exception()
        if error is None:
            self._clips += 1
            self._saying[str(self._clips)] = text
            self._mixer.play(str(self._clips), future.result())
        elif isinstance(error, VoiceError):
            # The screen still shows it, and a cue says that there was something to hear.
            self._log.add(self._port.now(), "fault", what="voice")
            self._log.add(self._port.now(), "saying", text=text)
            self._mixer.play("cue:attention", earcon("attention"))
        else:
            raise error
        while self._mixer.busy or self._port.now() < self._mixer.sounding_until + TAIL:
            self._read()

    def _listen(self, exercise: Exercise) -> _Take:
        """Record until something was said, or nobody has said anything for long enough."""
        self._listener.listen(exercise.grammar)
        deadline = self._port.now() + self._script.wait
        self._log.add(self._port.now(), "ask", phrase=exercise.drill.phrase)
        blocks: list[Block] = []
        hearing: Hearing | None = None
        while hearing is None:
            block = self._read()
            if block is not None:
                blocks.append(block)
                hearing = self._listener.process(block)
            if hearing is None and self._too_late(min(deadline, self._last_call)):
                hearing = self._listener.flush(self._port.now())
                break
        self._listener.shut()
        if not blocks:
            return _Take(np.zeros(0, np.int16), self._port.now(), hearing)
        samples = np.concatenate([block.samples for block in blocks])
        return _Take(samples, blocks[0].at - BLOCK / RATE, hearing)

    def _too_late(self, deadline: float) -> bool:
        now = self._port.now()
        return now >= deadline + (_PATIENCE if self._listener.speaking else 0.0)

    @property
    def _over(self) -> bool:
        """Whether the microphone is a file that has been heard to its end."""
        return self._port.now() >= self._last_call

    def _read(self) -> Block | None:
        block = self._port.read(_READ)
        for finding in self._watchdog.look(block):
            self._log.add(self._port.now(), "fault", what=finding)
        if self._last_call == float("inf") and getattr(self._port, "ended", False):
            self._last_call = self._port.now() + _LAST_WORD
        self._note_played()
        return block

    def _note_played(self) -> None:
        for event in self._mixer.poll():
            text = self._saying.get(event.clip_id)
            if text is None:
                continue
            if isinstance(event, Started):
                self._log.add(event.at, "saying", text=text)
            elif isinstance(event, Played):
                del self._saying[event.clip_id]
                self._log.add(
                    event.ended, "say", text=text, start=event.started, end=event.ended,
                    interrupted=event.interrupted,
                )  # fmt: skip


def closing(report: Report, script: Script) -> tuple[str, ...]:
    """What is said at the end: the total, the words that suit, the microphone."""
    say = script.say
    said = [say.none_asked]
    if any(result.heard for result in report.results):
        asked, understood = len(report.results), report.understood
        said = [say.total.format(understood=number(understood), asked=number(asked))]
        for suggestion in report.suggestions[:SPOKEN_SUGGESTIONS]:
            text = say.prefer if suggestion.tried else say.try_instead
            said.append(text.format(prefer=suggestion.prefer, over=" or ".join(suggestion.over)))
        if not report.suggestions and understood == asked:
            said.append(say.none_better)
    problems = report.microphone.problems or (("good",) if report.results else ())
    said += [getattr(say.microphone, problem) for problem in problems]
    return (*said, say.good_night)


def _unheard(results: list[Result]) -> bool:
    """Whether nobody has said anything to the last few phrases."""
    last = results[-UNHEARD:]
    return len(last) == UNHEARD and not any(result.heard for result in last)
