from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from exporter.metrics.account_labels import label_names, labelled
from exporter.metrics.desc import Desc, MetricType
from exporter.metrics.guard import Guard
from exporter.metrics.instruments import Instruments
from exporter.metrics.rows import ACCOUNT_ROWS, EXPORTER_ROWS
from exporter.metrics.rows.container import SERIES_PER_CONTAINER, STATUS_ROW
from exporter.metrics.rows.row import ACCOUNT, AnyAccountRow
from exporter.metrics.state import Context, Sources
from exporter.observations.model import AccountObservation

Accounts = Mapping[str, AccountObservation]
Family = CounterMetricFamily | GaugeMetricFamily
FAMILIES: Mapping[MetricType, type[Family]] = {
    MetricType.COUNTER: CounterMetricFamily,
    MetricType.GAUGE: GaugeMetricFamily,
}


def family_of(desc: Desc, names: Iterable[str] = ()) -> Family:
    """Return an empty family, its labels' names those given."""
    return FAMILIES[desc.type](desc.name, desc.help, labels=tuple(names))


class AccountCollector(Collector):
    """The metrics of some accounts, from what was last seen of them."""

    def __init__(
        self,
        sources: Sources,
        instruments: Instruments,
        *,
        rows: Sequence[AnyAccountRow] = (*ACCOUNT_ROWS, STATUS_ROW),
        only: str | None = None,
    ) -> None:
        self._sources = sources
        self._instruments = instruments
        self._guard = Guard(instruments)
        self._rows = rows
        self._only = only

    def collect(self) -> Iterator[Metric]:
        accounts = self._sources.accounts()
        room = self._sources.state().per_container_limit
        context = self._sources.context(label_names(accounts.values()), containers=room)
        shown = {
            label: accounts[name]
            for label, name in labelled(accounts, self._instruments).items()
            if self._only in {None, name}
        }
        for row in self._rows:
            family = self._collect_row(row, shown, context)
            if family.samples:
                yield family
        self._instruments.series_dropped(context.containers.left_out * SERIES_PER_CONTAINER)

    def _collect_row(self, row: AnyAccountRow, accounts: Accounts, context: Context) -> Family:
        labels = row.labels(context)
        family = family_of(row.desc, (ACCOUNT.name, *(label.name for label in labels)))
        for account, observation in accounts.items():
            read = partial(row.collect, observation, context)
            for values, value in (self._guard.read(row.desc.name, labels, read) or {}).items():
                family.add_metric((account, *values), value)
        return family


class ExporterCollector(Collector):
    """The metrics of the exporter that its state tells."""

    def __init__(self, sources: Sources, instruments: Instruments) -> None:
        self._sources = sources
        self._guard = Guard(instruments)

    def collect(self) -> Iterator[Metric]:
        state = self._sources.state()
        for row in EXPORTER_ROWS:
            family = family_of(row.desc, row.desc.label_names)
            read = partial(row.samples, state)
            samples = self._guard.read(row.desc.name, row.desc.labels, read) or {}
            for values, value in samples.items():
                family.add_metric(values, value)
            if family.samples:
                yield family
