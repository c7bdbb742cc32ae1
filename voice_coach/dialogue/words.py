"""Numbers and times as they are spoken."""

from __future__ import annotations

from functools import cache

_ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
    "nineteen",
)  # fmt: skip
_TENS = ("", "", "twenty", "thirty", "forty", "fifty")


def number(n: int) -> str:
    """``n`` in words, 0 to 59; digits beyond."""
    if n < 0 or n > 59:
        return str(n)
    if n < 20:
        return _ONES[n]
    tens, ones = divmod(n, 10)
    return _TENS[tens] + (f" {_ONES[ones]}" if ones else "")


@cache
def digits(text: str) -> str:
    """A telephone number digit by digit: "one one two"."""
    return " ".join(_ONES[int(c)] for c in text if c.isdigit())


def duration(seconds: float) -> str:
    """A time as a person says it: to five seconds below a minute, then whole minutes.

    >>> duration(12), duration(61), duration(200)
    ('ten seconds', 'one minute', 'three minutes')
    """
    if seconds < 57.5:
        n = max(5, round(seconds / 5) * 5)
        return f"{number(n)} seconds"
    minutes = max(1, int(seconds // 60))
    return "one minute" if minutes == 1 else f"{number(minutes)} minutes"
