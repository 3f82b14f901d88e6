"""The accounts of the demo: an agency's clients, most of them well, the others each unwell."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from exporter.clock import Clock
from exporter.domain import QuotaKind
from exporter.simulator.tokens import ALL_SCOPES, DAY
from exporter.simulator.users import MissingPermission, User
from exporter.simulator.world import World

_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Pace:
    """How a quota is used: `used` at the start, `daily` in each window, never past `at_most`."""

    used: int
    daily: int
    at_most: int


_USUAL = {
    QuotaKind.PUBLISH: Pace(60, 60, 120),
    QuotaKind.REPLY: Pace(220, 240, 500),
    QuotaKind.DELETE: Pace(6, 8, 30),
    QuotaKind.LOCATION_SEARCH: Pace(35, 40, 120),
}


@dataclass(frozen=True, slots=True)
class Role:
    """One account of the cast; `trouble` is done to its user at the start."""

    name: str
    team: str
    paces: Mapping[QuotaKind, Pace] = field(default_factory=dict)
    trouble: Callable[[User], None] | None = None
    token_seconds: int = 52 * DAY
    app: str = "agency"
    lacks: frozenset[str] = frozenset()
    posts: bool = True
    rate_limited: bool = False


def _drop_what_is_not_permitted(user: User) -> None:
    user.missing_permission = MissingPermission.DROPPED


CAST = (
    Role("northwind-coffee", "food"),
    Role("harbor-daily-news", "media", {QuotaKind.PUBLISH: Pace(235, 300, 247)}),
    Role("atlas-support", "care", {QuotaKind.REPLY: Pace(1000, 1500, 1000)}),
    Role("lumen-cosmetics", "beauty", token_seconds=5 * DAY),
    Role("juniper-travel", "travel", token_seconds=20 * _HOUR),
    Role("old-mill-bakery", "food", trouble=User.revoke_token, posts=False),
    Role("velo-sport", "sport", trouble=User.invalidate_session, posts=False),
    Role("cedar-clinic", "care", lacks=frozenset({"threads_delete"})),
    Role(
        "city-guide",
        "travel",
        trouble=_drop_what_is_not_permitted,
        lacks=frozenset({"threads_location_tagging"}),
    ),
    Role("pixel-arcade", "games", app="arcade", rate_limited=True),
)


@dataclass(frozen=True, slots=True)
class Member:
    role: Role
    user: User

    def pace(self, kind: QuotaKind) -> Pace:
        return self.role.paces.get(kind, _USUAL[kind])

    def use(self, kind: QuotaKind, count: int) -> None:
        """Use the quota now, as far as the pace allows."""
        room = self.pace(kind).at_most - self.user.usage(kind)
        self.user.use(kind, max(0, min(count, room)))


@dataclass(frozen=True, slots=True)
class DemoWorld:
    world: World
    members: tuple[Member, ...]


def build_demo_world(clock: Clock, speed: float) -> DemoWorld:
    """Return the cast in a world where a window of 24 h passes in 24 h / `speed`."""
    world = World(clock, speed=speed, max_calls=10_000)
    # So that the demo can tell what happened to the tokens that died.
    world.dead_tokens_inspect_themselves = True
    return DemoWorld(world, tuple(_join(world, role) for role in CAST))


def _join(world: World, role: Role) -> Member:
    token = f"demo-token-of-{role.name}"
    user = world.add_user(role.name, token=token, app=role.app, scopes=ALL_SCOPES - role.lacks)
    expires_at = int(world.clock.wall()) + role.token_seconds
    issued_at = expires_at - 60 * DAY
    user.set_token(
        issued_at=issued_at, expires_at=expires_at, data_access_expires_at=issued_at + 90 * DAY
    )
    if role.trouble is not None:
        role.trouble(user)
    member = Member(role, user)
    for kind in QuotaKind:
        _spread(member, kind)
    return member


def _spread(member: Member, kind: QuotaKind) -> None:
    """Use the quota as if evenly through the last window, so that it also falls evenly."""
    used = member.pace(kind).used
    for item in range(used):
        member.user.use(kind, ago=DAY * (used - item - 1) / used)
