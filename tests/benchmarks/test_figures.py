from collections.abc import Callable

import pytest

from benchmarks.figures import Figures, Judged, Row, Target, Unit, alternate, at_least, at_most


def row(target: Target | None, *, ours: float = 2.0, yardstick: float | None = 4.0) -> Row:
    against = None if yardstick is None else Figures((yardstick,))
    return Row("name", "what", Unit.SECONDS, Figures((ours,)), against, target=target)


def test_figures_tell_the_median_and_the_range() -> None:
    figures = Figures((3.0, 1.0, 2.0, 9.0))

    assert (figures.median, figures.low, figures.high) == (2.5, 1.0, 9.0)


@pytest.mark.parametrize(
    ("target", "met"),
    [
        (None, None),
        (at_most(0.5), True),
        (at_most(0.4), False),
        (at_least(0.5), True),
        (at_least(0.6), False),
        (Target(Judged.VALUE, 2.0), True),
        (Target(Judged.VALUE, 1.9), False),
        (Target(Judged.VALUE, 3.0, at_least=True), False),
    ],
)
def test_a_target_is_met_by_the_ratio_or_by_the_figure(
    target: Target | None, *, met: bool | None
) -> None:
    assert row(target).met is met


def test_without_a_yardstick_there_is_no_ratio_to_meet_a_target_by() -> None:
    alone = row(at_most(1.0), yardstick=None)

    assert (alone.ratio, alone.met) == (None, False)


def test_tasks_take_turns() -> None:
    order: list[str] = []

    def task(name: str) -> Callable[[], float]:
        def run() -> float:
            order.append(name)
            return float(len(order))

        return run

    first, second = alternate(2, task("a"), task("b"))

    assert order == ["a", "b", "a", "b"]
    assert (first.values, second.values) == ((1.0, 3.0), (2.0, 4.0))
