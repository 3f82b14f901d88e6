from collections.abc import Iterable
from dataclasses import dataclass, field

from exporter.simulator.graph import GraphError, expired

DAY = 86_400
ALL_SCOPES = frozenset(
    {
        "threads_basic",
        "threads_content_publish",
        "threads_manage_replies",
        "threads_delete",
        "threads_location_tagging",
    }
)


@dataclass(slots=True)
class Token:
    """An access token as Meta knows it; times are Unix seconds, `expires_at` 0 means never."""

    value: str
    user_id: str
    app: str
    issued_at: int
    expires_at: int
    data_access_expires_at: int
    scopes: frozenset[str] = ALL_SCOPES
    tester: bool = False
    rejection: GraphError | None = field(default=None)

    def problem(self, now: float) -> GraphError | None:
        """Return why a call with this token is refused at that time, or None."""
        if self.rejection is not None:
            return self.rejection
        if 0 < self.expires_at <= now:
            return expired(self.expires_at)
        return None

    def grants(self, scopes: Iterable[str]) -> bool:
        return self.scopes.issuperset(scopes)

    def described(self, now: float) -> dict[str, object]:
        """Return the `data` of a debug_token answer."""
        problem = self.problem(now)
        data: dict[str, object] = {
            "type": "USER",
            "application": self.app,
            "data_access_expires_at": self.data_access_expires_at,
            "expires_at": self.expires_at,
            "is_valid": problem is None,
            "issued_at": self.issued_at,
            "scopes": sorted(self.scopes),
            "user_id": self.user_id,
        }
        return data if problem is None else {"error": token_error(problem), **data}


def token_error(problem: GraphError) -> dict[str, object]:
    """Return the error inside a debug_token answer, whose subcode has a key of its own."""
    error: dict[str, object] = {"code": problem.code, "message": problem.message}
    if problem.subcode is not None:
        error["subcode"] = problem.subcode
    return error
