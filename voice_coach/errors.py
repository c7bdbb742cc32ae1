"""Every failure a person can meet, with its exit code and what to do next.

The message is one clear sentence or two: what is wrong, then what to do. The command prints it
without a traceback and exits with ``exit_code``.
"""

from __future__ import annotations


class CoachError(Exception):
    """A failure with one clear sentence for the person. Base of all the others."""

    exit_code = 1


class Terminated(KeyboardInterrupt):
    """The system ends the program (SIGTERM), not the person: what was begun shall go on later."""


class UsageError(CoachError):
    """The command line asks for something that does not exist or cannot go together."""

    exit_code = 2


class AudioDeviceError(CoachError):
    """No microphone or speaker, PortAudio missing, or a device that cannot be opened."""

    exit_code = 3


class ModelError(CoachError):
    """The speech model is missing, truncated, or of a kind that cannot be used."""

    exit_code = 4


class VoiceError(CoachError):
    """No voice engine, or one that hangs, crashes or renders silence."""

    exit_code = 5


class ContentError(CoachError):
    """A malformed content or scenario file: names the file, the key and the remedy."""

    exit_code = 6


class AudioFileError(CoachError):
    """An audio file that is missing, empty or not audio."""

    exit_code = 7


class OutputError(CoachError):
    """A result that cannot be written: read-only folder, full disk."""

    exit_code = 8


class StoreError(CoachError):
    """A model that cannot be fetched: no connection, a wrong answer, a broken archive."""

    exit_code = 9


class BusyError(CoachError):
    """Another coach has the microphone."""

    exit_code = 10


class ServiceError(CoachError):
    """The system's service manager is missing, or refuses."""

    exit_code = 11
