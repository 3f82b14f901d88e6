import pytest

from exporter.domain import FailureReason, PollResult
from exporter.polling.outcome import Done, PollOutcome, result_of
from exporter.threads_api.reply import Failure

REFUSALS = {
    FailureReason.TOKEN_INVALID,
    FailureReason.PERMISSION,
    FailureReason.RATE_LIMITED,
    FailureReason.RESTRICTED,
    FailureReason.NOT_FOUND,
    FailureReason.UNSUPPORTED,
    FailureReason.BUDGET,
}


@pytest.mark.parametrize("reason", FailureReason)
def test_a_poll_is_put_off_where_meta_was_not_reached_and_not_where_it_refuses(
    reason: FailureReason,
) -> None:
    expected = PollResult.REFUSED if reason in REFUSALS else PollResult.UNANSWERED

    assert result_of(Failure(reason)) is expected
    assert not expected.is_success


@pytest.mark.parametrize(
    ("done", "result"),
    [
        (Done.ANSWERED, PollResult.ANSWERED),
        (Done.NOT_DUE, PollResult.NOTHING_DUE),
        (Done.NOTHING_TO_ASK, PollResult.NOTHING_DUE),
    ],
)
def test_what_did_not_fail_is_a_success(done: PollOutcome, result: PollResult) -> None:
    assert result_of(done) is result
    assert result.is_success
