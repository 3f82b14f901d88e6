from dataclasses import asdict, dataclass

from alerts.thresholds import DAY, DEFAULT, HOUR, MINUTE, Thresholds

SELECTOR = 'job="threads-exporter"'
RUNBOOKS = "https://github.com/threads-exporter/threads-exporter/blob/main/docs/runbooks"
GRAFANA = "http://localhost:3000"

_UNITS = ((DAY, "days"), (HOUR, "hours"), (MINUTE, "minutes"))


@dataclass(frozen=True, slots=True)
class Settings:
    """What users may want otherwise; `hold_scale` multiplies every `for` and `keep_firing_for`."""

    selector: str = SELECTOR
    keep_labels: tuple[str, ...] = ()
    thresholds: Thresholds = DEFAULT
    hold_scale: float = 1.0
    runbook_url: str = RUNBOOKS
    grafana_url: str = GRAFANA


def thresholds_in_promql(thresholds: Thresholds) -> dict[str, str]:
    return {name: _promql(name, value) for name, value in asdict(thresholds).items()}


def thresholds_in_words(thresholds: Thresholds) -> dict[str, str]:
    return {name: _words(name, value) for name, value in asdict(thresholds).items()}


def _promql(name: str, value: float) -> str:
    for unit, _ in _UNITS:
        if name.endswith("_seconds") and value > unit and value % unit == 0:
            return f"{value / unit:.0f} * {unit:.0f}"
    return _plain(value)


def _words(name: str, value: float) -> str:
    if not name.endswith("_seconds"):
        return str(value) if isinstance(value, int) else f"{_plain(value * 100)} %"
    for unit, word in _UNITS:
        if value > unit and value % unit == 0:
            return f"{value / unit:.0f} {word}"
    return f"{_plain(value)} seconds"


def _plain(value: float) -> str:
    """Write a number as PromQL and people read it: without an exponent."""
    return f"{value:.6f}".rstrip("0").rstrip(".")
