"""What a poll of a JSON API costs collectd's curl_json, written in C with libcurl."""

import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from benchmarks.bench import Bench, MissingToolError, tool
from benchmarks.figures import Figures, Row, Unit
from benchmarks.nginx import authority
from benchmarks.processes import Child, Process, child, running
from benchmarks.waiting import wait_until

_URLS = 200
_INTERVAL_SECONDS = 2
_WARM_UP_SECONDS = 120.0
_WARM_UP_POLLS = 2
_PACKAGES = "collectd-core libcurl3-gnutls libyajl2"
_PLUGIN = Path("/usr/lib/collectd/curl_json.so")
_HEAD = """\
BaseDir "{folder}"
PIDFile "{folder}/collectd.pid"
TypesDB "/usr/share/collectd/types.db"
Interval {interval}
LoadPlugin logfile
<Plugin logfile>
  LogLevel err
  File "{folder}/collectd.log"
</Plugin>
LoadPlugin csv
<Plugin csv>
  DataDir "{folder}/csv"
</Plugin>
LoadPlugin curl_json
<Plugin curl_json>
"""
_URL = """\
  <URL "{base_url}/{user}/threads_publishing_limit">
    Instance "{user}"
    CACert "{ca_file}"
    <Key "data/0/quota_usage">
      Type "gauge"
    </Key>
  </URL>
"""


def measure(bench: Bench) -> Iterator[Row]:
    program = tool("collectd", _PACKAGES)
    _require_plugin(tool("ldd", "libc-bin"))
    folder = bench.subfolder("collectd")
    with child("delayed_api", authority(bench)) as api:
        configuration = _configuration(bench, folder, api)
        command = (program, "-f", "-C", configuration)
        with running(*command, errors=folder / "stderr") as process:
            _warm_up(api)
            polls = (_cpu_per_poll(api, process) for _ in range(bench.scale.long_repetitions))
            own = Figures(tuple(polls))
    yield Row(
        "collectd-poll",
        f"for comparison: CPU of a poll by collectd's curl_json, {_URLS} URLs every"
        f" {_INTERVAL_SECONDS} s, HTTPS, one value of each answer kept",
        Unit.SECONDS,
        own,
    )


def _require_plugin(ldd: Path) -> None:
    """Raise MissingToolError unless curl_json is there with its libraries, which are optional."""
    found = subprocess.run([ldd, _PLUGIN], capture_output=True, text=True, check=False)
    if found.returncode or "not found" in found.stdout:
        raise MissingToolError(f"collectd lacks curl_json: sudo apt-get install {_PACKAGES}")


def _configuration(bench: Bench, folder: Path, api: Child) -> Path:
    base_url = f"https://127.0.0.1:{api.ask('port')}/v1.0"
    ca_file = authority(bench) / "ca.pem"
    urls = (_URL.format(base_url=base_url, user=user, ca_file=ca_file) for user in range(_URLS))
    head = _HEAD.format(folder=folder, interval=_INTERVAL_SECONDS)
    configuration = folder / "collectd.conf"
    configuration.write_text(f"{head}{''.join(urls)}</Plugin>\n", "ascii")
    return configuration


def _warm_up(api: Child) -> None:
    """Wait until each URL was polled again: its first poll reads all certificate authorities."""
    polls: Counter[str] = Counter()

    def is_warm() -> bool:
        polls.update(user for user, _ in api.ask("arrivals"))
        return len(polls) == _URLS and min(polls.values()) >= _WARM_UP_POLLS

    wait_until(is_warm, "collectd has polled each URL twice", within=_WARM_UP_SECONDS)


def _asked(api: Child) -> int:
    return len(api.ask("arrivals"))


def _cpu_per_poll(api: Child, process: Process) -> float:
    _asked(api)
    cpu = process.cpu_during(lambda: time.sleep(2 * _INTERVAL_SECONDS))
    polls = _asked(api)
    if not polls:
        raise RuntimeError("collectd polls nothing")
    return cpu / polls
