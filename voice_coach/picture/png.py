"""Pictures as PNG, where the optional library is installed."""

from __future__ import annotations

from collections.abc import Callable

from voice_coach.errors import UsageError


def painter() -> Callable[[str], bytes]:
    """What turns an SVG into a PNG, twice its size in pixels. Raises UsageError without resvg."""
    try:
        import resvg_py  # noqa: PLC0415 - an extra: everything else works without it
    except ImportError:
        raise UsageError(
            "Drawing a PNG needs a library: install it with `pip install resvg-py`, or use --svg."
        ) from None
    return lambda svg: bytes(resvg_py.svg_to_bytes(svg_string=svg, zoom=2))
