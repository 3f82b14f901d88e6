"""All that is measured, in the order of the table, and what is measured only if asked for."""

from benchmarks.bench import Measurement
from benchmarks.measurements import (
    api,
    collectd,
    growth,
    identity,
    memory,
    parsing,
    poll_cpu,
    rate,
    registration,
    scrape,
    shards,
    starting,
    together,
    under_load,
)

MEASUREMENTS = (
    Measurement("scrape", scrape.measure),
    Measurement("identity", identity.measure),
    Measurement("under-load", under_load.measure),
    Measurement("poll", poll_cpu.measure),
    Measurement("parsing", parsing.measure),
    Measurement("memory", memory.measure),
    Measurement("together", together.measure),
    Measurement("registration", registration.measure),
    Measurement("growth", growth.measure),
    Measurement("rate", rate.measure),
    Measurement("starting", starting.measure),
    Measurement("api", api.measure),
    Measurement("collectd", collectd.measure),
)
APART = (Measurement("shards", shards.measure),)
