from collections.abc import Iterable, Iterator, Mapping
from functools import partial

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from exporter.metrics.desc import Desc, MetricType
from exporter.metrics.guard import Guard
from exporter.metrics.instruments import Instruments
from exporter.metrics.label_values import clean
from exporter.metrics.rows import ACCOUNT_ROWS, EXPORTER_ROWS
from exporter.metrics.rows.account import INFO
from exporter.metrics.rows.container import SERIES_PER_CONTAINER
from exporter.metrics.rows.row import ACCOUNT, AccountRow
from exporter.metrics.state import Allowance, Context, Sources
from exporter.observations.model import AccountObservation

Accounts = Mapping[str, AccountObservation]
Family = CounterMetricFamily | GaugeMetricFamily
FAMILIES: Mapping[MetricType, type[Family]] = {
    MetricType.COUNTER: CounterMetricFamily,
    MetricType.GAUGE: GaugeMetricFamily,
}


def _family(desc: Desc, label_names: Iterable[str]) -> Family:
    return FAMILIES[desc.type](desc.name, desc.help, labels=tuple(label_names))


def _context(sources: Sources, accounts: Accounts) -> Context:
    state = sources.state()
    label_names = {name for account in accounts.values() for name in account.identity.labels}
    return Context(
        wall=sources.clock.wall(),
        monotonic=sources.clock.monotonic(),
        stale_after=state.stale_after,
        call_budget=state.call_budget,
        calls_24h=sources.calls_24h,
        containers=Allowance(state.per_container_limit),
        label_names=tuple(sorted(label_names)),
    )


class AccountCollector(Collector):
    """The metrics of the accounts, or of the one named `only`, from what was last seen of them."""

    def __init__(self, sources: Sources, instruments: Instruments, only: str | None = None) -> None:
        self._sources = sources
        self._instruments = instruments
        self._guard = Guard(instruments)
        self._only = only

    def collect(self) -> Iterator[Metric]:
        accounts = self._sources.accounts()
        context = _context(self._sources, accounts)
        if self._only is not None:
            accounts = {name: seen for name, seen in accounts.items() if name == self._only}
        labelled = self._by_label(accounts)
        for row in ACCOUNT_ROWS:
            family = self._collect_row(row, labelled, context)
            if family.samples:
                yield family
        self._instruments.series_dropped(context.containers.left_out * SERIES_PER_CONTAINER)

    def _by_label(self, accounts: Accounts) -> Accounts:
        labelled: dict[str, AccountObservation] = {}
        for name, observation in accounts.items():
            if labelled.setdefault(clean(name, ACCOUNT), observation) is not observation:
                self._instruments.collect_failed(INFO.name)
        return labelled

    def _collect_row(self, row: AccountRow, accounts: Accounts, context: Context) -> Family:
        labels = row.labels(context)
        family = _family(row.desc, (ACCOUNT.name, *(label.name for label in labels)))
        for account, observation in accounts.items():
            read = partial(row.samples, observation, context)
            for values, value in self._guard.read(row.desc.name, labels, read).items():
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
            family = _family(row.desc, row.desc.label_names)
            read = partial(row.samples, state)
            for values, value in self._guard.read(row.desc.name, row.desc.labels, read).items():
                family.add_metric(values, value)
            if family.samples:
                yield family
