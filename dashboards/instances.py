"""Each exporter: what it was built from, how its loops do, and what its process takes."""

from dashboards import looks, measures
from dashboards.panels import Graph
from dashboards.promql import CHOSEN, selector
from dashboards.tables import COLOURED, Name, Table, Value

LOADED = "threads_exporter_config_last_reload_success_timestamp_seconds"
_CONFIGURED = "threads_exporter_configured_accounts"
_CERTIFICATE = "threads_exporter_web_certificate_expiry_timestamp_seconds"
_RATE = "$__rate_interval"


def instances_and_processes() -> tuple[Table | Graph, ...]:
    return (
        _instances(),
        _leases(),
        _fenced(),
        _silence(),
        _clock(),
        _log(),
        _cpu(),
        _memory(),
        _files(),
        _garbage(),
    )


def _instances() -> Table:
    started = selector("process_start_time_seconds")
    build = CHOSEN.series("threads_exporter_build_info")
    return Table(
        "Instances",
        "The exporters, what they were built from, and which share of the accounts each polls.",
        (
            Name("instance", "Instance", 220),
            Name("version", "Version", 110),
            Name("revision", "Revision", 110),
            Name("pythonversion", "Python", 100),
            Value(
                f"max by (instance, version, revision, pythonversion) ({build}) * on (instance)"
                f" group_left () max by (instance) ({selector('up')})",
                "Scrape",
                looks.yes_or_no("up", "down"),
                COLOURED,
                90,
            ),
            Value(_by_instance("threads_exporter_shard"), "Shard", looks.COUNT, width=80),
            Value(_by_instance("threads_exporter_total_shards"), "of", looks.COUNT, width=80),
            Value(_accounts_by_instance(), "Accounts", looks.COUNT, width=100),
            Value(_by_instance(_CONFIGURED), "of all", looks.COUNT, width=100),
            Value(f"time() - max by (instance) ({started})", "Running for", looks.DURATION),
            Value(f"time() - {_by_instance(LOADED)}", "Configuration loaded ago", looks.DURATION),
            Value(
                f"{_by_instance(_CERTIFICATE)} - time()",
                "Certificate expires in",
                looks.CERTIFICATE_LEFT,
                COLOURED,
            ),
        ),
        sort="Instance",
        falling=False,
        span=24,
        height=6,
    )


def _leases() -> Table:
    renewed = _by_instance("threads_exporter_lease_renewed_timestamp_seconds")
    return Table(
        "Leases in the shared store",
        "Which exporters share a store, how many accounts each has claimed there, and when its"
        " lease was last renewed. A lease's number changes when the one before it had expired.",
        (
            Name("instance", "Instance"),
            Value(_by_instance("threads_exporter_claimed_accounts"), "Claimed", looks.COUNT),
            Value(_by_instance("threads_exporter_lease_epoch"), "Lease", looks.COUNT),
            Value(f"time() - {renewed}", "Renewed ago", looks.DURATION),
        ),
        sort="Instance",
        falling=False,
        span=16,
        height=6,
        nothing="No store is shared",
    )


def _fenced() -> Graph:
    return _rare(
        "Writes of accounts that others have",
        "Writes that the shared store refused, because another exporter had taken the account over"
        " meanwhile. A few after a failure are what this is for; many mean that leases expire.",
        "threads_exporter_fenced_writes_total",
        "None was refused",
    )


def _by_instance(name: str) -> str:
    return f"max by (instance) ({CHOSEN.series(name)})"


def _accounts_by_instance() -> str:
    return f"count by (instance) ({CHOSEN.series('threads_account_info')})"


def _silence() -> Graph:
    beats = CHOSEN.series("threads_exporter_heartbeat_timestamp_seconds")
    return Graph(
        "Silence of the loops",
        "How long ago, when scraped, each loop of the exporter had last shown that it lives; the"
        " longest of all instances. After a minute or less, /-/healthy tells that a loop is silent,"
        " and then the exporter ends itself to be started anew.",
        {"{{loop}}": f"max by (loop) (timestamp({beats}) - {beats})"},
        looks.SECONDS,
        span=8,
        height=6,
    )


def _clock() -> Graph:
    return _rare(
        "Clock jumps",
        "Times that the host's clock was set, by a second or more. Polls keep their pace; the ages"
        " and times left that are shown here may have jumped.",
        "threads_exporter_clock_jumps_total",
        "The clock was not set",
    )


def _log() -> Graph:
    return _rare(
        "Log lines lost",
        "Lines that the log lacks, because nobody took those before them or they could not be"
        " written: see what reads the exporter's output, and whether its disk is full.",
        "threads_exporter_log_dropped_total",
        "No line was lost",
    )


def _rare(title: str, text: str, counter: str, nothing: str) -> Graph:
    return Graph(
        title,
        text,
        {"{{instance}}": measures.rates_that_happened(CHOSEN.series(counter), "instance")},
        looks.PER_MINUTE,
        span=8,
        height=6,
        nothing=nothing,
    )


def _cpu() -> Graph:
    seconds = selector("process_cpu_seconds_total", _RATE)
    return Graph(
        "CPU",
        "Processor time that the process takes; 100 % is one core.",
        {"{{instance}}": f"sum by (instance) (rate({seconds}))"},
        looks.SHARE,
        span=6,
    )


def _memory() -> Graph:
    return Graph(
        "Memory",
        "Resident memory of the process.",
        {"{{instance}}": f"max by (instance) ({selector('process_resident_memory_bytes')})"},
        looks.BYTES,
        span=6,
    )


def _files() -> Graph:
    files, most = selector("process_open_fds"), selector("process_max_fds")
    return Graph(
        "Open files",
        "The share of the files and connections that the process may have open.",
        {"{{instance}}": f"max by (instance) ({files} / {most})"},
        looks.SHARE,
        span=6,
    )


def _garbage() -> Graph:
    collections = selector("python_gc_collections_total", _RATE)
    return Graph(
        "Garbage collections",
        "Python's garbage collections, by generation.",
        {"generation {{generation}}": f"60 * sum by (generation) (rate({collections}))"},
        looks.PER_MINUTE,
        span=6,
    )
