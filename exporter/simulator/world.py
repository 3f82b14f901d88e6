import itertools
from collections.abc import Collection
from enum import Enum

from exporter.clock import Clock, SystemClock
from exporter.simulator.calls import Call, CallLog
from exporter.simulator.faults import Fault
from exporter.simulator.injection import Injection, Injections
from exporter.simulator.state import FIRST_USER_ID, State
from exporter.simulator.tokens import ALL_SCOPES, DAY, Token
from exporter.simulator.users import User


class Inspectors(Enum):
    """Whose token may ask debug_token about a token of the same app."""

    ANYONE = "anyone"
    SELF_OR_TESTER = "self or tester"
    TESTERS = "testers"


class World:
    """All that the simulated Meta knows, and the faults it suffers from.

    With `speed` 10, containers age and quota windows move ten times faster than the clock. Tokens
    do not: their times are Unix times, which a caller compares with its own clock.
    """

    def __init__(
        self, clock: Clock | None = None, *, speed: float = 1.0, max_calls: int = 100_000
    ) -> None:
        self.state = State(clock or SystemClock(), speed)
        self.users: dict[str, User] = {}
        self.log = CallLog(max_calls)
        self.injections = Injections()
        self.inspectors = Inspectors.SELF_OR_TESTER
        self.dead_tokens_inspect_themselves = False
        self.withdrawn_fields: set[str] = set()
        self._user_ids = itertools.count(FIRST_USER_ID)

    @property
    def clock(self) -> Clock:
        return self.state.clock

    def add_user(
        self,
        name: str,
        *,
        token: str | None = None,
        user_id: str | None = None,
        app: str = "main",
        scopes: Collection[str] = ALL_SCOPES,
    ) -> User:
        """Add a user whose token was issued a day ago."""
        with self.state.lock:
            issued_at = int(self.clock.wall()) - DAY
            facts = Token(
                value=token or self.new_token(name),
                user_id=user_id or str(next(self._user_ids)),
                app=app,
                issued_at=issued_at,
                expires_at=issued_at + 60 * DAY,
                data_access_expires_at=issued_at + 90 * DAY,
                scopes=frozenset(scopes),
            )
            user = User(self.state, name, facts)
            self.users[user.user_id] = user
        return user

    def new_token(self, name: str) -> str:
        """Return the token of a user who is given none."""
        return f"sim-token-{name}"

    def add_tester(self, name: str, *, token: str | None = None, app: str = "main") -> User:
        """Add a user whose token may ask debug_token about every token of its app."""
        user = self.add_user(name, token=token, app=app)
        user.token.tester = True
        return user

    def inject(
        self,
        fault: Fault,
        *,
        endpoint: str | None = None,
        token: str | None = None,
        times: int | None = None,
    ) -> Injection:
        """Let calls suffer a fault: of one endpoint, of one token, `times` times or until cleared.

        Faults that concern the same call are applied in the order of their injection.
        """
        return self.injections.inject(fault, endpoint, token, times)

    def clear_faults(self) -> None:
        self.injections.clear()

    def calls(self, *, token: str | None = None, endpoint: str | None = None) -> tuple[Call, ...]:
        """Return the calls in the order of arrival, of one token or endpoint or of all."""
        return self.log.select(token, endpoint)
