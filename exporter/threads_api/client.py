import http
import time
from collections.abc import Callable, Collection, Mapping
from typing import Protocol, TypeVar

from exporter.clock import Clock
from exporter.domain import ContainerState, Endpoint, FailureReason, Quota, QuotaKind, TokenFacts
from exporter.secret import Secret
from exporter.threads_api import answers
from exporter.threads_api.catalogue import classify
from exporter.threads_api.envelope import parse_error
from exporter.threads_api.http import HttpAnswer, HttpTransport, NoAnswerError
from exporter.threads_api.reply import Failure, Reply
from exporter.threads_api.usage import read_limits

T = TypeVar("T")


class RequestObserver(Protocol):
    def request_finished(self, endpoint: Endpoint, code: str, seconds: float) -> None:
        """Take note of a request: `code` is the HTTP status, or the reason why there is none."""
        ...

    def headers_unreadable(self, count: int) -> None:
        """Take note of headers on rate limits that are not as Meta documents them."""
        ...


class ThreadsClient:
    """Asks Meta's Threads API; every method makes one call and never raises for Meta's sake."""

    def __init__(
        self,
        transport: HttpTransport,
        *,
        base_url: str,
        token_in_query: bool,
        clock: Clock,
        observer: RequestObserver,
    ) -> None:
        self._transport = transport
        self._base_url = base_url
        self._token_in_query = token_in_query
        self._clock = clock
        self._observer = observer

    def publishing_limit(
        self, user_id: str, kinds: Collection[QuotaKind], token: Secret
    ) -> Reply[Mapping[QuotaKind, Quota]]:
        fields = ",".join(name for kind in kinds for name in answers.QUOTA_FIELDS[kind])
        return self._ask(
            Endpoint.PUBLISHING_LIMIT,
            f"{user_id}/threads_publishing_limit",
            {"fields": fields},
            token,
            lambda answer: answers.parse_quotas(answer, kinds),
        )

    def container(self, container_id: str, token: Secret) -> Reply[ContainerState]:
        return self._ask(
            Endpoint.CONTAINER,
            container_id,
            {"fields": "status,error_message"},
            token,
            answers.parse_container,
        )

    def debug_token(self, inspected: Secret, asker: Secret) -> Reply[TokenFacts]:
        return self._ask(
            Endpoint.DEBUG_TOKEN,
            "debug_token",
            {"input_token": inspected.reveal()},
            asker,
            answers.parse_token,
        )

    def me(self, token: Secret) -> Reply[str]:
        return self._ask(Endpoint.ME, "me", {"fields": "id"}, token, answers.parse_me)

    def _ask(
        self,
        endpoint: Endpoint,
        path: str,
        query: Mapping[str, str],
        token: Secret,
        parse: Callable[[object], T],
    ) -> Reply[T]:
        in_query = {"access_token": token.reveal()} if self._token_in_query else {}
        bearer = None if self._token_in_query else token
        started = time.perf_counter()
        try:
            answer = self._transport.get(f"{self._base_url}/{path}", {**query, **in_query}, bearer)
        except NoAnswerError as error:
            self._finished(endpoint, error.reason, started)
            return Reply(Failure(error.reason))
        self._finished(endpoint, str(answer.status), started)
        limits = read_limits(answer.headers, self._clock.wall())
        if limits.unreadable:
            self._observer.headers_unreadable(limits.unreadable)
        return Reply(self._judge(answer, parse, limits.wait), limits)

    def _finished(self, endpoint: Endpoint, code: str, started: float) -> None:
        self._observer.request_finished(endpoint, code, time.perf_counter() - started)

    def _judge(
        self, answer: HttpAnswer, parse: Callable[[object], T], wait: float | None
    ) -> T | Failure:
        if answer.status // 100 == 3:
            return Failure(FailureReason.REDIRECT)
        try:
            body = answers.decode(answer.body)
            if answer.status == http.HTTPStatus.OK and not _holds_error(body):
                return parse(body)
        except answers.MalformedAnswerError as error:
            if answer.status == http.HTTPStatus.OK:
                return Failure(FailureReason.MALFORMED, detail=str(error))
            body = None
        return self._failure(answer, body, wait)

    def _failure(self, answer: HttpAnswer, body: object, wait: float | None) -> Failure:
        error = parse_error(body)
        entry = classify(error, answer.status)
        return Failure(
            entry.reason,
            error=entry.known,
            code=error.code if error else None,
            subcode=error.subcode if error else None,
            trace_id=error.trace_id if error else None,
            token_reason=entry.token_reason,
            scope=entry.scope,
            retry_after=wait,
        )


def _holds_error(body: object) -> bool:
    return isinstance(body, dict) and "error" in body
