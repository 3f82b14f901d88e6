"""The web configuration in force: read again, without a restart, when one of its files changes."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import structlog

from exporter.clock import Clock
from exporter.config.file_patterns import paths_signature
from exporter.config.web_config import load_web_settings
from exporter.config.web_settings import TlsSettings, WebSettings
from exporter.reloading import Reloads, RestartNeededError

_log = structlog.get_logger(__name__)

_WHAT = "web configuration"


class WebConfig:
    """Without a file it is plain HTTP for everyone, for good."""

    def __init__(self, file: Path | None, settings: WebSettings, clock: Clock) -> None:
        self._file = file
        self._reloads = Reloads(clock)
        # What was read before the first look may have changed by then.
        self._signature: object = None
        self._current = settings
        _warn_of(settings)

    def current(self) -> WebSettings:
        return self._current

    def tls(self) -> TlsSettings:
        """Return how a connection is secured, where it is at all."""
        if self._current.tls is None:
            raise LookupError("there is no TLS")
        return self._current.tls

    @property
    def is_secured(self) -> bool:
        """Tell whether there is TLS, which no reload changes."""
        return self._current.tls is not None

    @property
    def certificate_expires_at(self) -> float | None:
        return self._current.tls.expires_at if self._current.tls else None

    @property
    def successful(self) -> bool:
        """Tell whether what is in the files is what is in force."""
        return self._reloads.successful

    def refresh(self) -> None:
        """Take up what changed; what failed is tried again: a file it names may be there now."""
        if self._file is None:
            return
        changed = paths_signature(self._current.files) != self._signature
        if changed or not self._reloads.successful:
            self.reload()

    def reload(self) -> Sequence[str]:
        """Read everything again; return the problems, with which the old stays in force."""
        if self._file is None:
            return ()
        return self._reloads.attempt(_WHAT, partial(self._load, self._file))

    def _load(self, file: Path) -> None:
        signature = paths_signature(self._current.files)
        settings = load_web_settings(file)
        if (settings.tls is None) is self.is_secured:
            raise RestartNeededError(f"{file}: TLS is turned on and off at a start alone: restart")
        if settings.warnings != self._current.warnings:
            _warn_of(settings)
        self._current, self._signature = settings, signature


def _warn_of(settings: WebSettings) -> None:
    for warning in settings.warnings:
        _log.warning(_WHAT, warning=warning)
