"""How many calls an API of the benchmark is asked for."""

import time

from benchmarks.processes import Child


def calls_per_second(api: Child, seconds: float) -> float:
    """Return at which rate the API is called, watched for as long."""
    before, started = int(api.ask("asked")), time.monotonic()
    time.sleep(seconds)
    return (int(api.ask("asked")) - before) / (time.monotonic() - started)
