from collections.abc import Callable, Iterator

from exporter.domain import TokenInvalidReason
from exporter.metrics.desc import Desc, Label, MetricType, Sample, Samples
from exporter.metrics.rows.row import ACCOUNT, AccountRow
from exporter.metrics.scopes import KNOWN_SCOPES, NEEDED_SCOPES
from exporter.metrics.state import Context
from exporter.observations.model import AccountObservation, TokenReading

REASON = Label("reason", values=tuple(TokenInvalidReason))
SCOPE = Label("scope", values=tuple(sorted(KNOWN_SCOPES)))


def _token(observation: AccountObservation, _: Context) -> TokenReading:
    return observation.token


def _valid(token: TokenReading) -> Iterator[Sample]:
    if token.valid is not None:
        yield (), token.valid


def _invalid_reason(token: TokenReading) -> Iterator[Sample]:
    if token.valid is False:
        yield (token.invalid_reason or TokenInvalidReason.OTHER,), 1


def _timestamp(read: Callable[[TokenReading], int | None]) -> Callable[[TokenReading], Samples]:
    def samples(token: TokenReading) -> Iterator[Sample]:
        timestamp = read(token)
        # Meta writes 0 for "never", which as a time would fire every alert on expiry.
        if timestamp is not None and timestamp > 0:
            yield (), timestamp

    return samples


def _scope(token: TokenReading) -> Iterator[Sample]:
    if token.scopes is None:
        return
    for scope in sorted(NEEDED_SCOPES | (token.scopes & KNOWN_SCOPES)):
        yield (scope,), scope in token.scopes


ROWS = (
    AccountRow(
        Desc(
            "threads_token_valid",
            MetricType.GAUGE,
            "1 while the access token is valid, 0 once Meta refused it: is_valid of debug_token, or"
            " the answer to another polled call. Keeps its value while polls fail.",
            (ACCOUNT,),
            when="once known",
            promql="threads_token_valid == 0",
        ),
        _token,
        _valid,
    ),
    AccountRow(
        Desc(
            "threads_token_invalid_reason",
            MetricType.GAUGE,
            "1 for the reason why the access token is invalid, from the code and subcode that Meta"
            " gave with the polled answer.",
            (ACCOUNT, REASON),
            when="while the token is invalid",
        ),
        _token,
        _invalid_reason,
    ),
    AccountRow(
        Desc(
            "threads_token_expiry_timestamp_seconds",
            MetricType.GAUGE,
            "Unix time at which the access token expires: expires_at of debug_token as last polled,"
            " or token_expires_at of the configuration. Keeps its value while polls fail.",
            (ACCOUNT,),
            when="once known; never for a token that does not expire",
            promql="threads_token_expiry_timestamp_seconds - time() < 7 * 86400",
        ),
        _token,
        _timestamp(lambda token: token.expires_at),
    ),
    AccountRow(
        Desc(
            "threads_token_data_access_expiry_timestamp_seconds",
            MetricType.GAUGE,
            "Unix time at which the user's grant to the app ends: data_access_expires_at of"
            " debug_token as last polled. Keeps its value while polls fail.",
            (ACCOUNT,),
            when="once known",
            promql="threads_token_data_access_expiry_timestamp_seconds - time() < 7 * 86400",
        ),
        _token,
        _timestamp(lambda token: token.data_access_expires_at),
    ),
    AccountRow(
        Desc(
            "threads_token_issued_timestamp_seconds",
            MetricType.GAUGE,
            "Unix time at which the access token was issued: issued_at of debug_token as last"
            " polled. Keeps its value while polls fail.",
            (ACCOUNT,),
            when="once known",
            promql="time() - threads_token_issued_timestamp_seconds",
        ),
        _token,
        _timestamp(lambda token: token.issued_at),
    ),
    AccountRow(
        Desc(
            "threads_token_scope",
            MetricType.GAUGE,
            "1 for a permission that the access token holds, 0 for one that it lacks and the polls"
            " need: scopes of debug_token as last polled.",
            (ACCOUNT, SCOPE),
            when="once known; always for the permissions that the polls need"
            f" ({', '.join(f'`{scope}`' for scope in sorted(NEEDED_SCOPES))}),"
            " for the others while granted",
            promql="threads_token_scope == 0",
        ),
        _token,
        _scope,
    ),
)
