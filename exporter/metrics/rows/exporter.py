from collections.abc import Iterator

from exporter.domain import Loop, PausedScope
from exporter.metrics.desc import Desc, Label, MetricType, Sample, Stability
from exporter.metrics.rows.poll import ACTION, CATEGORY, ERROR
from exporter.metrics.rows.row import ExporterRow
from exporter.metrics.state import ExporterState

SCOPE = Label("scope", values=tuple(PausedScope))
SOLUTION = Label("solution", meaning="the catalogue's advice, a sentence or two", max_length=512)
VERSION = Label("version", meaning="of the exporter")
REVISION = Label("revision", meaning="the commit that it was built from")
SOURCE = Label("source", meaning="its place in `account_http_sd`, from 0")
LOOP = Label("loop", values=tuple(Loop))
PYTHON_VERSION = Label("pythonversion", meaning="of the running interpreter")


def _error_info(state: ExporterState) -> Iterator[Sample]:
    for error in state.catalogue:
        yield (error.name, error.category, error.action, error.solution), 1


def _build_info(state: ExporterState) -> Iterator[Sample]:
    build = state.build
    yield (build.version, build.revision, build.python_version), 1


def _reload_successful(state: ExporterState) -> Iterator[Sample]:
    yield (), state.reload_successful


def _reload_success_at(state: ExporterState) -> Iterator[Sample]:
    yield (), state.reload_success_at


def _inspector_token_valid(state: ExporterState) -> Iterator[Sample]:
    if state.inspector_token_valid is not None:
        yield (), state.inspector_token_valid


def _paused_scopes(state: ExporterState) -> Iterator[Sample]:
    for scope in PausedScope:
        yield (scope,), state.paused_scopes.get(scope, 0)


def _store_up(state: ExporterState) -> Iterator[Sample]:
    if state.store_up is not None:
        yield (), state.store_up


def _lease_epoch(state: ExporterState) -> Iterator[Sample]:
    if state.lease is not None:
        yield (), state.lease.epoch


def _lease_renewed_at(state: ExporterState) -> Iterator[Sample]:
    if state.lease is not None:
        yield (), state.lease.renewed_at


def _claimed_accounts(state: ExporterState) -> Iterator[Sample]:
    if state.lease is not None:
        yield (), state.lease.accounts


def _web_certificate_expiry(state: ExporterState) -> Iterator[Sample]:
    if state.web_certificate_expires_at is not None:
        yield (), state.web_certificate_expires_at


def _heartbeats(state: ExporterState) -> Iterator[Sample]:
    for loop, beat in state.heartbeats.items():
        yield (loop,), beat


def _log_dropped(state: ExporterState) -> Iterator[Sample]:
    yield (), state.log_dropped


def _shard(state: ExporterState) -> Iterator[Sample]:
    yield (), state.shard


def _total_shards(state: ExporterState) -> Iterator[Sample]:
    yield (), state.total_shards


def _configured_accounts(state: ExporterState) -> Iterator[Sample]:
    yield (), state.configured_accounts


def _discovery_failures(state: ExporterState) -> Iterator[Sample]:
    for number, source in enumerate(state.account_sources):
        yield (str(number),), source.failures


def _discovery_success_at(state: ExporterState) -> Iterator[Sample]:
    for number, source in enumerate(state.account_sources):
        if source.last_success_at is not None:
            yield (str(number),), source.last_success_at


def _discovered_accounts(state: ExporterState) -> Iterator[Sample]:
    for number, source in enumerate(state.account_sources):
        yield (str(number),), source.accounts


ROWS = (
    ExporterRow(
        Desc(
            "threads_api_error_info",
            MetricType.GAUGE,
            "An entry of the exporter's error catalogue with what helps, always 1.",
            (ERROR, CATEGORY, ACTION, SOLUTION),
            when="always, every entry of the catalogue",
            promql='threads_api_error_info{category="authentication"}',
        ),
        _error_info,
    ),
    ExporterRow(
        Desc(
            "threads_exporter_build_info",
            MetricType.GAUGE,
            "What the running exporter was built from, always 1.",
            (VERSION, REVISION, PYTHON_VERSION),
            promql="count by (version) (threads_exporter_build_info)",
        ),
        _build_info,
    ),
    ExporterRow(
        Desc(
            "threads_exporter_config_last_reload_successful",
            MetricType.GAUGE,
            "1 if the last attempt to load the configuration succeeded, 0 if it failed and the"
            " configuration from before is still in use.",
            promql="threads_exporter_config_last_reload_successful == 0",
        ),
        _reload_successful,
    ),
    ExporterRow(
        Desc(
            "threads_exporter_config_last_reload_success_timestamp_seconds",
            MetricType.GAUGE,
            "Unix time at which the configuration in use was loaded.",
            promql="changes(threads_exporter_config_last_reload_success_timestamp_seconds[1d])",
        ),
        _reload_success_at,
    ),
    ExporterRow(
        Desc(
            "threads_exporter_inspector_token_valid",
            MetricType.GAUGE,
            "1 while the token that asks debug_token about the others"
            " (polling.token.inspector_token_file) is valid, 0 once Meta refused it.",
            when="while an inspector token is configured, once its validity is known",
            promql="threads_exporter_inspector_token_valid == 0",
            stability=Stability.EXPERIMENTAL,
        ),
        _inspector_token_valid,
    ),
    ExporterRow(
        Desc(
            "threads_exporter_paused_scopes",
            MetricType.GAUGE,
            "Accounts, Meta apps and inspectors that make no calls now, because Meta limits or"
            " restricts them, or nearly does.",
            (SCOPE,),
            promql='max by (job) (threads_exporter_paused_scopes{scope="app"}) > 0',
            stability=Stability.EXPERIMENTAL,
        ),
        _paused_scopes,
    ),
    ExporterRow(
        Desc(
            "threads_exporter_store_up",
            MetricType.GAUGE,
            "1 while the store of the tracked media containers and of the spent calls can be"
            " written, 0 while it cannot: then registrations are refused, and calls are counted in"
            " memory.",
            when="while a store is in use; without one nothing can be tracked, and calls are"
            " counted in memory",
            promql="threads_exporter_store_up == 0",
        ),
        _store_up,
    ),
    ExporterRow(
        Desc(
            "threads_exporter_lease_epoch",
            MetricType.GAUGE,
            "Number of this process's lease in the store that it shares with others. Another number"
            " means that the lease before it had expired.",
            when="while the store is PostgreSQL",
            promql="changes(threads_exporter_lease_epoch[1h]) > 0",
            stability=Stability.EXPERIMENTAL,
        ),
        _lease_epoch,
    ),
    ExporterRow(
        Desc(
            "threads_exporter_lease_renewed_timestamp_seconds",
            MetricType.GAUGE,
            "Unix time at which the lease was last renewed.",
            when="while the store is PostgreSQL",
            promql="time() - threads_exporter_lease_renewed_timestamp_seconds",
            stability=Stability.EXPERIMENTAL,
        ),
        _lease_renewed_at,
    ),
    ExporterRow(
        Desc(
            "threads_exporter_claimed_accounts",
            MetricType.GAUGE,
            "Accounts that this process has claimed in the shared store: those that it polls.",
            when="while the store is PostgreSQL",
            promql="sum by (job) (threads_exporter_claimed_accounts)",
            stability=Stability.EXPERIMENTAL,
        ),
        _claimed_accounts,
    ),
    ExporterRow(
        Desc(
            "threads_exporter_web_certificate_expiry_timestamp_seconds",
            MetricType.GAUGE,
            "Unix time at which the certificate that the exporter itself presents expires"
            " (tls_server_config of the web configuration).",
            when="while the exporter is served over TLS",
            promql="threads_exporter_web_certificate_expiry_timestamp_seconds - time()",
            stability=Stability.EXPERIMENTAL,
        ),
        _web_certificate_expiry,
    ),
    ExporterRow(
        Desc(
            "threads_exporter_heartbeat_timestamp_seconds",
            MetricType.GAUGE,
            "Unix time at which a loop of the exporter last showed that it lives. One that is"
            " silent for too long makes the exporter unhealthy and then ends it.",
            (LOOP,),
            promql="timestamp(threads_exporter_heartbeat_timestamp_seconds)"
            " - threads_exporter_heartbeat_timestamp_seconds > 30",
            stability=Stability.EXPERIMENTAL,
        ),
        _heartbeats,
    ),
    ExporterRow(
        Desc(
            "threads_exporter_log_dropped_total",
            MetricType.COUNTER,
            "Log lines that were lost, because nobody took those before them or they could not be"
            " written.",
            promql="increase(threads_exporter_log_dropped_total[1h]) > 0",
            stability=Stability.EXPERIMENTAL,
        ),
        _log_dropped,
    ),
    ExporterRow(
        Desc(
            "threads_exporter_shard",
            MetricType.GAUGE,
            "Which share of the accounts this process polls, from 0.",
            promql='count_values("shard", threads_exporter_shard) > 1',
        ),
        _shard,
    ),
    ExporterRow(
        Desc(
            "threads_exporter_total_shards",
            MetricType.GAUGE,
            "Into how many shares the accounts are divided.",
            promql='count(count_values("shard", threads_exporter_shard))'
            " < max(threads_exporter_total_shards)",
        ),
        _total_shards,
    ),
    ExporterRow(
        Desc(
            "threads_exporter_configured_accounts",
            MetricType.GAUGE,
            "Accounts of the configuration in use, those of all shards.",
            promql="max(threads_exporter_configured_accounts)"
            " - count(count by (account) (threads_account_info))",
            stability=Stability.EXPERIMENTAL,
        ),
        _configured_accounts,
    ),
    ExporterRow(
        Desc(
            "threads_exporter_account_discovery_failures_total",
            MetricType.COUNTER,
            "Times that a source of accounts (account_http_sd) gave no answer, or one with a"
            " mistake, so that its last good one stays in force.",
            (SOURCE,),
            when="while account_http_sd is configured",
            promql="increase(threads_exporter_account_discovery_failures_total[5m]) > 0",
            stability=Stability.EXPERIMENTAL,
        ),
        _discovery_failures,
    ),
    ExporterRow(
        Desc(
            "threads_exporter_account_discovery_last_success_timestamp_seconds",
            MetricType.GAUGE,
            "Unix time at which a source of accounts last gave a good answer.",
            (SOURCE,),
            when="once it has given one",
            promql="time() - threads_exporter_account_discovery_last_success_timestamp_seconds",
            stability=Stability.EXPERIMENTAL,
        ),
        _discovery_success_at,
    ),
    ExporterRow(
        Desc(
            "threads_exporter_discovered_accounts",
            MetricType.GAUGE,
            "Accounts in the last good answer of a source that this process polls; with shards,"
            " its share of them.",
            (SOURCE,),
            when="while account_http_sd is configured",
            promql="sum by (source) (threads_exporter_discovered_accounts)",
            stability=Stability.EXPERIMENTAL,
        ),
        _discovered_accounts,
    ),
)
