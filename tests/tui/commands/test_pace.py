"""How fast a target comes nearer, as unattended work tells it."""

import pytest

from selfinstruct.tui.commands.pace import Pace, duration


def test_nothing_is_foretold_from_a_burst_at_the_start() -> None:
    pace = Pace(target=440)
    pace.note(0.0, 0)
    pace.note(1.0, 10)
    assert pace.told(1.0) == []


def test_the_rate_is_that_of_what_was_reached_and_not_of_what_was_proposed() -> None:
    pace = Pace(target=40)
    for second in range(0, 121, 4):
        pace.note(float(second), 1)
    assert pace.told(120.0) == ["0 a minute"]


def test_the_time_that_is_left_follows_from_the_rate() -> None:
    pace = Pace(target=100)
    pace.note(0.0, 10)
    pace.note(60.0, 40)
    assert pace.told(60.0) == ["30 a minute", "about 2 min 00 s left"]
    pace.note(90.0, 100)
    assert pace.told(90.0) == ["60 a minute"]


def test_waiting_for_answers_counts() -> None:
    pace = Pace(target=None)
    pace.note(0.0, 0)
    pace.note(30.0, 30)
    assert pace.told(60.0) == ["30 a minute"]


def test_what_was_reached_long_ago_does_not_count() -> None:
    pace = Pace(target=1000)
    pace.note(0.0, 0)
    pace.note(60.0, 600)
    for minute in range(2, 12):
        pace.note(60.0 * minute, 600 + minute)
    (rate, left) = pace.told(660.0)
    assert rate == "1 a minute"
    assert left.startswith("about 6 h")


@pytest.mark.parametrize(("seconds", "told"), [(42, "42 s"), (125, "2 min 05 s"), (3720, "1 h 02 min")])
def test_a_duration_is_told_in_words(seconds: float, told: str) -> None:
    assert duration(seconds) == told
