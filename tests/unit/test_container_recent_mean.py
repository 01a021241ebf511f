"""What is foreseen: the mean of all at first, and of the latest later."""

import pytest

from model_server.container.recent_mean import RecentMean


def mean(*values: float) -> float:
    recent = RecentMean()
    for value in values:
        recent.add(value)
    return recent.value


def test_of_nothing_is_nothing() -> None:
    assert mean() == 0


def test_is_of_all_at_first() -> None:
    """Else the first, which is slow with some models, would count for long."""
    assert mean(8, 4, 0, 0) == pytest.approx(3)


def test_forgets_an_unusual_value_and_learns_a_change() -> None:
    assert mean(*[1] * 50, 11) == pytest.approx(2)
    assert mean(*[1] * 50, 11, *[1] * 20) == pytest.approx(1, abs=0.2)
    assert mean(*[1] * 50, *[11] * 30) == pytest.approx(11, abs=0.5)
