from collections.abc import Mapping
from dataclasses import dataclass

from alerts.rule import Alert, Dashboard, Group, Severity
from alerts.thresholds import MINUTE
from exporter.domain import TokenInvalidReason
from exporter.threads_api.known_errors import ENTRIES

# A new process knows of a token what its first poll has told it: nobody is to be told twice.
_OVER_A_RESTART = 5 * MINUTE

_SOLUTIONS = {entry.known.name: entry.known.solution for entry in ENTRIES}
_ERRORS: Mapping[TokenInvalidReason, str] = {
    TokenInvalidReason.EXPIRED: "expired_access_token",
    TokenInvalidReason.REVOKED: "revoked_access_token",
    TokenInvalidReason.SESSION_INVALIDATED: "session_has_been_invalidated",
    TokenInvalidReason.MALFORMED: "malformed_access_token",
    TokenInvalidReason.OTHER: "token_is_invalid",
}
_NEEDED_TO_PUBLISH = 'scope=~"threads_basic|threads_content_publish"'
_NEEDED_FOR_ONE_QUOTA = 'scope!~"threads_basic|threads_content_publish"'


def _solution_by_reason() -> str:
    """Return a template that tells what the error catalogue advises for the reason."""
    branches = (
        f'if eq $labels.reason "{reason}" }}}}{_SOLUTIONS[error]}'
        for reason, error in _ERRORS.items()
        if reason is not TokenInvalidReason.OTHER
    )
    otherwise = _SOLUTIONS[_ERRORS[TokenInvalidReason.OTHER]]
    return f"{{{{ {'{{ else '.join(branches)}{{{{ else }}}}{otherwise}{{{{ end }}}}"


@dataclass(frozen=True, slots=True)
class _Expiry:
    """What expires when Meta says so; `threshold` begins the names of its two thresholds."""

    alert: str
    metric: str
    threshold: str
    what: str
    summary: str
    ahead: str
    over: str

    def alerts(self) -> tuple[Alert, Alert]:
        left = f"max by (job, account) (\n  {self.metric} - time()\n)"
        critical, warning = (
            f"${self.threshold}_{severity}_seconds" for severity in ("critical", "warning")
        )
        ahead = (
            f"{self.what} of {{{{ $labels.account }}}} expires in"
            f" {{{{ $value | humanizeDuration }}}}. {self.ahead}"
        )
        over = f"{self.what} of {{{{ $labels.account }}}} has expired. {self.over}"
        return (
            self._alert(
                Severity.WARNING,
                f"{critical} < {left} <= {warning}",
                f"no more than {warning} are left, but more than {critical}",
                ahead,
            ),
            self._alert(
                Severity.CRITICAL,
                f"{left} <= {critical}",
                f"no more than {critical} are left, or it has expired",
                f"{{{{ if gt $value 0.0 }}}}{ahead}{{{{ else }}}}{over}{{{{ end }}}}",
            ),
        )

    def _alert(self, severity: Severity, expr: str, when: str, description: str) -> Alert:
        return Alert(
            self.alert,
            severity,
            expr,
            when=when,
            summary=self.summary,
            description=description,
            dashboard=Dashboard.ACCOUNT,
            hold=5 * MINUTE,
            keep_firing=_OVER_A_RESTART,
        )


_TOKEN = _Expiry(
    "ThreadsTokenExpiring",
    "threads_token_expiry_timestamp_seconds",
    "token_expiry",
    what="The access token",
    summary="The access token of a Threads account expires soon, or has expired.",
    ahead="Refresh it and put the new token in place: an expired one cannot be refreshed.",
    over=_SOLUTIONS["expired_access_token"],
)
_DATA_ACCESS = _Expiry(
    "ThreadsTokenDataAccessExpiring",
    "threads_token_data_access_expiry_timestamp_seconds",
    "data_access_expiry",
    what="The app's access to the data",
    summary="The app's access to a Threads account expires soon, or has expired.",
    ahead=_SOLUTIONS["data_access_expired"],
    over=_SOLUTIONS["data_access_expired"],
)


def _scope_missing(severity: Severity, scopes: str, when: str, description: str) -> Alert:
    return Alert(
        "ThreadsTokenScopeMissing",
        severity,
        f"max by (job, account, scope) (\n  threads_token_scope{{{scopes}}}\n) == 0",
        when=when,
        summary="The access token of a Threads account lacks a permission.",
        description=description,
        dashboard=Dashboard.ACCOUNT,
        hold=15 * MINUTE,
        keep_firing=_OVER_A_RESTART,
    )


GROUP = Group(
    "threads-exporter.tokens",
    (
        *_TOKEN.alerts(),
        *_DATA_ACCESS.alerts(),
        Alert(
            "ThreadsTokenInvalid",
            Severity.CRITICAL,
            """\
max by (job, account, reason) (
  threads_token_invalid_reason
) == 1""",
            when="Meta refuses an account's token",
            summary="The access token of a Threads account is invalid.",
            description="Meta refuses the access token of {{ $labels.account }} (reason:"
            " {{ $labels.reason }}), so nothing is published or polled with it."
            f" {_solution_by_reason()}",
            dashboard=Dashboard.ACCOUNT,
            hold=MINUTE,
            keep_firing=_OVER_A_RESTART,
        ),
        _scope_missing(
            Severity.WARNING,
            _NEEDED_TO_PUBLISH,
            when="a token lacks `threads_basic` or `threads_content_publish`",
            description="The access token of {{ $labels.account }} lacks {{ $labels.scope }},"
            " without which nothing can be published. Let the account's owner authorise the app"
            " again with that permission, and put the new token in place.",
        ),
        _scope_missing(
            Severity.INFO,
            _NEEDED_FOR_ONE_QUOTA,
            when="a token lacks another permission that a quota needs",
            description="The access token of {{ $labels.account }} lacks {{ $labels.scope }}, so"
            " Meta does not tell the quota that it belongs to. Let the account's owner authorise"
            " the app with it if the app uses it; silence this if not.",
        ),
        Alert(
            "ThreadsInspectorTokenInvalid",
            Severity.WARNING,
            """\
min by (job) (
  threads_exporter_inspector_token_valid
) == 0""",
            when="Meta refuses the token that asks about the others",
            summary="The token that asks Meta about the others is invalid.",
            description="Meta refuses the token in polling.token.inspector_token_file of"
            " {{ $labels.job }}, so the accounts' own tokens ask, and an expiry may stay unknown."
            " Put a new token of a tester of the app into that file.",
            dashboard=Dashboard.EXPORTER,
            hold=5 * MINUTE,
            keep_firing=_OVER_A_RESTART,
        ),
    ),
)
