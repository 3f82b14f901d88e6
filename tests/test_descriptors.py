import pytest
from structlog.testing import capture_logs

from exporter.descriptors import CallSlots

WANTED = CallSlots(polls=32, probes=8)


@pytest.mark.parametrize(
    ("descriptors", "slots"),
    [
        (-1, WANTED),
        (1_048_576, WANTED),
        (256, WANTED),
        (128, CallSlots(polls=18, probes=6)),
        (64, CallSlots(polls=6, probes=2)),
        (20, CallSlots(polls=2, probes=1)),
    ],
)
def test_calls_and_connections_never_need_more_descriptors_than_there_are(
    descriptors: int, slots: CallSlots
) -> None:
    with capture_logs() as logs:
        assert WANTED.within(descriptors) == slots

    assert [line["polls"] for line in logs] == ([] if slots == WANTED else [slots.polls])
