"""The simulated endpoints: who asks what, and what is answered."""

from collections.abc import Callable
from dataclasses import dataclass

from exporter.domain import Endpoint
from exporter.simulator.calls import Call
from exporter.simulator.containers import Container
from exporter.simulator.graph import (
    CANNOT_PARSE,
    NOT_A_TESTER,
    NOT_PROPAGATED,
    TOKEN_MISSING,
    UNKNOWN_PATH,
    RefusedError,
    missing_object,
    nonexisting_field,
)
from exporter.simulator.messages import Answer, Request, json_answer
from exporter.simulator.permissions import FIELD_OWNERS
from exporter.simulator.publishing import create_container, publish_container
from exporter.simulator.tokens import Token, token_error
from exporter.simulator.users import User
from exporter.simulator.world import Inspectors, World

CREATE_CONTAINER = "create_container"
PUBLISH = "publish"
UNKNOWN = "unknown"

_VERSION = "v1.0"
_EDGES = {
    ("GET", "threads_publishing_limit"): Endpoint.PUBLISHING_LIMIT.value,
    ("POST", "threads"): CREATE_CONTAINER,
    ("POST", "threads_publish"): PUBLISH,
}
_USER_FIELDS = ("id", "username", "name")
_MEDIA_FIELDS = ("id", "media_type", "permalink", "timestamp")
_CONTAINER_FIELDS = ("id", "status", "error_message")


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request of an accepted token, and the node of the graph that it is about."""

    world: World
    request: Request
    token: Token
    node: str

    @property
    def user(self) -> User:
        return self.world.users[self.token.user_id]

    def own_user(self) -> User:
        if self.node not in ("me", self.token.user_id):
            raise RefusedError(missing_object(self.node))
        return self.user

    def fields(self, known: tuple[str, ...], default: tuple[str, ...]) -> tuple[str, ...]:
        wanted = self.request.fields or default
        for name in wanted:
            if name not in known or name in self.world.withdrawn_fields:
                raise RefusedError(nonexisting_field(name))
        return wanted


def respond(world: World, request: Request) -> Answer:
    """Return the answer with the faults in force, and log the call."""
    with world.state.lock:
        endpoint, node = _route(world, request)
        try:
            answer = json_answer(_content(world, request, endpoint, node))
        except RefusedError as refusal:
            answer = refusal.error.answer()
        answer = world.injections.apply(answer, endpoint, request)
        world.log.add(_logged(world, request, endpoint, answer))
    return answer


def _route(world: World, request: Request) -> tuple[str, str]:
    version, *rest = request.segments
    if version != _VERSION or len(rest) not in (1, 2):
        return UNKNOWN, ""
    node = rest[0]
    if len(rest) == 2:
        return _EDGES.get((request.method, rest[1]), UNKNOWN), node
    if request.method != "GET":
        return UNKNOWN, node
    if node == "debug_token":
        return Endpoint.DEBUG_TOKEN.value, node
    if node == "me" or node in world.users:
        return Endpoint.ME.value, node
    return Endpoint.CONTAINER.value, node


def _content(world: World, request: Request, endpoint: str, node: str) -> dict[str, object]:
    if endpoint == UNKNOWN:
        raise RefusedError(UNKNOWN_PATH)
    token = _known_token(world, request)
    problem = token.problem(world.clock.wall())
    if problem is not None and not _tolerated(world, request, endpoint):
        raise RefusedError(problem)
    return _ANSWERS[endpoint](_Asked(world, request, token, node))


def _known_token(world: World, request: Request) -> Token:
    if request.token is None:
        raise RefusedError(TOKEN_MISSING)
    token = world.state.tokens.get(request.token)
    if token is None:
        raise RefusedError(CANNOT_PARSE)
    return token


def _tolerated(world: World, request: Request, endpoint: str) -> bool:
    asks_about_itself = request.parameters.get("input_token") == request.token
    return (
        world.dead_tokens_inspect_themselves
        and endpoint == Endpoint.DEBUG_TOKEN
        and asks_about_itself
    )


def _me(asked: _Asked) -> dict[str, object]:
    user = asked.own_user()
    values = {"id": user.user_id, "username": user.name, "name": user.name}
    return {name: values[name] for name in asked.fields(_USER_FIELDS, ("id",))}


def _publishing_limit(asked: _Asked) -> dict[str, object]:
    user = asked.own_user()
    wanted = asked.fields(tuple(FIELD_OWNERS), ("quota_usage",))
    granted = [name for name in wanted if _granted(user, asked.token, name)]
    return {"data": [{name: _quota_value(user, name) for name in granted}]}


def _granted(user: User, token: Token, name: str) -> bool:
    if token.grants(FIELD_OWNERS[name].scopes):
        return True
    refusal = user.missing_permission.value
    if refusal is not None:
        raise RefusedError(refusal)
    return False


def _quota_value(user: User, name: str) -> object:
    fields = FIELD_OWNERS[name]
    if name == fields.usage:
        return user.usage(fields.kind)
    quota = user.quotas[fields.kind]
    return {"quota_total": quota.total, "quota_duration": quota.duration}


def _container(asked: _Asked) -> dict[str, object]:
    state = asked.world.state
    if state.media.get(asked.node) == asked.token.user_id:
        asked.fields(_MEDIA_FIELDS, ("id",))
        return {"id": asked.node}
    container = state.containers.get(asked.node)
    if container is None or container.user_id != asked.token.user_id:
        raise RefusedError(missing_object(asked.node))
    return _container_values(asked, container, state.seconds() - container.created)


def _container_values(asked: _Asked, container: Container, age: float) -> dict[str, object]:
    if age < container.life.known_from:
        raise RefusedError(NOT_PROPAGATED)
    if age >= container.life.known_until:
        raise RefusedError(missing_object(container.container_id))
    step = container.life.at(age)
    values = {"status": step.status, "error_message": step.error_message}
    wanted = asked.fields(_CONTAINER_FIELDS, ("id",))
    shown = {name: value for name, value in values.items() if name in wanted and value is not None}
    return {**shown, "id": container.container_id}


def _debug_token(asked: _Asked) -> dict[str, object]:
    value = asked.request.parameters.get("input_token", "")
    inspected = asked.world.state.tokens.get(value)
    if not _may_inspect(asked, inspected):
        raise RefusedError(NOT_A_TESTER)
    if inspected is None:
        error = token_error(CANNOT_PARSE)
        return {"data": {"error": error, "is_valid": False, "scopes": []}}
    return {"data": inspected.described(asked.world.clock.wall())}


def _may_inspect(asked: _Asked, inspected: Token | None) -> bool:
    policy, asker = asked.world.inspectors, asked.token
    if inspected is not None and inspected.app != asker.app:
        return False
    itself = policy is Inspectors.SELF_OR_TESTER and inspected is asker
    return asker.tester or itself or policy is Inspectors.ANYONE


def _create_container(asked: _Asked) -> dict[str, object]:
    return create_container(asked.own_user())


def _publish(asked: _Asked) -> dict[str, object]:
    creation_id = asked.request.parameters.get("creation_id", "")
    return publish_container(asked.world.state, asked.own_user(), creation_id)


_ANSWERS: dict[str, Callable[[_Asked], dict[str, object]]] = {
    Endpoint.ME.value: _me,
    Endpoint.PUBLISHING_LIMIT.value: _publishing_limit,
    Endpoint.CONTAINER.value: _container,
    Endpoint.DEBUG_TOKEN.value: _debug_token,
    CREATE_CONTAINER: _create_container,
    PUBLISH: _publish,
}


def _logged(world: World, request: Request, endpoint: str, answer: Answer) -> Call:
    return Call(
        at=world.clock.wall(),
        monotonic=world.clock.monotonic(),
        method=request.method,
        endpoint=endpoint,
        path=request.path,
        query=request.parameters,
        token=request.token,
        auth=request.auth,
        user_agent=request.user_agent,
        status=None if answer.silent else answer.status,
    )
