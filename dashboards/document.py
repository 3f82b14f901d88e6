"""A dashboard as the classic JSON that every Grafana from 10 on takes."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from grafana_foundation_sdk.builders.dashboard import Dashboard, Row
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard
from grafana_foundation_sdk.models.dashboard import DashboardCursorSync

from dashboards import links
from dashboards.variables import Variable

TAGS = ["threads", "threads-exporter"]
_NOISE = ("auto", "auto_count", "auto_min")

Panels = Mapping[str, tuple[Builder[dashboard.Panel], ...]]
"""The panels by the title of their row."""


@dataclass(frozen=True, slots=True)
class Document:
    uid: str
    description: str
    variables: tuple[Variable, ...]
    rows: Panels
    since: str = "now-6h"

    def json(self) -> str:
        """Return the document; equal input gives equal text."""
        decoded = json.loads(JSONEncoder(sort_keys=True).encode(self._builder().build()))
        return json.dumps(_finished(decoded), sort_keys=True, indent=2, ensure_ascii=False) + "\n"

    def _builder(self) -> Dashboard:
        builder = (
            Dashboard(f"Threads / {links.TITLES[self.uid]}")
            .uid(self.uid)
            .description(self.description)
            .tags(TAGS)
            .readonly()
            .timezone("browser")
            .tooltip(DashboardCursorSync.CROSSHAIR)
            .time(self.since, "now")
            .refresh("1m")
            .variables(list(self.variables))
            .links(list(links.siblings(self.uid)))
        )
        for title, panels in self.rows.items():
            builder.with_row(Row(title))
            for panel in panels:
                builder.with_panel(panel)
        return builder


def _finished(document: dict[str, Any]) -> dict[str, Any]:
    """Mend what the SDK leaves out or adds: ids, which Grafana 13 needs, and defaults."""
    document["annotations"] = {"list": []}
    for link in document["links"]:
        # It would move the links out of sight, into a menu.
        link.pop("placement", None)
    for number, panel in enumerate(document["panels"], start=1):
        panel["id"] = number
        for link in _data_links(panel.get("fieldConfig", {})):
            for name in link.keys() - {"title", "url"}:
                del link[name]
    for variable in document["templating"]["list"]:
        for name in _NOISE:
            variable.pop(name, None)
    return document


def _data_links(config: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from config.get("defaults", {}).get("links", [])
    for override in config.get("overrides", []):
        for one in override["properties"]:
            if one["id"] == "links":
                yield from one["value"]
