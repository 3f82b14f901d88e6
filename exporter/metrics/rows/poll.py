from collections import Counter
from collections.abc import Iterator, Mapping

from exporter.domain import FailureReason, KnownError, Poll
from exporter.metrics.desc import Desc, Label, MetricType, Sample, Samples
from exporter.metrics.rows.row import ACCOUNT, AccountRow
from exporter.metrics.state import Context
from exporter.observations.model import AccountObservation, PollRecord, nothing

POLL = Label("poll", values=tuple(Poll))
REASON = Label("reason", values=tuple(FailureReason))
ERROR = Label("error", meaning="a name of the error catalogue")
CATEGORY = Label("category", meaning="the category that the error catalogue gives the error")
ACTION = Label("action", meaning="what helps: the action that the error catalogue names")
Failures = tuple[Mapping[FailureReason, int], ...]


def _polls(observation: AccountObservation, _: Context) -> Mapping[Poll, PollRecord]:
    return observation.polls


def _successes(observation: AccountObservation, _: Context) -> tuple[bool | None, ...]:
    records = map(observation.polls.get, Poll)
    return tuple(None if record is None else record.succeeded for record in records)


def _each_success(successes: tuple[bool | None, ...]) -> Iterator[Sample]:
    for poll, succeeded in zip(Poll, successes, strict=True):
        if succeeded is not None:
            yield (poll,), succeeded


def _last_success(polls: Mapping[Poll, PollRecord]) -> Iterator[Sample]:
    for poll in Poll:
        record = polls.get(poll)
        if record is not None and record.last_success_at is not None:
            yield (poll,), record.last_success_at


def _total(polls: Mapping[Poll, PollRecord]) -> Iterator[Sample]:
    for poll in Poll:
        record = polls.get(poll)
        yield (poll,), 0 if record is None else record.total


def _failures(observation: AccountObservation, _: Context) -> Failures:
    records = map(observation.polls.get, Poll)
    return tuple(nothing() if record is None else record.failures for record in records)


def _by_reason(failures: Failures) -> Iterator[Sample]:
    for poll, counts in zip(Poll, failures, strict=True):
        for reason, count in sorted(counts.items()):
            yield (poll, reason), count


def _errors(observation: AccountObservation, _: Context) -> Mapping[KnownError, int]:
    return observation.errors


def _reported_errors(observation: AccountObservation, _: Context) -> Mapping[KnownError, int]:
    return observation.reported_errors


def _by_entry(errors: Mapping[KnownError, int]) -> Samples:
    counts: Counter[tuple[str, ...]] = Counter()
    for error, count in errors.items():
        counts[error.name, error.category, error.action] += count
    return sorted(counts.items())


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
        _successes,
        _each_success,
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
        _polls,
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
        _polls,
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
        _by_reason,
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
        _errors,
        _by_entry,
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
        _reported_errors,
        _by_entry,
    ),
)
