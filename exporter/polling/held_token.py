from threading import Lock

from exporter.secret import Secret, WatchedSecret

RECHECK_SECONDS = 3600.0
"""How often a dead token, or what Meta refused it, is asked about again."""


class HeldToken:
    """A token and whether Meta takes it; times are monotonic seconds.

    A verdict names the token it is about: the answer to a call may come after a rotation.
    """

    __slots__ = ("_lock", "_recheck_at", "_secret", "_valid")

    def __init__(self, secret: WatchedSecret) -> None:
        self._secret = secret
        self._lock = Lock()
        self._valid: bool | None = None
        self._recheck_at = 0.0

    @property
    def current(self) -> Secret:
        return self._secret.current

    @property
    def valid(self) -> bool | None:
        """Return whether Meta takes it, None while unknown."""
        return self._valid

    def refresh(self) -> bool:
        """Return whether it is a new token; raises SecretUnreadableError, keeping the old."""
        changed = self._secret.refresh()
        if changed:
            with self._lock:
                self._valid = None
        return changed

    def judge(self, token: Secret, *, valid: bool, now: float) -> bool:
        """Take a verdict; return whether it is about the current token."""
        with self._lock:
            if token != self._secret.current:
                return False
            self._valid = valid
            self._recheck_at = now + RECHECK_SECONDS
            return True

    def may_be_used(self, now: float) -> bool:
        """Return whether a call may be made: always with a living token, hourly with a dead one."""
        return self._valid is not False or now >= self._recheck_at

    def claim_use(self, now: float) -> bool:
        """Return the same, and take the dead token's turn."""
        with self._lock:
            allowed = self.may_be_used(now)
            if allowed:
                self._recheck_at = now + RECHECK_SECONDS
            return allowed
