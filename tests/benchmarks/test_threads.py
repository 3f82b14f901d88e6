import pytest

from benchmarks.children.threads import in_threads


def test_each_item_is_worked_on_once() -> None:
    done: list[int] = []
    in_threads(4, done.append, range(100))

    assert sorted(done) == list(range(100))


def test_work_that_fails_is_not_taken_for_done() -> None:
    def fail_at_seven(item: int) -> None:
        if item == 7:
            raise ValueError(item)

    with pytest.raises(ValueError, match="7"):
        in_threads(4, fail_at_seven, range(100))
