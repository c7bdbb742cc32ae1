"""Writing a result where the person asked for it."""

from __future__ import annotations

from pathlib import Path

from voice_coach.errors import OutputError


def save(path: Path, data: bytes) -> None:
    """Write a file, and its folder if there is none. Raises OutputError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written ({error.strerror}); choose another place."
        ) from None
