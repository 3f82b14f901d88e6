import pytest

from fuzz.minimising import broken_by, minimised
from tests.fuzz.brittle_fuzzer import fuzz


@pytest.mark.parametrize("data", [b"brittle", b"a brittle one", b"x" * 4000 + b"brittle", b"?" * 3])
def test_only_what_breaks_the_target_is_left(data: bytes) -> None:
    assert minimised(fuzz, data) == (b"brittle" if b"brittle" in data else data)


def test_another_way_to_break_is_another_finding() -> None:
    def fussy(data: bytes) -> None:
        if len(data) < 5:
            raise ValueError("too short")
        fuzz(data)

    assert minimised(fussy, b"so brittle") == b"brittle"
    assert minimised(fussy, b"four") == b""


def test_what_is_raised_is_told_with_its_place() -> None:
    breakage = broken_by(fuzz, b"brittle")

    assert breakage is not None
    assert breakage.error == "LookupError"
    assert breakage.place.partition(":")[0].endswith("brittle_fuzzer.py")
    assert broken_by(fuzz, b"britle") is None
