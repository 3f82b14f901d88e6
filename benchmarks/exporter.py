"""The real exporter, as a process with accounts to poll."""

import json
import re
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

from benchmarks.client import Address
from benchmarks.processes import Process, running
from benchmarks.waiting import wait_until
from exporter.simulator.plain import write_account_files

_ADDRESS = re.compile(r'"address": ?"127\.0\.0\.1:(\d+)"')
_SAMPLE = re.compile(r"^(?P<series>\S+) (?P<value>\S+)$", re.MULTILINE)
_READY_SECONDS = 400.0
_LOOK_SECONDS = 1.0
_LAST_WORDS = 2_000
_NEVER = "1w"


@dataclass(frozen=True, slots=True)
class Workload:
    """What an exporter is to poll, and where; intervals in seconds."""

    accounts: int
    base_url: str
    ca_file: Path
    interval: float = 0.0
    max_in_flight: int = 32
    sections: Mapping[str, object] = field(default_factory=dict)

    def write(self, folder: Path) -> Path:
        """Write the configuration; an interval of 0 polls each account once."""
        write_account_files(folder / "accounts", self.accounts)
        config_file = folder / "config.yaml"
        config_file.write_text(json.dumps(self._configuration()), "ascii")
        return config_file

    def _configuration(self) -> Mapping[str, object]:
        return {
            "api": {"base_url": self.base_url, "ca_file": str(self.ca_file)},
            "account_files": ["accounts/*.yaml"],
            "polling": {
                "quota": {"interval": f"{self.interval * 1e3:.0f}ms" if self.interval else "1d"},
                "token": {"interval": _NEVER},
                "stale_after": _NEVER,
                "call_budget": 100_000_000,
                "max_in_flight": self.max_in_flight,
            },
            **self.sections,
        }


@dataclass(frozen=True, slots=True)
class Exporter(Process):
    address: Address
    started: float
    listening: float

    def wait_until_polled(self) -> None:
        """Wait until every account was polled once; raises RuntimeError where a poll failed."""
        wait_until(
            lambda: self.address.get("/-/ready")[0] == 200,
            "the exporter is ready",
            within=_READY_SECONDS,
            pause=_LOOK_SECONDS,
        )
        failed = [name for name, value in self.samples("threads_poll_success").items() if not value]
        if failed:
            raise RuntimeError(f"{len(failed)} first polls failed, one of them {failed[0]}")

    def wait_until_in_phase(self, interval: float) -> None:
        """Wait until each account is polled at its own moment of the interval.

        Half of one passes after the first polls were due, and that was before it listened.
        """
        time.sleep(max(self.listening + interval / 2 - time.monotonic(), 0))

    def samples(self, metric: str) -> Mapping[str, float]:
        """Return the values of a metric's series, as of now."""
        query = urlencode({"name[]": metric})
        text = self.address.get(f"/metrics?{query}")[1].decode()
        return {found["series"]: float(found["value"]) for found in _SAMPLE.finditer(text)}

    def require_success(self) -> None:
        """Raise RuntimeError if a call to Meta was answered by anything but 200."""
        requests = self.samples("threads_api_requests_total").items()
        failed = [name for name, count in requests if count and 'code="200"' not in name]
        if failed:
            raise RuntimeError(f"calls to Meta failed: {failed}")


@contextmanager
def exporter(workload: Workload, folder: Path) -> Iterator[Exporter]:
    """Run the exporter on a free port, with the workload's files in a folder."""
    config_file = workload.write(folder)
    with serving(config_file) as process:
        yield process


@contextmanager
def serving(config_file: Path, *own_flags: str) -> Iterator[Exporter]:
    errors = config_file.with_name("stderr")
    errors.unlink(missing_ok=True)
    command = (sys.executable, "-m", "exporter", f"--config.file={config_file}")
    flags = ("--web.listen-address=127.0.0.1:0", "--log.format=json", "--log.level=info")
    started = time.monotonic()
    with running(*command, *flags, *own_flags, errors=errors) as process:
        wait_until(
            lambda: _port(errors) is not None or process.popen.poll() is not None,
            f"the exporter listens; see {errors}",
            within=120,
        )
        port = _port(errors)
        if port is None:
            raise RuntimeError(f"the exporter did not start: {_last_words(errors)}")
        try:
            yield Exporter(process.popen, Address(port), started, time.monotonic())
        except OSError as error:
            if process.popen.poll() is None:
                raise
            raise RuntimeError(f"the exporter has ended: {_last_words(errors)}") from error


def _last_words(errors: Path) -> str:
    return errors.read_text("utf-8")[-_LAST_WORDS:]


def _port(errors: Path) -> int | None:
    found = _ADDRESS.search(errors.read_text("utf-8"))
    return int(found[1]) if found else None
