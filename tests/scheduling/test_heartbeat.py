from concurrent.futures import ThreadPoolExecutor

from exporter.scheduling.heartbeat import Heartbeats
from tests.clock import ControlledClock


def test_a_loop_is_silent_once_it_has_not_beaten_in_time() -> None:
    clock = ControlledClock()
    heartbeats = Heartbeats(clock)
    heartbeats.expect("upkeep", within=60)
    heartbeats.expect("store", within=90)

    clock.advance(60)
    assert heartbeats.silent() == []
    clock.advance(1)
    assert heartbeats.silent() == ["the upkeep loop has been silent for 61 s"]

    heartbeats.beat("upkeep")
    assert heartbeats.silent() == []
    clock.advance(61)
    assert heartbeats.silent() == [
        "the upkeep loop has been silent for 61 s",
        "the store loop has been silent for 122 s",
    ]


def test_long_work_that_goes_on_is_life_of_the_loop_whose_thread_does_it() -> None:
    clock = ControlledClock()
    heartbeats = Heartbeats(clock)
    heartbeats.expect("upkeep", within=60)
    heartbeats.expect("store", within=60)
    heartbeats.beat("upkeep")
    clock.advance(61)

    with ThreadPoolExecutor(1) as another:
        another.submit(heartbeats.go_on).result()
    assert len(heartbeats.silent()) == 2
    heartbeats.go_on()

    assert heartbeats.silent() == ["the store loop has been silent for 61 s"]


def test_beats_are_told_by_the_clock_of_now() -> None:
    clock = ControlledClock(wall_time=5_000.0)
    heartbeats = Heartbeats(clock)
    beat = heartbeats.expect("upkeep", within=60)
    heartbeats.expect("store", within=60)
    clock.advance(10)
    beat()
    clock.advance(1)
    clock.set_wall(100.0)

    assert heartbeats.times() == {"upkeep": 99.0, "store": 89.0}


def test_setting_the_wall_clock_silences_nobody() -> None:
    clock = ControlledClock()
    heartbeats = Heartbeats(clock)
    heartbeats.expect("upkeep", within=60)

    clock.set_wall(clock.wall() + 86_400)

    assert heartbeats.silent() == []
