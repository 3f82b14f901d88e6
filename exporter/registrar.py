from collections.abc import Callable

from exporter.secret import Redactor, Secret, SecretSource, SecretUnreadableError, WatchedSecret
from exporter.token_troubles import TokenTroubles

_OWNER = "publishers"


class Registrar:
    """The token that publishers present, read again when its file has changed."""

    def __init__(self, redactor: Redactor, troubles: TokenTroubles) -> None:
        self._redactor = redactor
        self._troubles = troubles
        self._source: SecretSource | None = None
        self._held: WatchedSecret | None = None

    def token(self) -> Secret | None:
        """Return the token, None where none is configured."""
        return self._held.current if self._held else None

    def read(self, source: SecretSource | None) -> Callable[[], None]:
        """Return what takes the token from there from now on; raises SecretUnreadableError."""
        held = self._held if source == self._source else WatchedSecret(source) if source else None

        def take() -> None:
            self._held, self._source = held, source
            self._tell()

        return take

    def refresh(self) -> None:
        try:
            if self._held is not None and self._held.refresh():
                self._tell()
        except SecretUnreadableError as error:
            self._troubles.met(_OWNER, error)
        else:
            self._troubles.over(_OWNER)

    def _tell(self) -> None:
        if self._held is not None:
            self._redactor.add(self._held.current)
