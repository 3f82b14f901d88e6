"""What the dashboards are drawn of: exporters that watch a simulated Threads API in some state."""

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from enum import StrEnum
from pathlib import Path

from dashboards.preview.processes import server
from exporter.clock import SystemClock
from exporter.domain import Endpoint, QuotaKind
from exporter.simulator import Simulator
from exporter.simulator.cast import DemoWorld, Member, build_demo_world
from exporter.simulator.demo import CONTAINER_DIRECTORY, write_demo_configuration
from exporter.simulator.publisher import Publisher

_SPEED = 120
_TIMES_THE_CAST = 5


class State(StrEnum):
    """A state that the dashboards must look right in."""

    DEMO = "demo"
    EMPTY = "empty"
    ONE = "one"
    FIFTY = "fifty"
    API_DOWN = "api-down"
    TOKEN_EXPIRED = "token-expired"  # noqa: S105 — the name of a state


@contextmanager
def exporter_in(state: State, directory: Path) -> Iterator[str | None]:
    """Run an exporter in a state; give the host and port where it listens, None for no exporter."""
    if state is State.EMPTY:
        yield None
        return
    demo = _WORLDS[state]()
    with (
        Simulator(demo.world) as simulator,
        Publisher(demo, directory / CONTAINER_DIRECTORY),
        _exporter(write_demo_configuration(demo, simulator.base_url, directory)) as address,
    ):
        if state is State.API_DOWN:
            _await_polls(demo)
            simulator.stop()
        yield address


@contextmanager
def _exporter(config_file: Path) -> Iterator[str]:
    arguments = [f"--config.file={config_file}", "--web.listen-address=127.0.0.1:0"]
    command = [sys.executable, "-m", "exporter", *arguments]
    with server(command, config_file.with_name("exporter.log")) as running:
        yield running.await_log(r"listening address=(\S+)")[1]


def _cast() -> DemoWorld:
    return build_demo_world(SystemClock(), _SPEED)


def _one_account() -> DemoWorld:
    demo = _cast()
    return replace(demo, members=demo.members[:1])


def _expired_token() -> DemoWorld:
    demo = _one_account()
    demo.members[0].user.expire_token()
    return demo


def _many_accounts() -> DemoWorld:
    demo = _cast()
    numbers = range(2, _TIMES_THE_CAST + 1)
    twins = tuple(_twin(demo, member, number) for number in numbers for member in demo.members)
    return replace(demo, members=demo.members + twins)


_WORLDS: Mapping[State, Callable[[], DemoWorld]] = {
    State.DEMO: _cast,
    State.ONE: _one_account,
    State.FIFTY: _many_accounts,
    State.API_DOWN: _cast,
    State.TOKEN_EXPIRED: _expired_token,
}


def _twin(demo: DemoWorld, member: Member, number: int) -> Member:
    """Add an account that fares as the member does."""
    role, token = replace(member.role, name=f"{member.role.name}-{number}"), member.user.token
    user = demo.world.add_user(
        role.name, token=f"{token.value}-{number}", app=role.app, scopes=token.scopes
    )
    user.missing_permission = member.user.missing_permission
    user.set_token(
        issued_at=token.issued_at,
        expires_at=token.expires_at,
        data_access_expires_at=token.data_access_expires_at,
    )
    if token.rejection is not None:
        user.reject_token(token.rejection)
    for kind in QuotaKind:
        user.use(kind, member.user.usage(kind))
    return Member(role, user)


def _await_polls(demo: DemoWorld) -> None:
    """Wait until every account was polled for its quotas and its token."""
    polls = (Endpoint.PUBLISHING_LIMIT, Endpoint.DEBUG_TOKEN)
    while any(len(demo.world.calls(endpoint=poll)) < len(demo.members) for poll in polls):
        time.sleep(0.1)
