"""The coach's voice: sentences become clips, in time, without anybody waiting for an engine."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Final

from voice_coach.audio.port import Samples
from voice_coach.speaking.cache import ClipCache, clip_key
from voice_coach.speaking.port import Renderer, VoiceSettings, VoiceUnavailable

BACKGROUND_WORKERS: Final = 2
"""Threads that prefetch: at most so many children at a time."""


@dataclass(eq=False)
class _Job:
    """One clip on its way. Everybody who wants it shares the future; nobody can cancel it."""

    text: str
    settings: VoiceSettings
    future: Future[Samples] = field(default_factory=Future)

    def __post_init__(self) -> None:
        self.future.set_running_or_notify_cancel()


class Voice:
    """Clips by text: from memory, from disk, or rendered now. Safe to use from several threads.

    Two workers prefetch, with low priority; a third one only serves what is wanted now, so that
    a prompt never waits behind a prefetch. In both queues the newest comes first: what was asked
    for last is what the conversation has come to.

    The voice owns its renderer and closes it.
    """

    def __init__(
        self, renderer: Renderer, cache: ClipCache, settings: VoiceSettings | None = None
    ) -> None:
        """``settings`` hold for every sentence; a rate can be given with each."""
        self._renderer = renderer
        self._cache = cache
        self._settings = VoiceSettings() if settings is None else settings
        self._changed = threading.Condition()
        self._wanted: list[_Job] = []
        self._ahead: list[_Job] = []
        self._jobs: dict[tuple[str, VoiceSettings], _Job] = {}
        self._closed = False
        self._version = ""
        self._rates: set[int] = set()
        self._workers: list[threading.Thread] = []

    @property
    def settings(self) -> VoiceSettings:
        """How sentences sound when nothing else is asked for."""
        return self._settings

    @property
    def warning(self) -> str:
        """One sentence on why nothing is kept on disk; empty while all is well."""
        return self._cache.warning

    def clip(self, text: str, rate: int | None = None) -> Samples:
        """The sentence at ``rate`` words a minute; read-only, shape (n,). Waits for it.

        Raises VoiceError when it cannot be made, or when the voice is closed meanwhile.
        """
        return self.request(text, rate).result()

    def request(self, text: str, rate: int | None = None) -> Future[Samples]:
        """Ask for a clip and return at once. The future cannot be cancelled.

        It is done already when the clip is in memory; else it will hold the clip or a VoiceError.
        """
        job = _Job(" ".join(text.split()), self._at(rate))
        with self._changed:
            self._rates.add(job.settings.rate)
            if self._closed:
                job.future.set_exception(_closed())
                return job.future
            clip = self._recall(job)
            if clip is not None:
                job.future.set_result(clip)
                return job.future
            known = self._jobs.get((job.text, job.settings))
            if known is None:
                self._jobs[job.text, job.settings] = job
            else:
                job = known
                if job in self._ahead:
                    self._ahead.remove(job)
                elif job not in self._wanted:
                    return job.future  # being made this moment
                else:
                    self._wanted.remove(job)
            self._wanted.append(job)
            self._wake()
            return job.future

    def prefetch(self, texts: Iterable[str], rate: int | None = None) -> None:
        """Make clips in the background: these before earlier ones, the first of them first."""
        settings = self._at(rate)
        with self._changed:
            if self._closed:
                return
            for text in reversed([" ".join(text.split()) for text in texts]):
                job = self._jobs.get((text, settings))
                if job is None:
                    job = _Job(text, settings)
                    if self._recall(job) is not None:
                        continue
                    self._jobs[text, settings] = job
                elif job in self._ahead:
                    self._ahead.remove(job)
                else:
                    continue
                self._ahead.append(job)
            self._wake()

    def forget(self, kept: Iterable[str]) -> None:
        """Nothing will be said for a while: but for these sentences, leave those that are on disk
        there. ``prefetch`` fetches them again."""
        if self._version:
            keys = [clip_key(text, self._settings, self._version) for text in kept]
            self._cache.forget(keys)

    def ready(self, text: str, rate: int | None = None) -> bool:
        """Whether ``clip`` would return it without rendering.

        False until the first clip was asked for: only then is the engine's version known.
        """
        return bool(self._version) and self._cache.has(
            clip_key(text, self._at(rate), self._version)
        )

    def made(self, text: str) -> Samples | None:
        """The sentence if it was ever made, at the usual rate or else at one asked for before.

        Never waits for an engine: what to fall back on when the engine fails.
        """
        if not self._version:
            return None
        with self._changed:
            rates = sorted(self._rates, key=lambda rate: abs(rate - self._settings.rate))
        words = " ".join(text.split())
        for rate in (None, *rates):
            clip = self._cache.get(clip_key(words, self._at(rate), self._version))
            if clip is not None:
                return clip
        return None

    def close(self) -> None:
        """Stop at once: running children are ended, everybody who waits gets a VoiceError."""
        with self._changed:
            if self._closed:
                return
            self._closed = True
            left = self._wanted + self._ahead
            self._wanted.clear()
            self._ahead.clear()
            self._changed.notify_all()
        for job in left:
            job.future.set_exception(_closed())
        self._renderer.close()
        for worker in self._workers:
            if worker is not threading.current_thread():
                worker.join()

    def __enter__(self) -> Voice:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _at(self, rate: int | None) -> VoiceSettings:
        return self._settings if rate is None else replace(self._settings, rate=rate)

    def _recall(self, job: _Job) -> Samples | None:
        """From memory, if at all: never waits for an engine or a disk."""
        if not self._version:
            return None
        return self._cache.recall(clip_key(job.text, job.settings, self._version))

    def _wake(self) -> None:
        """Tell the workers, the first time after bringing them to life."""
        if not self._workers:
            self._workers = [
                threading.Thread(target=self._work, args=(ahead,), name="voice", daemon=True)
                for ahead in [False] + [True] * BACKGROUND_WORKERS
            ]
            for worker in self._workers:
                worker.start()
        self._changed.notify_all()

    def _work(self, ahead: bool) -> None:
        """Serve one queue until the voice is closed."""
        queue = self._ahead if ahead else self._wanted
        while True:
            with self._changed:
                self._changed.wait_for(lambda: queue or self._closed)
                if self._closed:
                    return
                job = queue.pop()
            self._finish(job, ahead)

    def _finish(self, job: _Job, ahead: bool) -> None:
        """Make the clip and hand it, or what went wrong, to everybody who waits for it."""
        result: Samples | Exception
        try:
            result = self._make(job, ahead)
        except VoiceUnavailable as error:
            self._give_up_prefetching(error)
            result = error
        except Exception as error:  # a waiting conversation must hear of anything at all
            result = error
        with self._changed:
            self._jobs.pop((job.text, job.settings), None)
        if isinstance(result, Exception):
            job.future.set_exception(result)
        else:
            job.future.set_result(result)

    def _make(self, job: _Job, ahead: bool) -> Samples:
        self._version = self._version or self._renderer.version
        key = clip_key(job.text, job.settings, self._version)
        clip = self._cache.get(key)
        if clip is None:
            rendered = self._renderer.render(job.text, job.settings, background=ahead)
            clip = self._cache.put(key, rendered)
        return clip

    def _give_up_prefetching(self, error: VoiceUnavailable) -> None:
        """Where there is no engine, a hundred more children would not find one."""
        with self._changed:
            dropped = list(self._ahead)
            self._ahead.clear()
            for job in dropped:
                self._jobs.pop((job.text, job.settings), None)
        for job in dropped:
            job.future.set_exception(error)


def _closed() -> VoiceUnavailable:
    return VoiceUnavailable("The voice is closed: start the coach again to hear it.")
