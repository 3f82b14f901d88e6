"""Tables: a row for each combination of labels, with a column for each label and each query."""

from dataclasses import dataclass, field

from grafana_foundation_sdk.builders import table
from grafana_foundation_sdk.builders.dashboard import DashboardLink
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard
from grafana_foundation_sdk.models.common import TableCellHeight
from grafana_foundation_sdk.models.dashboard import DataTransformerConfig, DynamicConfigValue
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from dashboards.looks import COUNT, Look
from dashboards.panels import ref_id
from dashboards.variables import DATA_SOURCE

PLAIN = {"type": "auto"}
COLOURED = {"type": "color-text"}
BACKGROUND = {"type": "color-background", "mode": "basic"}
BAR = {"type": "gauge", "mode": "basic", "valueDisplayMode": "text"}


# Else a cell without a value says what the whole table says when it is empty.
_EMPTY_CELL = DynamicConfigValue("noValue", "–")


@dataclass(frozen=True, slots=True)
class Name:
    """A column with the values of a label."""

    label: str
    title: str
    width: int | None = None
    link: DashboardLink | None = None

    def properties(self) -> list[DynamicConfigValue]:
        properties = _width(self.width)
        if self.link is not None:
            properties.append(DynamicConfigValue("links", [self.link.build()]))
        return properties


@dataclass(frozen=True, slots=True)
class Value:
    """A column with the values of a query; `cell` says how they are drawn."""

    expr: str
    title: str
    look: Look = COUNT
    cell: dict[str, str] = field(default_factory=lambda: PLAIN)
    width: int | None = None

    def properties(self) -> list[DynamicConfigValue]:
        properties = [*self.look.properties(), *_width(self.width)]
        if self.look.mappings:
            properties.append(DynamicConfigValue("custom.align", "left"))
        if self.cell != PLAIN:
            properties.append(DynamicConfigValue("custom.cellOptions", self.cell))
        return properties


Column = Name | Value


@dataclass(frozen=True, slots=True)
class Table(Builder[dashboard.Panel]):
    """`columns` from left to right, and the labels that are `hidden`.

    Sorted by the column of the title `sort`, the highest first if `falling`.
    """

    title: str
    description: str
    columns: tuple[Column, ...]
    sort: str
    falling: bool = True
    span: int = 12
    height: int = 8
    nothing: str = ""
    hidden: tuple[str, ...] = ()

    def build(self) -> dashboard.Panel:
        panel = (
            table.Panel()
            .title(self.title)
            .description(self.description)
            .datasource(DATA_SOURCE)
            .span(self.span)
            .height(self.height)
            .unit(COUNT.unit)
            .cell_height(TableCellHeight.SM)
            .targets([self._query(place, one) for place, one in enumerate(self._values())])
            .transformations(self._transformations())
        )
        if self.nothing:
            panel.no_value(self.nothing)
        for column in self.columns:
            panel.override_by_name(column.title, [*column.properties(), _EMPTY_CELL])
        return panel.build()

    def _values(self) -> list[Value]:
        return [column for column in self.columns if isinstance(column, Value)]

    def _query(self, place: int, value: Value) -> Dataquery:
        query = Dataquery().datasource(DATA_SOURCE).expr(value.expr).ref_id(ref_id(place))
        return query.instant().format(PromQueryFormat.TABLE)

    def _transformations(self) -> list[DataTransformerConfig]:
        fields = self._fields()
        places = {column.title: place for place, column in enumerate(self.columns)}
        organize: dict[str, object] = {
            "excludeByName": dict.fromkeys(("Time", *self.hidden), True),
            "indexByName": {name: places[title] for name, title in fields.items()},
            "renameByName": fields,
        }
        order = {"fields": {}, "sort": [{"field": self.sort, "desc": self.falling}]}
        merge = [DataTransformerConfig("merge", options={})] if len(self._values()) > 1 else []
        return [
            *merge,
            DataTransformerConfig("organize", options=organize),
            DataTransformerConfig("sortBy", options=order),
        ]

    def _fields(self) -> dict[str, str]:
        """Return Grafana's names of the columns with their titles, in order."""
        values = self._values()
        fields = {}
        for column in self.columns:
            if isinstance(column, Name):
                fields[column.label] = column.title
            else:
                fields[f"Value #{ref_id(values.index(column))}"] = column.title
        # So Grafana calls the only value there is, be it of one query or all that answered.
        return fields | {"Value": values[0].title}


def _width(width: int | None) -> list[DynamicConfigValue]:
    return [] if width is None else [DynamicConfigValue("custom.width", width)]
