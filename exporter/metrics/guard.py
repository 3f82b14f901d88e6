from collections.abc import Callable, Mapping, Sequence

import structlog

from exporter.metrics.desc import Label, Samples
from exporter.metrics.instruments import Instruments
from exporter.metrics.label_values import clean

log = structlog.get_logger(__name__)


class Guard:
    """Reads samples so that a fault in one of them costs no scrape: it is counted instead."""

    def __init__(self, instruments: Instruments) -> None:
        self._instruments = instruments
        self._logged: set[str] = set()

    def read(
        self, metric: str, labels: Sequence[Label], samples: Callable[[], Samples]
    ) -> Mapping[tuple[str, ...], float] | None:
        """Return the values by their cleaned labels, None where one of them cannot be had."""
        try:
            return {
                tuple(clean(*pair) for pair in zip(values, labels, strict=True)): float(value)
                for values, value in samples()
            }
        except Exception:
            self._instruments.collect_failed(metric)
            if metric not in self._logged:
                self._logged.add(metric)
                log.exception("left samples out of a scrape", metric=metric)
            return None
