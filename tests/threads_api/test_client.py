import json
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.domain import (
    ContainerErrorMessage,
    ContainerState,
    ContainerStatus,
    Endpoint,
    FailureReason,
    Quota,
    QuotaKind,
    TokenFacts,
    TokenInvalidReason,
    UsageResource,
)
from exporter.secret import Secret
from exporter.simulator import Inspectors, Simulator, User, World, containers, faults, graph
from exporter.simulator.calls import AuthWay
from exporter.simulator.faults import Fault
from exporter.threads_api.catalogue import RateLimitScope
from exporter.threads_api.client import ThreadsClient
from exporter.threads_api.network import Network
from exporter.threads_api.reply import Failure, Reply
from exporter.threads_api.usage import Limits
from tests.clock import ControlledClock
from tests.examples import examples
from tests.threads_api.callers import NotedRequests, new_transport
from tests.threads_api.conftest import OpenTransport

ALL = tuple(QuotaKind)
WINDOW = 86400


@pytest.fixture
def token(acme: User) -> Secret:
    return Secret(acme.token.value)


@pytest.fixture
def by_query(
    open_transport: OpenTransport,
    simulator: Simulator,
    clock: ControlledClock,
    noted: NotedRequests,
) -> ThreadsClient:
    """Return a client that shows its token in the query."""
    return ThreadsClient(
        open_transport(),
        base_url=simulator.base_url,
        token_in_query=True,
        clock=clock,
        observer=noted,
    )


def failure_of(reply: Reply[object]) -> Failure:
    assert isinstance(reply.outcome, Failure)
    return reply.outcome


def test_all_quotas_in_one_call(client: ThreadsClient, acme: User, token: Secret) -> None:
    acme.publish(7)
    acme.reply(2)
    acme.search_location(3)

    assert client.publishing_limit("me", ALL, token).outcome == {
        QuotaKind.PUBLISH: Quota(7, 250, WINDOW),
        QuotaKind.REPLY: Quota(2, 1000, WINDOW),
        QuotaKind.DELETE: Quota(0, 100, WINDOW),
        QuotaKind.LOCATION_SEARCH: Quota(3, 500, WINDOW),
    }


def test_what_is_asked_for_quotas(
    client: ThreadsClient, world: World, acme: User, token: Secret
) -> None:
    client.publishing_limit(acme.user_id, [QuotaKind.REPLY, QuotaKind.DELETE], token)

    (call,) = world.calls()
    assert call.path == f"/v1.0/{acme.user_id}/threads_publishing_limit"
    assert call.query == {
        "fields": "reply_quota_usage,reply_config,delete_quota_usage,delete_config"
    }
    assert (call.token, call.auth) == ("sim-token-acme", AuthWay.HEADER)


def test_a_container(
    client: ThreadsClient, world: World, acme: User, token: Secret, clock: ControlledClock
) -> None:
    life = containers.fails("INVALID_DURATION", after=30)
    container_id = acme.add_container(life=life).container_id
    young = client.container(container_id, token).outcome
    clock.advance(31)
    old = client.container(container_id, token).outcome

    assert young == ContainerState(ContainerStatus.IN_PROGRESS)
    assert old == ContainerState(ContainerStatus.ERROR, ContainerErrorMessage.INVALID_DURATION)
    assert world.calls()[0].path == f"/v1.0/{container_id}"
    assert world.calls()[0].query == {"fields": "status,error_message"}


def test_a_token_that_inspects_itself(client: ThreadsClient, acme: User, token: Secret) -> None:
    acme.set_token(
        issued_at=1_780_000_000,
        expires_at=1_795_000_000,
        data_access_expires_at=0,
        scopes=["threads_basic"],
    )

    assert client.debug_token(token, token).outcome == TokenFacts(
        issued_at=1_780_000_000,
        expires_at=1_795_000_000,
        data_access_expires_at=None,
        scopes=frozenset({"threads_basic"}),
    )


def test_an_inspector_asks_in_the_header(
    client: ThreadsClient, world: World, acme: User, token: Secret
) -> None:
    world.inspectors = Inspectors.TESTERS
    tester = world.add_tester("tester")
    acme.revoke_token()

    facts = client.debug_token(token, Secret(tester.token.value)).outcome

    assert isinstance(facts, TokenFacts)
    assert facts.invalid_reason is TokenInvalidReason.REVOKED
    (call,) = world.calls()
    assert call.query == {"input_token": "sim-token-acme"}
    assert (call.token, call.auth) == (tester.token.value, AuthWay.HEADER)


def test_the_user_of_a_token(
    client: ThreadsClient, world: World, acme: User, token: Secret
) -> None:
    assert client.me(token).outcome == acme.user_id
    assert (world.calls()[0].path, world.calls()[0].query) == ("/v1.0/me", {"fields": "id"})


def test_the_token_in_the_query(
    by_query: ThreadsClient, world: World, acme: User, token: Secret
) -> None:
    assert by_query.me(token).outcome == acme.user_id

    (call,) = world.calls()
    assert call.query == {"fields": "id", "access_token": "sim-token-acme"}
    assert call.auth is AuthWay.QUERY


def test_a_token_of_odd_characters_arrives_whole(
    client: ThreadsClient, by_query: ThreadsClient, world: World
) -> None:
    odd = "TH|1&2=3%41+/?#\"'\\~"
    user = world.add_user("odd", token=odd)

    assert client.me(Secret(odd)).outcome == user.user_id
    assert by_query.me(Secret(odd)).outcome == user.user_id
    assert isinstance(client.debug_token(Secret(odd), Secret(odd)).outcome, TokenFacts)


@pytest.mark.parametrize(
    ("fault", "reason", "scope"),
    [
        (graph.APP_LIMIT, FailureReason.RATE_LIMITED, RateLimitScope.APP),
        (graph.APP_USER_LIMIT, FailureReason.RATE_LIMITED, RateLimitScope.APP),
        (graph.USER_LIMIT, FailureReason.RATE_LIMITED, RateLimitScope.ACCOUNT),
        (graph.CUSTOM_LIMIT, FailureReason.RATE_LIMITED, RateLimitScope.ACCOUNT),
        (graph.BUSINESS_LIMIT, FailureReason.RATE_LIMITED, RateLimitScope.ACCOUNT),
        (faults.too_many_requests(), FailureReason.RATE_LIMITED, RateLimitScope.ACCOUNT),
        (faults.too_many_requests(body=b""), FailureReason.RATE_LIMITED, RateLimitScope.ACCOUNT),
        (graph.RESTRICTED_ACTIVITY, FailureReason.RESTRICTED, None),
        (graph.USER_RESTRICTED, FailureReason.RESTRICTED, None),
        (graph.BLOCKED, FailureReason.RESTRICTED, None),
        (graph.UNKNOWN_ERROR, FailureReason.TRANSIENT, None),
        (graph.SERVICE_UNAVAILABLE, FailureReason.TRANSIENT, None),
        (faults.html_page(500), FailureReason.TRANSIENT, None),
        (faults.html_page(502), FailureReason.TRANSIENT, None),
        (faults.html_page(503), FailureReason.TRANSIENT, None),
        (graph.NO_PERMISSION, FailureReason.PERMISSION, None),
        (graph.SCOPE_MISSING, FailureReason.PERMISSION, None),
        (graph.NOT_PROPAGATED, FailureReason.NOT_FOUND, None),
        (graph.missing_object("1"), FailureReason.NOT_FOUND, None),
        (graph.nonexisting_field("status"), FailureReason.UNSUPPORTED, None),
        (faults.html_page(404), FailureReason.HTTP_ERROR, None),
        (faults.no_body(204), FailureReason.HTTP_ERROR, None),
        (faults.json_body({"id": "1"}, status=201), FailureReason.HTTP_ERROR, None),
        (faults.json_body({"id": "1"}, status=400), FailureReason.HTTP_ERROR, None),
        (faults.json_body({"id": "1", "error": None}), FailureReason.HTTP_ERROR, None),
        (faults.html_page(999), FailureReason.HTTP_ERROR, None),
        (faults.redirect("http://127.0.0.1:1/"), FailureReason.REDIRECT, None),
        (faults.no_body(304), FailureReason.REDIRECT, None),
        (faults.json_body([]), FailureReason.MALFORMED, None),
        (faults.html_page(200), FailureReason.MALFORMED, None),
        (faults.raw_body("{}"), FailureReason.MALFORMED, None),
        (faults.raw_body('{"id": 1e400}'), FailureReason.MALFORMED, None),
        (faults.raw_body('{"id": "1", "x": NaN}'), FailureReason.MALFORMED, None),
        (faults.raw_body("[" * 100_000), FailureReason.MALFORMED, None),
        (faults.raw_body('{"x":' + "9" * 5000 + "}"), FailureReason.MALFORMED, None),
        (faults.raw_body(b'{"id": "\xff"}'), FailureReason.MALFORMED, None),
        (faults.no_body(), FailureReason.TRUNCATED, None),
    ],
)
def test_failures(
    client: ThreadsClient,
    world: World,
    token: Secret,
    *,
    fault: Fault,
    reason: FailureReason,
    scope: RateLimitScope | None,
) -> None:
    world.inject(fault)

    failure = failure_of(client.me(token))

    assert (failure.reason, failure.scope, failure.token_reason) == (reason, scope, None)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (graph.REVOKED, TokenInvalidReason.REVOKED),
        (graph.SESSION_INVALIDATED, TokenInvalidReason.SESSION_INVALIDATED),
        (graph.expired(1_700_000_000), TokenInvalidReason.EXPIRED),
        (graph.MALFORMED, TokenInvalidReason.MALFORMED),
        (graph.CANNOT_PARSE, TokenInvalidReason.MALFORMED),
        (graph.GraphError(190, "Sorry", http_status=500), TokenInvalidReason.OTHER),
        (graph.GraphError(190, "Sorry", http_status=200), TokenInvalidReason.OTHER),
        (faults.html_page(401), TokenInvalidReason.OTHER),
    ],
)
def test_tokens_that_meta_refuses(
    client: ThreadsClient, world: World, token: Secret, fault: Fault, reason: TokenInvalidReason
) -> None:
    world.inject(fault)

    failure = failure_of(client.me(token))

    assert (failure.reason, failure.token_reason) == (FailureReason.TOKEN_INVALID, reason)


def test_words_decide_where_a_code_is_missing(
    client: ThreadsClient, world: World, token: Secret
) -> None:
    message = "Error validating access token: Session has expired on Friday"
    world.inject(faults.json_body({"error": {"message": message}}, status=403))

    failure = failure_of(client.me(token))

    assert failure.token_reason is TokenInvalidReason.EXPIRED


def test_what_a_failure_tells(client: ThreadsClient, world: World, token: Secret) -> None:
    error = {
        "message": "Unsupported get request",
        "code": 100,
        "error_subcode": 33,
        "fbtrace_id": "AbCdEfGh123",
    }
    world.inject(faults.json_body({"error": error}, status=400))

    failure = failure_of(client.container("1", token))

    assert failure.error is not None
    assert (failure.error.name, failure.code, failure.subcode) == ("object_not_found", 100, 33)
    assert (failure.trace_id, failure.retry_after, failure.detail) == ("AbCdEfGh123", None, None)


def test_a_malformed_answer_names_the_field(
    client: ThreadsClient, world: World, token: Secret
) -> None:
    world.inject(faults.json_body({"data": [{"quota_usage": "7"}]}))

    failure = failure_of(client.publishing_limit("me", ALL, token))

    assert failure == Failure(FailureReason.MALFORMED, detail="quota_usage: not a count")


@pytest.mark.parametrize(
    ("value", "seconds"), [("120", 120.0), ("0", 1.0), ("9" * 5000, 86400.0), ("junk", None)]
)
def test_the_wait_that_meta_names(
    client: ThreadsClient, world: World, token: Secret, value: str, seconds: float | None
) -> None:
    world.inject(faults.too_many_requests(value))

    assert failure_of(client.me(token)).retry_after == seconds


def test_a_wait_until_a_date_is_counted_by_the_clock(
    client: ThreadsClient, world: World, token: Secret, clock: ControlledClock
) -> None:
    clock.set_wall(1_790_000_000.0)
    world.inject(faults.too_many_requests("Mon, 21 Sep 2026 14:15:00 GMT"))

    assert failure_of(client.me(token)).retry_after == 1_790_000_100.0 - 1_790_000_000.0


def test_usage_is_read_from_answers_and_from_errors(
    client: ThreadsClient, world: World, token: Secret
) -> None:
    usage = {UsageResource.CALL_COUNT: 0.9, UsageResource.TOTAL_TIME: 0.05}
    world.inject(faults.app_usage({"call_count": 90}))
    world.inject(faults.business_usage({"1": [{"total_time": 5, "call_count": 1}]}))
    answered = client.me(token)
    world.inject(graph.USER_LIMIT)
    refused = client.me(token)

    assert answered.usage == pytest.approx(usage)
    assert refused.usage == pytest.approx(usage)
    assert failure_of(refused).reason is FailureReason.RATE_LIMITED


def test_junk_in_a_usage_header_spoils_no_answer(
    client: ThreadsClient, world: World, acme: User, token: Secret
) -> None:
    world.inject(faults.app_usage("17%"))
    world.inject(faults.business_usage("[" * 60_000))

    assert client.me(token) == Reply(acme.user_id, Limits(unreadable=2))


def test_every_request_is_observed(
    client: ThreadsClient, world: World, acme: User, token: Secret, noted: NotedRequests
) -> None:
    client.publishing_limit("me", ALL, token)
    client.container("404", token)
    client.debug_token(token, token)
    world.inject(faults.EofInHeaders())
    client.me(token)

    assert noted.finished == [
        (Endpoint.PUBLISHING_LIMIT, "200"),
        (Endpoint.CONTAINER, "400"),
        (Endpoint.DEBUG_TOKEN, "200"),
        (Endpoint.ME, "truncated"),
    ]
    assert all(0 < seconds < 10 for seconds in noted.seconds)


def test_a_request_that_is_cut_is_observed_with_its_time(
    open_transport: OpenTransport,
    simulator: Simulator,
    world: World,
    *,
    clock: ControlledClock,
    noted: NotedRequests,
    token: Secret,
) -> None:
    world.inject(faults.Hang())
    client = ThreadsClient(
        open_transport(timeout=0.2),
        base_url=simulator.base_url,
        token_in_query=False,
        clock=clock,
        observer=noted,
    )

    assert client.me(token) == Reply(Failure(FailureReason.TIMEOUT))
    assert noted.finished == [(Endpoint.ME, "timeout")]
    assert noted.seconds[0] >= 0.2


@pytest.mark.parametrize("fault", [faults.EchoedToken(), faults.TruncatedBody(), faults.Garbage()])
def test_no_failure_shows_the_token(
    client: ThreadsClient, by_query: ThreadsClient, world: World, token: Secret, fault: Fault
) -> None:
    world.inject(fault)

    for asked in (client, by_query):
        shown = repr((asked.me(token), asked.debug_token(token, token)))
        assert "Failure(reason=" in shown
        assert "sim-token" not in shown


_KEYS = (
    *("data", "error", "is_valid", "scopes", "expires_at", "status", "error_message", "id"),
    *("quota_usage", "config", "quota_total", "code", "error_subcode", "message", "type"),
)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters())
    | st.sampled_from(["ERROR", "FINISHED", 0, 1, -1, 2**53, 10**400, "\ud800"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*_KEYS]) | st.text(),
            inner,
            max_size=6,
        )
    ),
    max_leaves=25,
)


@contextmanager
def connected_client() -> Iterator[tuple[World, ThreadsClient]]:
    world = World(ControlledClock())
    with (
        Simulator(world) as simulator,
        closing(Network()) as network,
        closing(new_transport(network)) as transport,
    ):
        yield (
            world,
            ThreadsClient(
                transport,
                base_url=simulator.base_url,
                token_in_query=False,
                clock=world.clock,
                observer=NotedRequests(),
            ),
        )


@pytest.fixture(scope="module")
def lasting() -> Iterator[tuple[World, ThreadsClient]]:
    """Return a world and a client that serve all examples of a property."""
    with connected_client() as both:
        yield both


def ask_everything(client: ThreadsClient, token: Secret) -> Collection[Reply[object]]:
    questions: tuple[Callable[[], Reply[object]], ...] = (
        lambda: client.publishing_limit("me", ALL, token),
        lambda: client.container("1", token),
        lambda: client.debug_token(token, token),
        lambda: client.me(token),
    )
    return [question() for question in questions]


@given(
    body=JSON.map(lambda value: json.dumps(value).encode()) | st.binary(),
    status=st.sampled_from([200] * 5 + [204, 302, 400, 401, 403, 404, 429, 500, 503])
    | st.integers(200, 999),
)
@examples(80)
def test_whatever_meta_answers_there_is_a_reply(
    lasting: tuple[World, ThreadsClient], body: bytes, status: int
) -> None:
    world, client = lasting
    world.clear_faults()
    world.inject(faults.Canned(status, body))

    for reply in ask_everything(client, Secret("canary-token")):
        assert isinstance(reply, Reply)
        if isinstance(reply.outcome, Failure):
            assert reply.outcome.reason is not FailureReason.INTERNAL
        else:
            assert status == 200


def test_threads_get_their_own_answers(client: ThreadsClient, world: World) -> None:
    users = [world.add_user(f"user-{number}") for number in range(16)]
    for number, user in enumerate(users):
        user.publish(number)

    def ask_often(number: int) -> set[str]:
        token = Secret(users[number].token.value)
        replies = [client.publishing_limit("me", [QuotaKind.PUBLISH], token) for _ in range(25)]
        return {repr(reply.outcome) for reply in replies}

    with ThreadPoolExecutor(len(users)) as pool:
        answers = list(pool.map(ask_often, range(len(users))))

    expected = [{QuotaKind.PUBLISH: Quota(number, 250, WINDOW)} for number in range(len(users))]
    assert answers == [{repr(quotas)} for quotas in expected]
    assert len(world.calls()) == 16 * 25
