"""What the committed dashboards ask Prometheus, with Grafana's variables put in."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "dashboards"
# `$1` is a part of a label's value, in `label_replace()`.
VARIABLE = re.compile(r"\$(?:\{(\w+)\}|([a-z_]\w*))")
VALUES = {
    "job": ".+",
    "instance": ".+",
    "account": ".+",
    "__rate_interval": "1m",
    "__range": "15m",
}
_ONE_ACCOUNT = ('account="$account"', 'account=~"$account"')
_LABEL_VALUES = re.compile(r"label_values\((?P<series>.+), (?P<label>\w+)\)")


@dataclass(frozen=True)
class Expression:
    """A query of a panel or, with the panel `$name`, the series that a variable is read from."""

    dashboard: str
    panel: str
    expr: str


@cache
def dashboards() -> dict[str, dict[str, Any]]:
    """Return the committed dashboards by uid."""
    files = sorted(FOLDER.glob("*.json"))
    return {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in files}


def panels(dashboard: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the panels that show something: all but the rows' heads."""
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def variables(dashboard: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {variable["name"]: variable for variable in dashboard["templating"]["list"]}


def expressions() -> Iterator[Expression]:
    """Return every query of every panel and every variable, as Prometheus gets it.

    All accounts are chosen, also where Grafana lets one choose only one.
    """
    for uid, dashboard in dashboards().items():
        for panel in panels(dashboard):
            for target in panel["targets"]:
                yield Expression(uid, panel["title"], interpolate(target["expr"]))
        for name, variable in variables(dashboard).items():
            if variable["type"] == "query":
                yield Expression(uid, f"${name}", interpolate(selected(variable)))


def selected(variable: dict[str, Any]) -> str:
    """Return the selector that a query variable reads a label from."""
    match = _LABEL_VALUES.fullmatch(variable["query"]["query"])
    assert match, variable["query"]
    return match["series"]


def interpolate(expr: str) -> str:
    """Put a value in place of each variable.

    Raises:
        KeyError: of a variable that there is not.
    """
    return VARIABLE.sub(lambda match: VALUES[match[1] or match[2]], expr.replace(*_ONE_ACCOUNT))
