"""A poller on the simulated Threads API, and the words in which tests speak of it."""

from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from threading import Event

from exporter.config.settings import (
    AccountSettings,
    ApiSettings,
    PollingSettings,
    Settings,
    TokenPollSettings,
)
from exporter.containers.lifecycle import Step
from exporter.containers.registry import ContainerRegistry
from exporter.containers.store import ContainerStore
from exporter.domain import ContainerStatus, Endpoint, FailureReason, Poll, PollJob, StoreTrouble
from exporter.observations.model import AccountObservation
from exporter.observations.store import Observations
from exporter.polling.poller import Poller
from exporter.secret import FileSecret, Redactor
from exporter.simulator import Simulator, User
from exporter.simulator.calls import Call
from exporter.simulator.faults import Fault, Hang
from exporter.simulator.messages import Answer, Request
from tests.clock import ControlledClock

MINUTE = 60.0
HOUR = 3600.0
DAY = 86_400.0


@dataclass
class Recorder:
    """Takes note of what the poller tells its observer."""

    requests: list[tuple[Endpoint, str]] = field(default_factory=list)
    processed: list[tuple[ContainerStatus, float]] = field(default_factory=list)
    unreadable: int = 0
    token_reloads_failed: int = 0
    troubles: list[StoreTrouble] = field(default_factory=list)

    def request_finished(self, endpoint: Endpoint, code: str, seconds: float) -> None:
        assert seconds >= 0
        self.requests.append((endpoint, code))

    def headers_unreadable(self, count: int) -> None:
        self.unreadable += count

    def token_reload_failed(self) -> None:
        self.token_reloads_failed += 1

    def container_processed(self, outcome: ContainerStatus, seconds: float) -> None:
        self.processed.append((outcome, seconds))

    def store_failed(self, trouble: StoreTrouble) -> None:
        self.troubles.append(trouble)

    def writes_fenced(self, count: int) -> None:
        raise AssertionError(f"{count} containers are another process's: there is no other")


@dataclass(frozen=True)
class WhenAsking:
    """A fault of those calls alone that ask for exactly these fields."""

    fields: Collection[str]
    fault: Fault

    def alter(self, answer: Answer, request: Request) -> Answer:
        asked = set(request.fields) == set(self.fields)
        return self.fault.alter(answer, request) if asked else answer


@dataclass(frozen=True)
class TakesTime:
    """An answer that takes that many seconds of the controlled clock."""

    clock: ControlledClock
    seconds: float

    def alter(self, answer: Answer, request: Request) -> Answer:
        del request
        self.clock.advance(self.seconds)
        return answer


class CountingStore(ContainerStore):
    """A store that takes note of the containers of each commit."""

    def __init__(self, url: str, commits: list[list[str]]) -> None:
        super().__init__(url)
        self._commits = commits

    def save(self, steps: Sequence[Step], *, anyones: bool = False) -> Collection[str]:
        self._commits.append([step.record.container_id for step in steps])
        return super().save(steps, anyones=anyones)


def seeded(seed: int) -> Random:
    return Random(seed)  # noqa: S311 — jitter is no secret


class Bench:
    """Accounts of a simulated world, each configured with a token file, and their poller."""

    def __init__(
        self,
        simulator: Simulator,
        api: ApiSettings,
        clock: ControlledClock,
        directory: Path,
        store: ContainerStore | None = None,
    ) -> None:
        self.world = simulator.world
        self.clock = clock
        self.recorder = Recorder()
        self.observations = Observations()
        self.redactor = Redactor()
        self.containers = ContainerRegistry(store, clock, self.recorder)
        self.containers.open()
        self.gave_way_after: list[int] = []
        self.poller = Poller(
            self.observations,
            self.containers,
            observer=self.recorder,
            redactor=self.redactor,
            clock=clock,
        )
        self.poller.give_way_by(lambda: self.gave_way_after.append(len(self.world.calls())))
        self.settings = Settings(api=api)
        self.accounts: dict[str, AccountSettings] = {}
        self._simulator = simulator
        self._directory = directory

    def add_account(
        self,
        name: str,
        *,
        app: str = "main",
        user_id: str = "me",
        token_expires_at: int | None = None,
        containers: Sequence[str] = (),
    ) -> User:
        """Poll a new user of the simulated world from now on."""
        user = self.world.add_user(name, app=app)
        self.accounts[name] = AccountSettings(
            name=name,
            token=FileSecret(self.write_token(name, user.token.value)),
            user_id=user_id,
            token_expires_at=token_expires_at,
            app=app,
            containers=tuple(containers),
        )
        self.apply()
        return user

    def add_inspector(self, user: User | None = None) -> User:
        """Have debug_token asked with a tester's token, or with this user's."""
        inspector = user or self.world.add_tester("inspector")
        file = self.write_token("the-inspector", inspector.token.value)
        self.set_polling(token=TokenPollSettings(inspector_token_file=file))
        return inspector

    def write_token(self, name: str, value: str) -> Path:
        """Put a token file in place by a rename, as rotations do."""
        fresh, file = self._directory / f"{name}.new", self._directory / name
        fresh.write_text(f"{value}\n")
        return fresh.replace(file)

    def rotate(self, user: User, value: str) -> Sequence[PollJob]:
        user.rotate_token(value)
        self.write_token(user.name, value)
        return self.poller.refresh_tokens()

    def apply(self) -> Sequence[PollJob]:
        accounts = tuple(self.accounts.values())
        self.poller.apply(self.settings, accounts)
        return self.poller.hold(self.settings, accounts, left_alone=())

    def set_polling(
        self, *, token: TokenPollSettings | None = None, call_budget: int | None = None
    ) -> None:
        polling = self.settings.polling
        self.settings = replace(
            self.settings,
            polling=PollingSettings(
                token=token or polling.token, call_budget=call_budget or polling.call_budget
            ),
        )
        self.apply()

    def track(self, user: User, *container_ids: str) -> Sequence[PollJob]:
        """List these containers, and no others, in the account's configuration."""
        account = self.accounts[user.name]
        self.accounts[user.name] = replace(account, containers=container_ids)
        return self.apply()

    def poll(self, user: User, poll: Poll) -> bool:
        return self.poller.run(user.name, poll).is_success

    def poll_each_minute(self, user: User, *polls: Poll, minutes: int) -> None:
        for _ in range(minutes):
            for poll in polls:
                self.poll(user, poll)
            self.clock.advance(MINUTE)

    def seen(self, user: User) -> AccountObservation:
        return self.observations.view()[user.name]

    def failure(self, user: User, poll: Poll) -> FailureReason | None:
        return self.seen(user).last_failures.get(poll)

    def pause(self, user: User) -> float:
        """Return for how many seconds from now the account's calls are shown as kept back."""
        until = self.seen(user).paused_until
        return 0.0 if until is None else max(0.0, until - self.clock.wall())

    def inspector_valid(self) -> bool | None:
        return self.poller.inspector_token_valid

    def calls(self, user: User, endpoint: Endpoint | None = None) -> tuple[Call, ...]:
        return self.world.calls(token=user.token.value, endpoint=endpoint)

    def endpoints(self, user: User) -> list[str]:
        """Return what was called with the user's token since this was last asked, in order."""
        endpoints = [call.endpoint for call in self.calls(user)]
        self.world.log.clear()
        return endpoints

    @contextmanager
    def answers_held_back(self, user: User, poll: Poll) -> Iterator[Callable[[], bool]]:
        """Have a poll of the user under way; what is yielded lets Meta answer it."""
        injection = self.world.inject(Hang(), token=user.token.value, times=1)
        with ThreadPoolExecutor(1) as pool:
            run = pool.submit(self.poll, user, poll)
            _wait_for(lambda: injection.hits == 1)
            yield lambda: self._answer(run)

    def _answer(self, run: "Future[bool]") -> bool:
        _wait_for(lambda: self._released(run))
        return run.result()

    def _released(self, run: "Future[bool]") -> bool:
        self._simulator.release_hung()
        return run.done()


def _wait_for(condition: Callable[[], bool]) -> None:
    never = Event()
    for _ in range(6000):
        if condition():
            return
        never.wait(0.005)
    raise AssertionError("what was waited for did not happen within 30 s")
