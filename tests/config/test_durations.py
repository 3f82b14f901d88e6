import pytest

from exporter.config.durations import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("500ms", 0.5),
        ("90s", 90.0),
        ("5m", 300.0),
        ("1h30m", 5_400.0),
        ("1d12h", 129_600.0),
        ("1w", 604_800.0),
        ("1y", 31_536_000.0),
        ("0s", 0.0),
    ],
)
def test_parses_prometheus_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "value",
    ["", "5", "5 m", "m", "-5m", "5m5h", "1.5h", "5M", "٣s", "5m\n", f"{'9' * 13}s", 60, 1.5, True],
)
def test_refuses_anything_else(value: object) -> None:
    with pytest.raises(ValueError, match="is not a duration: write numbers with units"):
        parse_duration(value)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "0s"), (0.1, "100ms"), (90.0, "1m30s"), (86_400.0, "1d"), (90_061.5, "1d1h1m1s500ms")],
)
def test_formats_as_prometheus_does(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text
    assert parse_duration(text) == seconds
