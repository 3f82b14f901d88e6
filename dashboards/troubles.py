"""What makes an account need a hand; where each begins is where its alert does."""

from alerts.thresholds import DEFAULT
from dashboards import measures
from dashboards.conditions import COUNT, DAYS, HOURS, MINUTES, PERCENT, Condition, Severity
from dashboards.promql import Scope, label_values
from exporter.domain import ContainerOutcome, Poll

NEEDED_SCOPES = ("threads_basic", "threads_content_publish")
# The container polls have no rhythm that one could be late of.
_STALE = {Poll.QUOTA: DEFAULT.quota_stale_seconds, Poll.TOKEN: DEFAULT.token_stale_seconds}


def troubles(scope: Scope) -> tuple[Condition, ...]:
    """Return every condition; within a severity the worse ones come first."""
    return (
        *_tokens(scope),
        *_expiries(scope),
        *_quotas(scope),
        *_permissions(scope),
        *_polls(scope),
        *_limits(scope),
        *_containers(scope),
    )


def _tokens(scope: Scope) -> tuple[Condition, ...]:
    reasons = measures.newest(scope, "threads_token_invalid_reason", "reason")
    return (
        Condition(
            Severity.CRITICAL,
            "token invalid: $1",
            f"{reasons} == 1",
            "Authorise the app again, put the new token in place",
            what="reason",
        ),
    )


def _expiries(scope: Scope) -> tuple[Condition, ...]:
    dead = measures.dead_tokens(scope)
    token = f"({measures.token_left(scope)} unless on (account) {dead})"
    access = f"({measures.data_access_left(scope)} unless on (account) {dead})"
    token_bands = (DEFAULT.token_expiry_critical_seconds, DEFAULT.token_expiry_warning_seconds)
    access_bands = (
        DEFAULT.data_access_expiry_critical_seconds,
        DEFAULT.data_access_expiry_warning_seconds,
    )
    return (
        *_bands("token expires", token, token_bands, "Refresh the token: a dead one cannot be"),
        *_bands("data access ends", access, access_bands, "Let the owner authorise the app again"),
    )


def _bands(
    reason: str, left: str, bands: tuple[float, float], remedy: str
) -> tuple[Condition, ...]:
    critical, warning = bands
    soon = f"{left} > {critical:g} <= {warning:g}"
    return (
        Condition(Severity.CRITICAL, reason, f"{left} <= {critical:g}", remedy, measure=HOURS),
        Condition(Severity.WARNING, reason, soon, remedy, measure=DAYS),
    )


def _quotas(scope: Scope) -> tuple[Condition, ...]:
    ratio = measures.quota_ratio(scope)
    within = DEFAULT.quota_trend_seconds
    running_out = (
        f"({measures.quota_exhaustion(scope)} < {within:g})"
        f" and on (account, quota) ({ratio} > {DEFAULT.quota_trend_level:g})"
    )
    return (
        Condition(
            Severity.CRITICAL,
            "quota exhausted: $1",
            f"{ratio} >= 1",
            "Stop until actions leave the window",
            what="quota",
            measure=PERCENT,
        ),
        Condition(
            Severity.WARNING,
            "quota runs out: $1",
            running_out,
            "Slow down",
            what="quota",
            measure=HOURS,
        ),
        Condition(
            Severity.WARNING,
            "quota nearly full: $1",
            f"({ratio} >= {DEFAULT.quota_high:g} < 1) unless on (account, quota) ({running_out})",
            "Slow down, keep room for what matters",
            what="quota",
            measure=PERCENT,
        ),
    )


def _permissions(scope: Scope) -> tuple[Condition, ...]:
    others = tuple(
        name for name in label_values("threads_token_scope", "scope") if name not in NEEDED_SCOPES
    )
    return tuple(
        Condition(
            severity,
            "permission missing: $1",
            f"{measures.newest(scope, 'threads_token_scope', 'scope', scope=scopes)} == 0",
            "Authorise the app again with this permission",
            what="scope",
        )
        for severity, scopes in ((Severity.WARNING, NEEDED_SCOPES), (Severity.INFO, others))
    )


def _polls(scope: Scope) -> tuple[Condition, ...]:
    stale = {
        poll: f"({measures.last_success_age(scope, poll=poll)} > {seconds:g})"
        f" unless on (account) {_explained(scope)}"
        for poll, seconds in _STALE.items()
    }
    age = measures.last_success_age(scope)
    failing = f"({_failing(scope)} unless on (account, poll) ({' or '.join(stale.values())}))"
    remedy = "See the account's errors, and the log"
    return (
        *(
            Condition(Severity.WARNING, f"data old: {poll}", vector, remedy, measure=MINUTES)
            for poll, vector in stale.items()
        ),
        Condition(
            Severity.WARNING,
            "poll fails: $1",
            f"{age} and on (account, poll) {failing}",
            remedy,
            what="poll",
            measure=MINUTES,
        ),
        Condition(
            Severity.WARNING,
            "poll never succeeded: $1",
            f"{failing} unless on (account, poll) {age}",
            remedy,
            what="poll",
        ),
    )


def _explained(scope: Scope) -> str:
    """Return the accounts whose polls fail for a reason that has a row of its own."""
    return f"(({measures.dead_tokens(scope)}) or {measures.pause_left(scope)})"


def _failing(scope: Scope) -> str:
    return f"{measures.failing_polls(scope)} unless on (account) {_explained(scope)}"


def _limits(scope: Scope) -> tuple[Condition, ...]:
    usage = measures.newest(scope, "threads_api_usage_ratio", "resource")
    return (
        Condition(
            Severity.WARNING,
            "paused by a rate limit",
            measures.pause_left(scope),
            "Wait; see what else calls with the same app",
            measure=MINUTES,
        ),
        Condition(
            Severity.WARNING,
            "Meta's rate limit is near: $1",
            f"{usage} > {DEFAULT.api_usage_high:g}",
            "Call less often with this app",
            what="resource",
            measure=PERCENT,
        ),
        Condition(
            Severity.WARNING,
            "call budget nearly spent",
            f"{measures.budget_share(scope)} > {DEFAULT.call_budget_high:g}",
            "Poll less often, or raise polling.call_budget",
            measure=PERCENT,
        ),
    )


def _containers(scope: Scope) -> tuple[Condition, ...]:
    oldest = measures.age(scope, measures.OLDEST)
    expired = measures.last_hours_outcomes(scope, outcome=ContainerOutcome.EXPIRED)
    return (
        Condition(
            Severity.WARNING,
            "containers fail",
            f"{measures.failure_share(scope)} > {DEFAULT.container_failure_share:g}",
            "See their error messages",
            measure=PERCENT,
        ),
        Condition(
            Severity.WARNING,
            "container unfinished",
            f"{oldest} > {DEFAULT.container_stuck_seconds:g}",
            "Create it again if it stays so",
            measure=MINUTES,
        ),
        Condition(
            Severity.WARNING,
            "containers expired unpublished",
            f"sum by (account) ({expired}) > 0",
            "See why the publisher did not publish them in 24 h",
            measure=COUNT,
        ),
    )
