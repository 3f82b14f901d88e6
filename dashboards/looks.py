"""How values look: unit, colours where they mean something, and words for numbers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from grafana_foundation_sdk.builders import stat, statetimeline, table, timeseries
from grafana_foundation_sdk.builders.dashboard import ThresholdsConfig
from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import (
    DashboardRangeMapOptions,
    DashboardSpecialValueMapOptions,
    DynamicConfigValue,
    RangeMap,
    SpecialValueMap,
    SpecialValueMatch,
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMapping,
    ValueMappingResult,
)

from alerts.thresholds import DEFAULT

GREEN, YELLOW, ORANGE, RED, BLUE = "green", "yellow", "orange", "red", "blue"
GREY = "text"

Steps = tuple[tuple[float | None, str], ...]
Words = Mapping[float, tuple[str, str]]
Panel = TypeVar("Panel", stat.Panel, statetimeline.Panel, table.Panel, timeseries.Panel)


@dataclass(frozen=True, slots=True)
class Nothing:
    """What a panel says where there is no value, for there is nothing to tell of."""

    text: str
    colour: str = GREY

    def mapping(self) -> ValueMapping:
        """Return the mapping that gives it its colour; else it has the lowest value's."""
        options = DashboardSpecialValueMapOptions(
            SpecialValueMatch.NULL, ValueMappingResult(text=self.text, color=self.colour)
        )
        return SpecialValueMap(options)


@dataclass(frozen=True, slots=True)
class Look:
    """`steps` colour from a value on; `words` stand for single values, `ranks` for ranges."""

    unit: str
    steps: Steps = ()
    words: Words = field(default_factory=dict)
    ranks: tuple[tuple[float, float, str, str], ...] = ()
    decimals: int | None = None
    minimum: float | None = None
    maximum: float | None = None

    @property
    def mappings(self) -> list[ValueMapping]:
        words = {
            f"{value:g}": ValueMappingResult(text=text, color=colour, index=index)
            for index, (value, (text, colour)) in enumerate(self.words.items())
        }
        ranges: list[ValueMapping] = [
            RangeMap(DashboardRangeMapOptions(low, high, ValueMappingResult(text, colour)))
            for low, high, text, colour in self.ranks
        ]
        return [ValueMap(words), *ranges] if words else ranges

    def on(self, panel: Panel, nothing: Nothing | None = None) -> Panel:
        """Give a panel's values this look, and words to their absence."""
        panel.unit(self.unit).thresholds(thresholds(self.steps))
        mappings = [*self.mappings, *([] if nothing is None else [nothing.mapping()])]
        if mappings:
            panel.mappings(mappings)
        if nothing is not None:
            panel.no_value(nothing.text)
        if self.decimals is not None:
            panel.decimals(self.decimals)
        if self.minimum is not None:
            panel.min(self.minimum)
        if self.maximum is not None:
            panel.max(self.maximum)
        return panel

    def properties(self) -> list[DynamicConfigValue]:
        """Return the look as an override of one column."""
        found: dict[str, object] = {
            "unit": self.unit,
            "mappings": self.mappings or None,
            "thresholds": thresholds(self.steps).build() if self.steps else None,
            "decimals": self.decimals,
            "min": self.minimum,
            "max": self.maximum,
        }
        return [DynamicConfigValue(name, one) for name, one in found.items() if one is not None]


def thresholds(steps: Steps) -> ThresholdsConfig:
    built = [Threshold(value, colour) for value, colour in steps or ((None, GREY),)]
    return ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(built)


def rising(warning: float, critical: float | None = None) -> Steps:
    """Colour values that are bad when they are high."""
    steps: Steps = ((None, GREEN), (warning, ORANGE))
    return steps if critical is None else (*steps, (critical, RED))


def falling(critical: float, warning: float) -> Steps:
    """Colour values that are bad when they are low."""
    return ((None, RED), (critical, ORANGE), (warning, GREEN))


def limit(start: float) -> Steps:
    """Draw a line where an alert begins."""
    return ((None, "transparent"), (start, RED))


def yes_or_no(yes: str, no: str, no_colour: str = RED) -> Look:
    """Tell 1 and 0 in words."""
    return Look(
        units.NoUnit, ((None, no_colour), (1, GREEN)), {1: (yes, GREEN), 0: (no, no_colour)}
    )


COUNT = Look(units.LocaleFormat, decimals=0, minimum=0)
SHARE = Look(units.PercentUnit, minimum=0)
SECONDS = Look(units.Seconds, minimum=0)
DURATION = Look(units.DurationInDaysHoursMinutesSeconds)
PER_MINUTE = Look(units.CountsPerMinute, minimum=0)
REQUESTS = Look(units.RequestsPerMinute, minimum=0)
BYTES = Look(units.BytesIEC, minimum=0)
REFUSED = Look(units.NoUnit, ((None, ORANGE),), {1: ("refused", ORANGE)})
PAUSE = Look(units.DurationInDaysHoursMinutesSeconds, ((None, ORANGE),))
UP = Look(units.LocaleFormat, ((None, RED), (1, GREEN)), decimals=0)
SHARE_OF_POLLS = Look(units.PercentUnit, decimals=1, minimum=0, maximum=1)
NONE_IS_FINE = Look(units.LocaleFormat, ((None, GREEN), (1, RED)), decimals=0)
NONE_IS_BEST = Look(units.LocaleFormat, ((None, GREEN), (1, ORANGE)), decimals=0)
QUOTA_SHARE = Look(
    units.PercentUnit, rising(DEFAULT.quota_high, 1), decimals=1, minimum=0, maximum=1
)
RUNS_OUT = Look(
    units.DurationInDaysHoursMinutesSeconds, ((None, ORANGE), (DEFAULT.quota_trend_seconds, GREEN))
)
TOKEN_LEFT = Look(
    units.DurationInDaysHoursMinutesSeconds,
    falling(DEFAULT.token_expiry_critical_seconds, DEFAULT.token_expiry_warning_seconds),
)
DATA_ACCESS_LEFT = Look(
    units.DurationInDaysHoursMinutesSeconds,
    falling(
        DEFAULT.data_access_expiry_critical_seconds, DEFAULT.data_access_expiry_warning_seconds
    ),
)
CERTIFICATE_LEFT = Look(
    units.DurationInDaysHoursMinutesSeconds,
    falling(
        DEFAULT.web_certificate_expiry_critical_seconds,
        DEFAULT.web_certificate_expiry_warning_seconds,
    ),
)
FAILURE_SHARE = Look(
    units.PercentUnit, rising(DEFAULT.container_failure_share), decimals=1, minimum=0, maximum=1
)
BUDGET_SHARE = Look(units.PercentUnit, rising(DEFAULT.call_budget_high), minimum=0, maximum=1)
USAGE_SHARE = Look(units.PercentUnit, rising(DEFAULT.api_usage_high), minimum=0, maximum=1)
UNFINISHED_AGE = Look(
    units.DurationInDaysHoursMinutesSeconds, rising(DEFAULT.container_stuck_seconds)
)
QUOTA_AGE = Look(units.Seconds, rising(DEFAULT.quota_stale_seconds))
LAG = Look(units.Seconds, rising(DEFAULT.schedule_lag_seconds), minimum=0)
