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


def test_setting_the_wall_clock_silences_nobody() -> None:
    clock = ControlledClock()
    heartbeats = Heartbeats(clock)
    heartbeats.expect("upkeep", within=60)

    clock.set_wall(clock.wall() + 86_400)

    assert heartbeats.silent() == []
