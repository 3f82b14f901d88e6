from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from exporter.domain import FailureReason, KnownError, Poll
from exporter.metrics.desc import Desc, Label, MetricType, Sample, Samples
from exporter.metrics.rows.row import ACCOUNT, AccountRow
from exporter.metrics.state import Context
from exporter.observations.model import AccountObservation

POLL = Label("poll", values=tuple(Poll))
REASON = Label("reason", values=tuple(FailureReason))
ERROR = Label("error", meaning="a name of the error catalogue")
CATEGORY = Label("category", meaning="the category that the error catalogue gives the error")
ACTION = Label("action", meaning="what helps: the action that the error catalogue names")


def _success(observation: AccountObservation, _: Context) -> Iterator[Sample]:
    for poll, record in observation.polls.items():
        yield (poll,), record.succeeded


def _last_success(observation: AccountObservation, _: Context) -> Iterator[Sample]:
    for poll, record in observation.polls.items():
        if record.last_success_at is not None:
            yield (poll,), record.last_success_at


def _total(observation: AccountObservation, _: Context) -> Iterator[Sample]:
    for poll in Poll:
        record = observation.polls.get(poll)
        yield (poll,), 0 if record is None else record.total


def _failures(observation: AccountObservation, _: Context) -> Iterator[Sample]:
    for poll, record in observation.polls.items():
        for reason, count in record.failures.items():
            yield (poll, reason), count


def _by_entry(
    read: Callable[[AccountObservation], Mapping[KnownError, int]],
) -> Callable[[AccountObservation, Context], Samples]:
    def samples(observation: AccountObservation, _: Context) -> Samples:
        counts: Counter[tuple[str, ...]] = Counter()
        for error, count in read(observation).items():
            counts[error.name, error.category, error.action] += count
        return counts.items()

    return samples


ROWS = (
    AccountRow(
        Desc(
            "threads_poll_success",
            MetricType.GAUGE,
            "1 if the last poll of the Threads API succeeded, 0 if it failed.",
            (ACCOUNT, POLL),
            when="after the first such poll",
            promql="threads_poll_success == 0",
        ),
        _success,
    ),
    AccountRow(
        Desc(
            "threads_poll_last_success_timestamp_seconds",
            MetricType.GAUGE,
            "Unix time of the last successful poll: how old the polled values are.",
            (ACCOUNT, POLL),
            when="after the first success",
            promql='time() - threads_poll_last_success_timestamp_seconds{poll="quota"} > 600',
        ),
        _last_success,
    ),
    AccountRow(
        Desc(
            "threads_polls_total",
            MetricType.COUNTER,
            "Polls of the Threads API, failed ones included.",
            (ACCOUNT, POLL),
            when="always, every poll",
            promql="sum by (account, poll) (rate(threads_poll_failures_total[15m]))"
            " / sum by (account, poll) (rate(threads_polls_total[15m]))",
        ),
        _total,
    ),
    AccountRow(
        Desc(
            "threads_poll_failures_total",
            MetricType.COUNTER,
            "Failed polls of the Threads API, by why they failed.",
            (ACCOUNT, POLL, REASON),
            when="once a poll failed for that reason: a series at 0 for every reason would double"
            " what an account costs. A first failure therefore shows in `threads_poll_success`, not"
            " in `increase()`",
            promql="sum by (reason) (rate(threads_poll_failures_total[15m]))",
        ),
        _failures,
    ),
    AccountRow(
        Desc(
            "threads_api_errors_total",
            MetricType.COUNTER,
            "Errors that Meta answered to polls, by the exporter's error catalogue, which reads"
            " code, error_subcode and message of the answer's error.",
            (ACCOUNT, ERROR, CATEGORY, ACTION),
            when="once the error was seen",
            promql="(increase(threads_api_errors_total[1h]) > 0)"
            " * on (instance, error) group_left (solution) threads_api_error_info",
        ),
        _by_entry(lambda observation: observation.errors),
    ),
    AccountRow(
        Desc(
            "threads_reported_errors_total",
            MetricType.COUNTER,
            "Errors that publishers got from Meta and reported to the exporter, by the exporter's"
            " error catalogue.",
            (ACCOUNT, ERROR, CATEGORY, ACTION),
            when="once the error was reported, over `POST /api/v1/errors`",
            promql="(increase(threads_reported_errors_total[1h]) > 0)"
            " * on (instance, error) group_left (solution) threads_api_error_info",
        ),
        _by_entry(lambda observation: observation.reported_errors),
    ),
)
