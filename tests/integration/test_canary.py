"""No token gets anywhere but to Meta, whatever goes wrong: each account's is looked for."""

import gc
import inspect
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote

import pytest
import requests

from exporter.clock import SystemClock
from exporter.domain import Endpoint, QuotaKind
from exporter.metrics.instruments import Instruments
from exporter.secret import Secret
from exporter.simulator import Simulator, World, faults, graph
from exporter.threads_api.client import ThreadsClient
from exporter.threads_api.http import HttpTransport
from exporter.threads_api.network import Network
from tests.certificates import certificate_by_own_authority
from tests.exporter_process import ExporterProcess, serving
from tests.integration.every_fault import ECHOES, FAULTS, suffer_every_fault
from tests.integration.leaks import leaks
from tests.running_exporter import running
from tests.scrape import OPENMETRICS, TEXT
from tests.workspace import FAST_POLLING, Section, Workspace

TIMEOUT = "300ms"
# To poll so many accounts every second is more than the exporter can do while it is measured.
POLLING = {
    **FAST_POLLING,
    "quota": {"interval": "5s"},
    "token": {"interval": "5s"},
    "containers": {"interval": "5s", "give_up_after": "5m"},
}
PATHS = ("/", "/?q=canary", "/config", "/-/healthy", "/-/ready", "/absent", "/probe")
FORMATS = (TEXT, "text/plain; version=1.0.0", OPENMETRICS)


def token_of(name: str) -> str:
    return f"THAA{name.replace(' ', '-')}|canary+/=%41~{len(name)}"


TOKENS = {name: token_of(name) for name in (*FAULTS, *ECHOES)}
MISPLACED = tuple(f"THAA{number:02}{'Canary' * 25}" for number in range(15))


@pytest.fixture
def suffering(live_world: World) -> World:
    suffer_every_fault(live_world, token_of)
    return live_world


def entries(world: World, workspace: Workspace) -> list[Section]:
    return [
        workspace.account(user, app=user.name, containers=[user.add_container().container_id])
        for user in world.users.values()
    ]


class TestTheSearch:
    @pytest.mark.parametrize(
        "said",
        [
            "token: THAA|canary+/=",
            "/me?access_token=THAA%7Ccanary%2B%2F%3D&fields=id",
            "Authorization: Basic " + b64encode(b"user:THAA|canary+/=").decode(),
            b64encode(b"a token: THAA|canary+/= it is").decode(),
            b64encode(b"THAA|canary+/=").decode(),
        ],
    )
    def test_finds_a_secret(self, said: str) -> None:
        assert {place for place, _ in leaks(["THAA|canary+/="], {"log": said})} == {"log"}

    def test_finds_nothing_where_nothing_is(self) -> None:
        assert leaks(["THAA|canary+/="], {"log": "token: <secret>, THAA|canary"}) == []

    def test_no_fault_of_the_simulator_is_left_out(self) -> None:
        made_here = {
            name
            for module in (faults, graph)
            for name, value in vars(module).items()
            if not name.startswith("_")
            and (isinstance(value, graph.GraphError) or _is_made_in(module.__name__, value))
        }

        assert made_here - {"Fault", "GraphError", "RefusedError"} <= FAULTS.keys()


def _is_made_in(module: str, value: object) -> bool:
    return (inspect.isclass(value) or inspect.isfunction(value)) and value.__module__ == module


@pytest.mark.parametrize(("auth", "log_format"), [("header", "logfmt"), ("query", "json")])
def test_no_token_is_said_whatever_fault_there_is(
    workspace: Workspace, suffering: World, auth: str, log_format: str
) -> None:
    api = {"timeout": TIMEOUT, "auth": auth}
    file = workspace.configure(entries(suffering, workspace), api, polling=POLLING)
    flags = ("--log.level=debug", f"--log.format={log_format}", "--web.enable-lifecycle")
    with serving(file, *flags) as exporter:
        exporter.wait_until_ready()
        said = {**answers(exporter), **probes(exporter, TOKENS), **bad_reload(exporter, workspace)}
        said["command line"] = Path(f"/proc/{exporter.process.pid}/cmdline").read_text("utf-8")
    said["output"] = exporter.output

    assert exporter.process.returncode == 0
    assert {call.token for call in suffering.calls()} == set(TOKENS.values())
    assert {call.auth.value for call in suffering.calls()} == {auth}
    assert said["output"].count("poll failed") > len(TOKENS)
    assert leaks([*TOKENS.values(), *MISPLACED], said) == []


def answers(exporter: ExporterProcess) -> Mapping[str, str]:
    scrapes = {f"metrics as {one}": exporter.get("/metrics", {"Accept": one}) for one in FORMATS}
    token = next(iter(TOKENS.values()))
    asked = (*PATHS, f"/{quote(token)}", f"/probe?account={quote(token)}", f"/?q={'x' * 9000}")
    found = {**scrapes, **{path: exporter.get(path) for path in asked}}
    found["reload"] = exporter.get("/-/reload", method="POST")
    found["wrong method"] = exporter.get("/metrics", method="DELETE")
    return {place: whole(answer) for place, answer in found.items()}


def whole(answer: requests.Response) -> str:
    return f"{answer.status_code} {answer.reason}\n{answer.headers}\n\n{answer.text}"


def probes(exporter: ExporterProcess, names: Iterable[str]) -> Mapping[str, str]:
    headers = {"X-Prometheus-Scrape-Timeout-Seconds": "2"}

    def probe(name: str) -> str:
        return whole(exporter.get(f"/probe?account={quote(name)}", headers))

    with ThreadPoolExecutor(4) as pool:
        return dict(pool.map(lambda name: (f"probe of {name}", probe(name)), names))


def bad_reload(exporter: ExporterProcess, workspace: Workspace) -> Mapping[str, str]:
    """Reload a configuration with tokens where none should be."""
    tokens = iter(MISPLACED)
    workspace.configure(
        [
            {"name": "twice", "access_token": next(tokens), "access_token_file": next(tokens)},
            {"name": "blank", "access_token": f"{next(tokens)} "},
            {"name": "env", "access_token_env": next(tokens)},
            {"name": "user", "user_id": next(tokens), "access_token": next(tokens)},
            {"name": "label", "labels": {next(tokens): "x"}, "access_token": next(tokens)},
            {"name": "container", "containers": [next(tokens)], "access_token": next(tokens)},
            {"name": "key", next(tokens): 1, "access_token": next(tokens)},
        ],
        {"base_url": f"https://{next(tokens)}@meta.example/", "timeout": next(tokens)},
        **{next(tokens): 1},
    )
    answer = exporter.get("/-/reload", method="POST")
    assert answer.status_code == 400
    return {"bad reload": whole(answer), "after it": whole(exporter.get("/config"))}


@pytest.fixture(scope="module")
def untrusted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a certificate that nobody trusts; its key is beside it."""
    return certificate_by_own_authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def broken_networks(live_simulator: Simulator, untrusted: Path) -> Iterator[Mapping[str, Section]]:
    """Give the `api` sections with which no call gets to Meta."""
    key = untrusted.with_name("key.pem")
    plain = live_simulator.base_url
    with Simulator(World(), certificate=untrusted, key=key) as distrusted:
        yield {
            "refused": {"base_url": "http://127.0.0.1:9/v1.0"},
            "plain": {"base_url": plain.replace("http:", "https:")},
            "untrusted": {"base_url": distrusted.base_url},
            "unknown": {"base_url": "https://threads.invalid/v1.0"},
            "proxy": {
                "base_url": "https://threads.invalid/v1.0",
                "proxy_url": plain.removesuffix("/v1.0"),
            },
        }


def test_no_token_is_said_whatever_network_there_is(
    tmp_path: Path, broken_networks: Mapping[str, Section]
) -> None:
    token = token_of("network")
    with ExitStack() as stack:
        exporters: dict[str, ExporterProcess] = {}
        for name, api in broken_networks.items():
            workspace = Workspace(tmp_path / name)
            file = workspace.configure(
                [{"name": "acme", "access_token": token}],
                {"timeout": "2s", "auth": "query", **api},
            )
            exporters[name] = stack.enter_context(serving(file, "--log.level=debug"))
        said = {name: said_in_all(exporter) for name, exporter in exporters.items()}
    reasons = {name: reasons_of(exporter) for name, exporter in exporters.items()}

    assert reasons["refused"] == {"connect"}
    assert reasons["plain"] == reasons["untrusted"] == {"tls"}
    assert reasons["unknown"] <= {"dns", "timeout"}
    assert reasons["proxy"] <= {"connect", "malformed", "tls", "truncated", "internal"}
    assert leaks([token], {**said, **{name: one.output for name, one in exporters.items()}}) == []


def said_in_all(exporter: ExporterProcess) -> str:
    exporter.wait_until_ready()
    return "\n".join([*answers(exporter).values(), *probes(exporter, ["acme"]).values()])


def reasons_of(exporter: ExporterProcess) -> set[str]:
    return set(re.findall(r"(?<=\breason=)\w+", exporter.output))


@pytest.mark.parametrize("auth", ["header", "query"])
def test_no_living_object_shows_a_token(
    workspace: Workspace, suffering: World, monkeypatch: pytest.MonkeyPatch, auth: str
) -> None:
    monkeypatch.setenv("CANARY_TOKEN", token_of("environment"))
    accounts = [
        *entries(suffering, workspace),
        {"name": "inline", "access_token": token_of("inline")},
        {"name": "environment", "access_token_env": "CANARY_TOKEN"},
    ]
    file = workspace.configure(accounts, {"timeout": TIMEOUT, "auth": auth})
    with running(file) as exporter:
        exporter.wait_until_ready()
        living = [item for item in gc.get_objects() if _is_ours(item)]
    shown = {f"{type(item)}": repr(item) for item in living}

    kinds = " ".join(shown)
    assert "AccountSettings" in kinds
    assert "AccountObservation" in kinds
    assert "HeldToken" in kinds
    tokens = [*TOKENS.values(), token_of("inline"), token_of("environment")]
    assert leaks(tokens, shown) == []


def _is_ours(item: object) -> bool:
    module = str(getattr(type(item), "__module__", ""))
    return module.startswith("exporter.") and not module.startswith("exporter.simulator")


@pytest.mark.parametrize("in_query", [False, True])
def test_no_reply_shows_a_token(
    suffering: World, live_simulator: Simulator, *, in_query: bool
) -> None:
    network = Network()
    client = ThreadsClient(
        HttpTransport(network=network, timeout=0.3, user_agent="canary"),
        base_url=live_simulator.base_url,
        token_in_query=in_query,
        clock=SystemClock(),
        observer=Instruments(),
    )

    def ask(name: str) -> tuple[str, str]:
        token = Secret(TOKENS[name])
        replies = (
            client.publishing_limit("me", list(QuotaKind), token),
            client.debug_token(token, token),
            client.container("178", token),
            client.me(token),
        )
        return name, repr(replies)

    with ThreadPoolExecutor(32) as pool:
        shown = dict(pool.map(ask, TOKENS))
    network.close()

    assert {call.endpoint for call in suffering.calls()} == set(Endpoint)
    assert leaks(TOKENS.values(), shown) == []
