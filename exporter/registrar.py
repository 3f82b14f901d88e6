import structlog

from exporter.secret import Redactor, Secret, SecretSource, SecretUnreadableError, WatchedSecret

_log = structlog.get_logger(__name__)


class Registrar:
    """The token that publishers present, read again when its file has changed."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._source: SecretSource | None = None
        self._held: WatchedSecret | None = None

    def token(self) -> Secret | None:
        """Return the token, None where none is configured."""
        return self._held.current if self._held else None

    def adopt(self, source: SecretSource | None) -> None:
        """Take the token from there from now on; raises SecretUnreadableError."""
        if source != self._source:
            self._held = WatchedSecret(source) if source else None
            self._source = source
            self._tell()

    def refresh(self) -> None:
        try:
            if self._held is not None and self._held.refresh():
                self._tell()
        except SecretUnreadableError as error:
            _log.error("token not read, the old one stays", owner="publishers", problem=str(error))

    def _tell(self) -> None:
        if self._held is not None:
            self._redactor.add(self._held.current)
