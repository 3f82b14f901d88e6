import pytest

from exporter.web.landing.durations import in_words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "0 s"),
        (0.9, "0 s"),
        (12, "12 s"),
        (60, "1 min"),
        (61, "1 min 1 s"),
        (3600 + 59, "1 h"),
        (4 * 86400 + 3 * 3600 + 59 * 60, "4 d 3 h"),
        (60 * 86400 + 59 * 60, "60 d"),
    ],
)
def test_a_time_span_is_told_in_its_two_largest_units(seconds: float, words: str) -> None:
    assert in_words(seconds) == words
