"""What keeps the demo's world alive: a publisher that posts for every account."""

import itertools
import json
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Self

from exporter.domain import ContainerErrorMessage, QuotaKind
from exporter.simulator.cast import DemoWorld, Member
from exporter.simulator.containers import (
    Life,
    expires,
    fails,
    finishes,
    publishes,
    stays_in_progress,
)
from exporter.simulator.throttle import Throttle
from exporter.simulator.tokens import DAY

FILE_NAME = "publisher.json"

_VIDEO_SECONDS = 15.0
_PUBLISHED_SECONDS = 14.0
_KEPT_SECONDS = 150.0

_SPECIAL = (
    expires(25, finished=8),
    finishes(8).lost_after(16),
    stays_in_progress(),
    publishes(_PUBLISHED_SECONDS, finished=8).not_known_before(3),
)


def lives() -> Iterator[Life]:
    """Return endless container lives in real seconds: mostly published, at times anything else."""
    usual = publishes(_PUBLISHED_SECONDS, finished=8)
    messages = [name for name in ContainerErrorMessage if name is not ContainerErrorMessage.OTHER]
    failing = itertools.cycle(fails(message.value, after=10) for message in messages)
    special = itertools.cycle(_SPECIAL)
    while True:
        yield from (usual, usual, next(failing), usual, next(special))


@dataclass(frozen=True, slots=True)
class _Video:
    """A container and the real time of its creation."""

    member: Member
    container_id: str
    created: float


class _Videos:
    """The containers: made in turn for each account, and named in the file for a while."""

    def __init__(self, demo: DemoWorld, members: tuple[Member, ...], path: Path) -> None:
        self._world = demo.world
        self._path = path
        self._lives = lives()
        self._turns = itertools.cycle(members)
        self._interval = _VIDEO_SECONDS / len(members)
        self._next = self._world.clock.monotonic()
        self._publishing: deque[_Video] = deque()
        self._named: deque[_Video] = deque()

    def step(self, now: float) -> None:
        """Make what is due, count what got published and forget what is old."""
        made = self._make_due(now)
        for video in _older(self._publishing, now - _PUBLISHED_SECONDS):
            video.member.use(QuotaKind.PUBLISH, 1)
        for video in _older(self._named, now - _KEPT_SECONDS):
            video.member.user.forget_container(video.container_id)
        if made:
            self._write()

    def _make_due(self, now: float) -> bool:
        first = self._next
        while self._next <= now:
            self._make(next(self._turns), now)
            self._next += self._interval
        return self._next != first

    def _make(self, member: Member, now: float) -> None:
        life = next(self._lives)
        container = member.user.add_container(life=life.scaled(self._world.state.speed))
        video = _Video(member, container.container_id, now)
        self._named.append(video)
        if life.steps[-1].status == "PUBLISHED":
            self._publishing.append(video)

    def _write(self) -> None:
        entries = [
            {"account": video.member.role.name, "container_id": video.container_id}
            for video in self._named
        ]
        self._path.parent.mkdir(parents=True, exist_ok=True)
        # Not a *.json, so that nobody who watches the directory reads it half written.
        unfinished = self._path.with_suffix(".unfinished")
        unfinished.write_text(json.dumps(entries, indent=1), encoding="ascii")
        unfinished.replace(self._path)


def _older(videos: deque[_Video], than: float) -> Iterator[_Video]:
    while videos and videos[0].created <= than:
        yield videos.popleft()


class _Posts:
    """Posts, replies, deletions and searches, at each account's pace."""

    def __init__(self, demo: DemoWorld, members: tuple[Member, ...]) -> None:
        self._world = demo.world
        self._members = members
        self._stepped = self._world.state.seconds()
        self._owed: dict[tuple[str, QuotaKind], float] = {}

    def step(self) -> None:
        now = self._world.state.seconds()
        passed, self._stepped = now - self._stepped, now
        for member in self._members:
            for kind in QuotaKind:
                self._use(member, kind, passed)

    def _use(self, member: Member, kind: QuotaKind, passed: float) -> None:
        pace = member.pace(kind)
        owed = self._owed.get((member.role.name, kind), 0.0) + pace.daily * passed / DAY
        due = int(owed)
        self._owed[member.role.name, kind] = owed - due
        member.use(kind, due)


class Publisher:
    """Posts for every account whose token lives, and names the containers in a file.

    `with Publisher(demo, directory):` steps every `interval` seconds in a thread.
    """

    def __init__(self, demo: DemoWorld, directory: Path, *, interval: float = 1.0) -> None:
        members = tuple(member for member in demo.members if member.role.posts)
        self._clock = demo.world.clock
        self._posts = _Posts(demo, members)
        self._videos = _Videos(demo, members, directory / FILE_NAME)
        self._throttles = tuple(
            Throttle(demo.world, member.user, self._clock.monotonic())
            for member in members
            if member.role.rate_limited
        )
        self._interval = interval
        self._stop = Event()
        self._thread = Thread(target=self._run, name="publisher", daemon=True)

    def step(self) -> None:
        """Do all that has become due since the last step."""
        self._posts.step()
        self._videos.step(self._clock.monotonic())
        for throttle in self._throttles:
            throttle.step()

    def __enter__(self) -> Self:
        self.step()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(self._interval):
            self.step()
