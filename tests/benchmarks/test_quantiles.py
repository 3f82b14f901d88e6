from math import inf

import pytest

from benchmarks.quantiles import histogram_p99, p99


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


@pytest.mark.parametrize(
    ("buckets", "expected"),
    [
        ({0.01: 100.0, 0.1: 100.0, inf: 100.0}, 0.0099),
        ({0.01: 0.0, 0.1: 100.0, inf: 100.0}, 0.0991),
        ({0.01: 98.0, 0.1: 98.0, inf: 100.0}, 0.1),
    ],
)
def test_the_p99_of_a_histogram_is_prometheus_s(
    buckets: dict[float, float], expected: float
) -> None:
    assert histogram_p99(buckets) == pytest.approx(expected)
