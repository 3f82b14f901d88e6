import pytest

from benchmarks.metering import Spent


def test_the_cost_is_over_the_calls_and_the_rate_over_the_time() -> None:
    spent = Spent(calls=400, cpu_seconds=0.5, seconds=2.0)

    assert spent.rate == 200
    assert spent.cpu_per_call == pytest.approx(0.00125)
