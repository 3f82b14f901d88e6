from collections.abc import Callable

import structlog

from exporter.secret import SecretUnreadableError

_log = structlog.get_logger(__name__)


class TokenTroubles:
    """What keeps changed tokens from being read: each attempt is counted, each problem told once.

    `failed` is called at each attempt that fails.
    """

    def __init__(self, failed: Callable[[], object] = lambda: None) -> None:
        self._failed = failed
        self._known: dict[str, str] = {}

    def met(self, owner: str, error: SecretUnreadableError) -> None:
        self._failed()
        problem = str(error)
        if self._known.get(owner) != problem:
            _log.error("token not read, the old one stays", owner=owner, problem=problem)
            self._known[owner] = problem

    def over(self, owner: str) -> None:
        self._known.pop(owner, None)
