from collections.abc import Collection, Sequence
from dataclasses import replace
from enum import Enum

from exporter.domain import QuotaKind
from exporter.simulator.containers import Container, Life, Step, finishes
from exporter.simulator.graph import (
    MALFORMED,
    NO_PERMISSION,
    REVOKED,
    SCOPE_MISSING,
    SESSION_INVALIDATED,
    GraphError,
)
from exporter.simulator.quotas import default_quotas
from exporter.simulator.state import State
from exporter.simulator.tokens import DAY, Token


class MissingPermission(Enum):
    """What is answered for a quota whose permission a token lacks; Meta documents none of it."""

    CODE_10 = NO_PERMISSION
    CODE_200 = SCOPE_MISSING
    DROPPED = None


class User:
    """A Threads user with its token, quotas and containers; its methods are thread-safe."""

    def __init__(self, state: State, name: str, token: Token) -> None:
        self._state = state
        self.name = name
        self.user_id = token.user_id
        self.token = token
        self.missing_permission = MissingPermission.CODE_10
        self.quotas = default_quotas()
        state.tokens[token.value] = token

    def use(self, kind: QuotaKind, count: int = 1, *, ago: float = 0) -> None:
        """Count `count` items of that quota, `ago` simulated seconds old."""
        with self._state.lock:
            self.quotas[kind].use(count, self._state.seconds() - ago)

    def publish(self, count: int = 1, *, ago: float = 0) -> None:
        self.use(QuotaKind.PUBLISH, count, ago=ago)

    def reply(self, count: int = 1, *, ago: float = 0) -> None:
        self.use(QuotaKind.REPLY, count, ago=ago)

    def delete(self, count: int = 1, *, ago: float = 0) -> None:
        self.use(QuotaKind.DELETE, count, ago=ago)

    def search_location(self, count: int = 1, *, ago: float = 0) -> None:
        self.use(QuotaKind.LOCATION_SEARCH, count, ago=ago)

    def usage(self, kind: QuotaKind) -> int:
        with self._state.lock:
            return self.quotas[kind].usage(self._state.seconds())

    def left(self, kind: QuotaKind) -> int:
        with self._state.lock:
            return max(0, self.quotas[kind].total - self.usage(kind))

    def set_quota(
        self, kind: QuotaKind, *, total: int | None = None, duration: int | None = None
    ) -> None:
        """Change how much is allowed, or the window in seconds."""
        with self._state.lock:
            quota = self.quotas[kind]
            quota.total = quota.total if total is None else total
            quota.duration = quota.duration if duration is None else duration

    def add_container(
        self, container_id: str | None = None, life: Life | Sequence[Step] | None = None
    ) -> Container:
        """Create a container now; without a life it is ready after half a minute."""
        if life is None:
            life = finishes()
        elif not isinstance(life, Life):
            life = Life(tuple(life))
        with self._state.lock:
            chosen = container_id or self._state.new_object_id()
            container = Container(chosen, self.user_id, self._state.seconds(), life)
            self._state.containers[chosen] = container
        return container

    def publish_container(self, container_id: str) -> str:
        """Publish a container now, counting it, and return the id of the media it became."""
        with self._state.lock:
            container = self._state.containers[container_id]
            container.life = container.life.published_at(self._state.seconds() - container.created)
            self.publish()
            return self.add_media()

    def forget_container(self, container_id: str) -> None:
        """Let Meta know this container no longer."""
        with self._state.lock:
            self._state.containers.pop(container_id, None)

    def add_media(self, media_id: str | None = None) -> str:
        """Add a published media object, whose id has no `status` to ask for."""
        with self._state.lock:
            chosen = media_id or self._state.new_object_id()
            self._state.media[chosen] = self.user_id
        return chosen

    def grant(self, *scopes: str) -> None:
        with self._state.lock:
            self.token.scopes |= set(scopes)

    def withdraw(self, *scopes: str) -> None:
        with self._state.lock:
            self.token.scopes -= set(scopes)

    def reject_token(self, error: GraphError) -> None:
        """Let every call with the token fail with this error."""
        with self._state.lock:
            self.token.rejection = error

    def accept_token(self) -> None:
        with self._state.lock:
            self.token.rejection = None

    def revoke_token(self) -> None:
        self.reject_token(REVOKED)

    def invalidate_session(self) -> None:
        self.reject_token(SESSION_INVALIDATED)

    def break_token(self) -> None:
        self.reject_token(MALFORMED)

    def expire_token(self, *, ago: float = 60) -> None:
        self.set_token(expires_at=int(self._state.clock.wall() - ago))

    def set_token(
        self,
        *,
        issued_at: int | None = None,
        expires_at: int | None = None,
        data_access_expires_at: int | None = None,
        scopes: Collection[str] | None = None,
    ) -> None:
        """Change what is known of the token; times are Unix seconds, 0 is Meta's never."""
        with self._state.lock:
            token = self.token
            token.issued_at = _chosen(issued_at, token.issued_at)
            token.expires_at = _chosen(expires_at, token.expires_at)
            token.data_access_expires_at = _chosen(
                data_access_expires_at, token.data_access_expires_at
            )
            token.scopes = token.scopes if scopes is None else frozenset(scopes)

    def rotate_token(self, value: str, *, old_stays_valid: bool = False) -> None:
        """Replace the token by a fresh one with the same grants."""
        with self._state.lock:
            old = self.token
            now = int(self._state.clock.wall())
            self.token = replace(
                old, value=value, issued_at=now, expires_at=now + 60 * DAY, rejection=None
            )
            if not old_stays_valid:
                self._state.tokens.pop(old.value, None)
            self._state.tokens[value] = self.token


def _chosen(new: int | None, old: int) -> int:
    return old if new is None else new
