import pytest

from benchmarks.quantiles import p99


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([5.0], 5.0),
        ([float(value) for value in range(1, 101)], 99.0),
        ([float(value) for value in range(200, 0, -1)], 198.0),
        ([1.0, 2.0, 3.0], 3.0),
    ],
)
def test_p99_is_exceeded_by_one_in_a_hundred(values: list[float], expected: float) -> None:
    assert p99(values) == expected
