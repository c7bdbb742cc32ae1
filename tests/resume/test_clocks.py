"""Which clock to believe."""

from __future__ import annotations

import pytest

from voice_coach.resume.clocks import Stamp, gap, now

HOUR = 3600.0
THEN = Stamp("a", 10_000.0, 1_700_000_000.0)


def later(boot: str, uptime: float, wall: float) -> Stamp:
    return Stamp(boot, uptime, THEN.wall + wall)


@pytest.mark.parametrize(
    ("since", "seconds"),
    [
        pytest.param(later("a", 10_030, 30), 30, id="nothing strange"),
        pytest.param(later("a", 10_030, 30 + HOUR), 30, id="the wall clock jumped ahead"),
        pytest.param(later("a", 10_030, 30 - HOUR), 30, id="the wall clock jumped back"),
        pytest.param(later("a", 11_230, 1230), 1230, id="asleep for twenty minutes"),
        pytest.param(later("b", 40, 70), 70, id="started again"),
        pytest.param(later("b", 40, 37), 40, id="started again, clocks nearly agree"),
        pytest.param(later("b", 40, 70 + HOUR), 70 + HOUR, id="started again, and jumped ahead"),
        pytest.param(later("b", 40, 70 - HOUR), None, id="started again, and jumped back"),
        pytest.param(later("a", 9_000, 30), None, id="time does not run backwards"),
    ],
)
def test_how_long_ago(since: Stamp, seconds: float | None) -> None:
    assert gap(THEN, since) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("uptime", "wall", "seconds"),
    [
        (10_030, 30, 30),
        (10_030, 30 + HOUR, 30 + HOUR),
        (10_030, 30 - HOUR, 30),
        (40, 70, 70),
        (40, 70 - HOUR, None),
    ],
)
def test_where_the_system_does_not_name_its_starts_the_longer_time_is_believed(
    uptime: float, wall: float, seconds: float | None
) -> None:
    then = Stamp("", THEN.uptime, THEN.wall)
    assert gap(then, later("", uptime, wall)) == pytest.approx(seconds)


def test_this_moment() -> None:
    one, two = now(), now()
    assert one.boot == two.boot
    assert gap(one, two) == pytest.approx(0, abs=1)
