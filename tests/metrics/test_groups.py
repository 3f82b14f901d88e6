"""Accounts share blocks, and go on doing so while others come and go."""

from hypothesis import given
from hypothesis import strategies as st

from exporter.metrics.block import ACCOUNTS
from exporter.metrics.groups import Group, grouped
from tests.examples import examples


def names(first: int, last: int) -> list[str]:
    return [f"acme-{number:04d}" for number in range(first, last)]


def numbers(groups: list[Group]) -> dict[str, int]:
    return {name: number for number, group in enumerate(groups) for name in group}


def test_at_first_the_groups_are_even() -> None:
    groups = grouped(names(0, 300), {})

    assert [len(group) for group in groups] == [ACCOUNTS, ACCOUNTS, 300 - 2 * ACCOUNTS]


def test_whose_neighbours_stay_is_not_moved() -> None:
    before = list(grouped(names(0, 500), {}))
    stay = [*names(0, 200), *names(201, 500)]

    groups = list(grouped([*stay, "new"], numbers(before)))

    assert groups[0] == before[0]
    assert groups[1] == tuple(name for name in before[1] if name != "acme-0200")
    assert groups[2] == before[2]
    assert groups[3] == (*before[3], "new")


def test_a_group_that_is_full_is_divided() -> None:
    before = list(grouped(names(0, 300), {}))

    groups = grouped([*names(0, 50), "new", *names(50, 300)], numbers(before))

    assert [len(group) for group in groups] == [ACCOUNTS, 1, ACCOUNTS, 300 - 2 * ACCOUNTS]


def test_many_small_groups_are_put_together() -> None:
    before = list(grouped(names(0, 2_000), {}))
    few = names(0, 2_000)[::40]

    assert grouped(few, numbers(before)) == [tuple(few)]


@examples(60)
@given(
    st.lists(st.integers(0, 2_000), unique=True),
    st.lists(st.integers(0, 2_000), unique=True),
)
def test_whoever_comes_and_goes_all_are_there_in_their_order(
    former: list[int], present: list[int]
) -> None:
    before = numbers(list(grouped(list(map(str, former)), {})))

    groups = grouped(list(map(str, present)), before)

    assert [name for group in groups for name in group] == list(map(str, present))
    assert all(0 < len(group) <= ACCOUNTS for group in groups)
    assert len(groups) <= 2 * -(-len(present) // ACCOUNTS)


def test_without_accounts_there_are_no_groups() -> None:
    assert list(grouped([], {"gone": 0})) == []
