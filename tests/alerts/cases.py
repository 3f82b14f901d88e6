"""What alerts/tests says of each alert: when it fires, with which labels, and when it is quiet."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

FILES = sorted((Path(__file__).parents[2] / "alerts/tests").glob("*.yaml"))
_LABEL = re.compile(r'(\w+)="([^"]*)"')


@dataclass(frozen=True)
class Case:
    """One look at an alert: the labels of those that fire, and of the series that there are."""

    alert: str
    firing: tuple[Mapping[str, str], ...]
    series: tuple[Mapping[str, str], ...]

    @property
    def has_a_quiet_series(self) -> bool:
        return any(not _explains(fired, series) for series in self.series for fired in self.firing)


def _explains(fired: Mapping[str, str], series: Mapping[str, str]) -> bool:
    """Return whether the alert may be of the series: what labels both have are equal."""
    return all(fired[name] == series[name] for name in fired.keys() & series.keys())


def _cases() -> Iterator[Case]:
    for file in FILES:
        for test in yaml.safe_load(file.read_text("utf-8"))["tests"]:
            series = tuple(dict(_LABEL.findall(item["series"])) for item in test["input_series"])
            for look in test.get("alert_rule_test", ()):
                firing = tuple(alert["exp_labels"] for alert in look["exp_alerts"])
                yield Case(look["alertname"], firing, series)


CASES = tuple(_cases())
