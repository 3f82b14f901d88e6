"""The kinds of panels that the dashboards are made of, in one style."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from grafana_foundation_sdk.builders import common, stat, statetimeline, timeseries
from grafana_foundation_sdk.builders.dashboard import DashboardLink
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard
from grafana_foundation_sdk.models.common import (
    BigValueColorMode,
    BigValueGraphMode,
    BigValueTextMode,
    GraphThresholdsStyleMode,
    LegendDisplayMode,
    LegendPlacement,
    SortOrder,
    StackingMode,
    TooltipDisplayMode,
    VisibilityMode,
)
from grafana_foundation_sdk.models.dashboard import DynamicConfigValue

from dashboards.looks import Look, Nothing, Steps, thresholds
from dashboards.variables import DATA_SOURCE

Lines = Mapping[str, str]
"""Queries by the legend of their series."""


@dataclass(frozen=True, slots=True)
class Stat(Builder[dashboard.Panel]):
    """What is the case now, as one number or a few."""

    title: str
    description: str
    values: Lines
    look: Look
    span: int = 3
    height: int = 4
    link: DashboardLink | None = None
    colours: Mapping[str, str] = field(default_factory=dict)
    nothing: Nothing | None = None
    names: bool = False

    def build(self) -> dashboard.Panel:
        text = BigValueTextMode.NAME if self.names else BigValueTextMode.AUTO
        panel = (
            stat.Panel()
            .title(self.title)
            .description(self.description)
            .datasource(DATA_SOURCE)
            .span(self.span)
            .height(self.height)
            .color_mode(BigValueColorMode.VALUE)
            .graph_mode(BigValueGraphMode.NONE)
            .text_mode(text)
            .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
            .targets([query.instant() for query in _queries(self.values)])
        )
        if self.link is not None:
            panel.data_links([self.link])
        for name, colour in self.colours.items():
            panel.override_by_name(name, [_fixed_colour(colour)])
        return self.look.on(panel, self.nothing).build()


@dataclass(frozen=True, slots=True)
class Graph(Builder[dashboard.Panel]):
    """How values went; `limits` draws lines where the alerts begin."""

    title: str
    description: str
    lines: Lines
    look: Look
    span: int = 12
    height: int = 8
    stacked: bool = False
    colours: Mapping[str, str] = field(default_factory=dict)
    dashed: tuple[str, ...] = ()
    limits: Steps = ()
    nothing: str = ""

    def build(self) -> dashboard.Panel:
        panel = (
            timeseries.Panel()
            .title(self.title)
            .description(self.description)
            .datasource(DATA_SOURCE)
            .span(self.span)
            .height(self.height)
            .line_width(1 if self.stacked else 2)
            .fill_opacity(40 if self.stacked else 8)
            .show_points(VisibilityMode.NEVER)
            .legend(_legend())
            .tooltip(_tooltip())
            .targets([query.range() for query in _queries(self.lines)])
        )
        self.look.on(panel)
        return self._drawn(panel).build()

    def _drawn(self, panel: timeseries.Panel) -> timeseries.Panel:
        if any("$__rate_interval" in expr for expr in self.lines.values()):
            # Most accounts are polled once a minute: a finer rate would be a row of spikes.
            panel.interval("1m")
        if self.stacked:
            panel.stacking(common.StackingConfig().mode(StackingMode.NORMAL).group("A"))
        if self.limits:
            line = common.GraphThresholdsStyleConfig().mode(GraphThresholdsStyleMode.DASHED)
            panel.thresholds(thresholds(self.limits)).thresholds_style(line)
        if self.nothing:
            panel.no_value(self.nothing)
        for name, colour in self.colours.items():
            panel.override_by_name(name, [_fixed_colour(colour)])
        for name in self.dashed:
            panel.override_by_name(name, _dashed())
        return panel


@dataclass(frozen=True, slots=True)
class Timeline(Builder[dashboard.Panel]):
    """Which state held when."""

    title: str
    description: str
    lines: Lines
    look: Look
    span: int = 12
    height: int = 6

    def build(self) -> dashboard.Panel:
        panel = (
            statetimeline.Panel()
            .title(self.title)
            .description(self.description)
            .datasource(DATA_SOURCE)
            .span(self.span)
            .height(self.height)
            .show_value(VisibilityMode.NEVER)
            .merge_values(merge_values=True)
            .row_height(0.8)
            .tooltip(_tooltip())
            .targets([query.range() for query in _queries(self.lines)])
        )
        return self.look.on(panel).build()


def _queries(lines: Lines) -> list[Dataquery]:
    return [
        Dataquery().datasource(DATA_SOURCE).expr(expr).legend_format(legend).ref_id(ref_id(place))
        for place, (legend, expr) in enumerate(lines.items())
    ]


def ref_id(place: int) -> str:
    """Name a panel's queries as Grafana does: A, B, C."""
    return chr(ord("A") + place)


def _legend() -> common.VizLegendOptions:
    legend = common.VizLegendOptions().show_legend(show_legend=True).calcs([])
    return legend.display_mode(LegendDisplayMode.LIST).placement(LegendPlacement.BOTTOM)


def _tooltip() -> common.VizTooltipOptions:
    return common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.DESCENDING)


def _fixed_colour(colour: str) -> DynamicConfigValue:
    return DynamicConfigValue("color", {"mode": "fixed", "fixedColor": colour})


def _dashed() -> list[DynamicConfigValue]:
    return [
        DynamicConfigValue("custom.lineStyle", {"fill": "dash", "dash": [8, 6]}),
        DynamicConfigValue("custom.fillOpacity", 0),
    ]
