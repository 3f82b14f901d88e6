import json
import re
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from exporter import cli
from exporter.simulator import Simulator, World
from exporter.version import VERSION
from tests.exporter_process import ExporterProcess, exporter_process, serving
from tests.workspace import Workspace

REVOKED = {
    "error": {
        "message": "Error validating access token: The user has not authorized application 4242.",
        "type": "OAuthException",
        "code": 190,
        "error_subcode": 458,
    }
}


def run(
    *arguments: str, environment: Mapping[str, str] | None = None, stdin: str | bytes = ""
) -> Result:
    return CliRunner().invoke(cli.main, arguments, input=stdin, env=environment)


@contextmanager
def answering(status: int, body: bytes) -> Iterator[str]:
    """Run an HTTP server that gives one answer, and name its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


class TestFlags:
    def test_the_version_names_revision_and_python(self) -> None:
        result = run("--version")

        assert result.exit_code == 0
        assert re.fullmatch(
            rf"\S+, version {re.escape(VERSION)} \(revision: \S+, 3\.\d+\.\d+\S*\)\n", result.output
        )

    def test_help_names_every_flag_and_command(self) -> None:
        result = run("--help")

        flags = (name for option in cli.main.params for name in option.opts)
        assert result.exit_code == 0
        assert [name for name in (*flags, *cli.main.commands) if name not in result.output] == []
        assert "THREADS_EXPORTER_LOG_LEVEL" in result.output

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (["--log.level=loud"], "'loud' is not one of 'debug', 'info', 'warn', 'error'"),
            (["--log.format=xml"], "'xml' is not one of 'logfmt', 'json'"),
            (["--web.listen-address=10068"], "write host:port, [ipv6]:port or :port"),
            (["--web.listen-address=:99999"], "the port goes from 0 to 65535"),
            (["--web.telemetry-path=metrics"], "write / and then letters"),
            (["--web.telemetry-path=/probe"], "the exporter serves something else there"),
            (["--web.max-requests=-1"], "-1 is not in the range x>=0"),
            (["--shard=x"], "'x' is neither a number nor auto"),
            (["--shard=-1"], "'-1' is neither a number nor auto"),
            (["--shard=2", "--total-shards=2"], "shard 2 is none of 2: shards are counted from 0"),
            (["--total-shards=0"], "0 is not in the range x>=1"),
            (["--no-such-flag"], "--no-such-flag"),
            (["no-such-command"], "No such command 'no-such-command'"),
            (["explain"], "Missing argument 'TEXT...'"),
            (["demo", "--speed=0"], "0.0 is not in the range"),
            (["healthcheck", "file:///etc/passwd"], "neither http:// nor https://"),
        ],
    )
    def test_a_wrong_command_line_ends_with_2(self, arguments: list[str], said: str) -> None:
        result = run(*arguments)

        (error,) = (line for line in result.stderr.splitlines() if line.startswith("Error: "))
        assert result.exit_code == 2
        assert said in error
        assert result.stdout == ""

    def test_every_flag_has_its_environment_variable(self) -> None:
        context = cli.main.make_context("threads-exporter", ["explain", "190"])
        flags = {
            name: f"{context.auto_envvar_prefix}_{str(option.name).upper()}"
            for option in cli.main.params
            for name in option.opts
        }

        assert flags == {name: environment_variable(name) for name in flags}

    @pytest.mark.parametrize(
        ("flag", "wrong"),
        [
            ("--web.listen-address", "x"),
            ("--web.telemetry-path", "x"),
            ("--web.max-requests", "x"),
            ("--shard", "x"),
            ("--total-shards", "x"),
            ("--log.level", "x"),
            ("--log.format", "x"),
        ],
    )
    def test_an_environment_variable_is_checked_as_its_flag(self, flag: str, wrong: str) -> None:
        result = run("explain", "190", environment={environment_variable(flag): wrong})

        assert result.exit_code == 2
        assert flag in result.stderr

    @pytest.mark.parametrize(
        ("flag", "value"),
        [
            ("--web.listen-address", ":0"),
            ("--web.telemetry-path", "/m"),
            ("--web.max-requests", "3"),
            ("--shard", "0"),
            ("--total-shards", "2"),
            ("--log.level", "warn"),
            ("--log.format", "json"),
        ],
    )
    def test_the_flag_wins_over_its_environment_variable(self, flag: str, value: str) -> None:
        result = run(
            f"{flag}={value}", "explain", "190", environment={environment_variable(flag): "x"}
        )

        assert result.exit_code == 0

    def test_several_listen_addresses_fit_one_environment_variable(self) -> None:
        variables = {"THREADS_EXPORTER_WEB_LISTEN_ADDRESS": "127.0.0.1:1 [::1]:nonsense"}

        result = run("explain", "190", environment=variables)

        assert result.exit_code == 2
        assert "[::1]:nonsense" in result.stderr


def environment_variable(flag: str) -> str:
    """Return what the documentation says: the flag in capitals, with dots and dashes as _."""
    return "THREADS_EXPORTER_" + re.sub(r"[.-]", "_", flag.removeprefix("--")).upper()


class TestConfigCheck:
    def check(self, file: Path) -> Result:
        return run(f"--config.file={file}", "--config.check")

    def test_a_right_configuration_ends_with_0(self, workspace: Workspace, world: World) -> None:
        users = [world.add_user(name) for name in ("acme", "globex")]
        file = workspace.configure([workspace.account(user) for user in users])

        result = self.check(file)

        assert (result.exit_code, result.output) == (0, f"{file}: fine, 2 accounts\n")

    def test_warnings_are_shown(self, workspace: Workspace, world: World) -> None:
        user = world.add_user("acme")
        entry = workspace.account(user)
        workspace.write_token(user).chmod(0o644)
        file = workspace.configure([entry], polling={"quota": {"interval": "1s"}})

        result = self.check(file)

        assert result.exit_code == 0
        *warnings, fine = result.output.splitlines()
        assert fine == f"{file}: fine, 1 account"
        assert all(line.startswith(f"{file}: warning: ") for line in warnings)
        assert "chmod 600" in warnings[0]
        assert "polling.call_budget allows 2400" in warnings[1]

    def test_every_mistake_is_shown_at_once_with_its_place(
        self, workspace: Workspace, world: World
    ) -> None:
        acme = workspace.account(world.add_user("acme"))
        workspace.write_json("accounts.d/bad.yaml", [{"name": "globex", "access_token": "a b"}])
        file = workspace.write(
            "config.yaml",
            "api:\n"
            "  timeout: canary-secret\n"
            "  base_url: http://canary:secret@meta.example\n"
            "accounts:\n"
            f"  - {json.dumps(acme)}\n"
            "  - name: acme\n"
            "    access_token: canary-secret\n"
            "    access_token_file: tokens/absent\n"
            "colour: canary-secret\n"
            "account_files: [accounts.d/*.yaml, absent.yaml]\n",
        )

        result = self.check(file)

        *problems, remedy = result.stderr.splitlines()
        places = [problem.split(": ")[:2] for problem in problems]
        assert result.exit_code == 1
        assert result.stdout == ""
        assert [f"{file}:2", "api.timeout"] in places
        assert [f"{file}:3", "api.base_url"] in places
        assert [f"{file}:6", "accounts[1].name"] in places
        assert any(place == f"{file}:8" for place, _ in places)
        assert any(place == f"{file}:9" for place, _ in places)
        assert [f"{file}:10", "account_files[1]"] in places
        assert any(place == f"{workspace.folder}/accounts.d/bad.yaml:1" for place, _ in places)
        assert re.fullmatch(r"threads-exporter: mend these \d mistakes; .*", remedy)
        assert "canary" not in result.output

    @pytest.mark.parametrize("content", [None, "accounts: [", "- a list", b"\xff\xfe\x00"])
    def test_a_file_that_is_no_configuration_ends_with_1(
        self, workspace: Workspace, content: str | bytes | None
    ) -> None:
        if isinstance(content, str):
            content = content.encode()
        if content is not None:
            workspace.config_file.write_bytes(content)

        result = self.check(workspace.config_file)

        problem, remedy = result.stderr.splitlines()
        assert result.exit_code == 1
        assert problem.startswith(str(workspace.config_file))
        assert remedy == (
            "threads-exporter: mend this mistake; --config.check tells if all is well then"
        )

    def test_a_folder_is_no_configuration(self, tmp_path: Path) -> None:
        result = self.check(tmp_path)

        assert result.exit_code == 1
        assert str(tmp_path) in result.stderr

    def test_the_file_can_come_from_the_environment(self, workspace: Workspace) -> None:
        file = workspace.configure()
        variables = {
            "THREADS_EXPORTER_CONFIG_FILE": str(file),
            "THREADS_EXPORTER_CONFIG_CHECK": "true",
        }

        result = run(environment=variables)

        assert result.exit_code == 0
        assert result.output.endswith(f"{file}: fine, 0 accounts\n")


class TestExplain:
    @pytest.mark.parametrize(
        ("text", "name"),
        [
            (["190"], "token_is_invalid"),
            (["190/458"], "revoked_access_token"),
            (["-2/2207003"], "media_download_timeout"),
            (["The session", "has been invalidated"], "session_has_been_invalidated"),
            ([json.dumps(REVOKED)], "revoked_access_token"),
        ],
    )
    def test_a_known_error_is_explained(self, text: list[str], name: str) -> None:
        result = run("explain", *text)

        first, *details = result.output.splitlines()
        assert result.exit_code == 0
        assert first.startswith(f"{name}: ")
        assert [line.split(":")[0].strip() for line in details] == [
            *("category", "action", "solution", "matched by"),
        ]

    def test_a_dash_reads_the_standard_input(self) -> None:
        result = run("explain", "-", stdin=f"HTTP 400\n{json.dumps(REVOKED)}\n")

        assert result.exit_code == 0
        assert result.output.startswith("revoked_access_token: ")

    @pytest.mark.parametrize("stdin", [b"", b"\xff\x00 no UTF-8", b"nothing known"])
    def test_an_unknown_error_ends_with_1(self, stdin: bytes) -> None:
        result = run("explain", "-", stdin=stdin)

        assert result.exit_code == 1
        assert result.stdout == ""
        assert result.stderr == (
            "threads-exporter: no known error; docs/errors.md lists those that are\n"
        )


class TestHealthcheck:
    def test_a_healthy_exporter_ends_with_0(self) -> None:
        with answering(200, b"threads-exporter is healthy.\n") as url:
            result = run("healthcheck", f"{url}/-/healthy")

        assert (result.exit_code, result.output) == (0, "threads-exporter is healthy.\n")

    def test_an_ill_one_ends_with_1_and_its_reason(self) -> None:
        with answering(503, b"the upkeep loop has been silent for 61 s\n") as url:
            result = run("healthcheck", url)

        assert result.exit_code == 1
        assert result.stderr == (
            f"threads-exporter: {url}: HTTP Error 503: Service Unavailable: "
            "the upkeep loop has been silent for 61 s\n"
        )

    def test_one_that_is_not_there_ends_with_1(self, closed_port: int) -> None:
        url = f"http://127.0.0.1:{closed_port}"

        result = run("healthcheck", url)

        assert result.exit_code == 1
        assert result.stderr.startswith(f"threads-exporter: {url}: ")
        assert "Connection refused" in result.stderr

    def test_something_else_there_ends_with_1(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            thread = threading.Thread(target=_answer_nonsense, args=(listener,))
            thread.start()
            result = run("healthcheck", f"http://127.0.0.1:{listener.getsockname()[1]}")
            thread.join()

        assert result.exit_code == 1
        assert result.stderr.startswith("threads-exporter: http://127.0.0.1:")

    def test_the_environments_proxy_is_not_asked(
        self, monkeypatch: pytest.MonkeyPatch, closed_port: int
    ) -> None:
        proxy = f"http://127.0.0.1:{closed_port}"
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy)
        monkeypatch.delenv("no_proxy", raising=False)

        with answering(200, b"healthy") as url:
            result = run("healthcheck", url)

        assert (result.exit_code, result.output) == (0, "healthy\n")

    @pytest.mark.parametrize("host", ["", "0.0.0.0", "127.0.0.1"])
    def test_the_own_address_is_asked_by_default(self, host: str) -> None:
        with answering(200, b"healthy") as url:
            port = url.rsplit(":", 1)[1]
            result = run(f"--web.listen-address={host}:{port}", "healthcheck")

        assert (result.exit_code, result.output) == (0, "healthy\n")

    @pytest.mark.parametrize("host", ["[::]", "[::1]"])
    def test_an_ipv6_address_is_asked_over_ipv6(self, host: str, closed_port: int) -> None:
        result = run(f"--web.listen-address={host}:{closed_port}", "healthcheck")

        url = f"http://[::1]:{closed_port}/-/healthy"
        assert result.stderr.startswith(f"threads-exporter: {url}: ")


def _answer_nonsense(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(1000)
        connection.sendall(b"no HTTP at all\r\n\r\n")


class TestShards:
    def test_auto_reads_the_host_name(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(socket, "gethostname", lambda: "threads-exporter-7.pods.example")

        missing = run("--shard=auto", "--total-shards=7", "explain", "190")
        fitting = run("--shard=auto", "--total-shards=8", "explain", "190")

        assert "shard 7 is none of 7" in missing.stderr
        assert (missing.exit_code, fitting.exit_code) == (2, 0)

    def test_auto_needs_an_ordinal(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(socket, "gethostname", lambda: "laptop")

        result = run("--shard=auto", "--total-shards=2", "explain", "190")

        assert result.exit_code == 2
        assert "the host name 'laptop' ends with no StatefulSet ordinal" in result.stderr


@pytest.mark.usefixtures("traced")
class TestServing:
    """The command as a process of its own."""

    def test_a_missing_configuration_ends_with_1(self, tmp_path: Path) -> None:
        file = tmp_path / "absent.yaml"
        with exporter_process(f"--config.file={file}", output=tmp_path / "output") as exporter:
            assert exporter.wait() == 1

        problem, remedy = exporter.output.splitlines()
        assert problem == f"{file}: cannot be read: No such file or directory"
        assert remedy.startswith("threads-exporter: mend this mistake; ")

    def test_a_taken_port_ends_with_3(self, workspace: Workspace) -> None:
        file = workspace.configure()
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            with exporter_process(
                f"--config.file={file}",
                f"--web.listen-address={address}",
                output=workspace.folder / "output",
            ) as exporter:
                assert exporter.wait() == 3

        assert exporter.output.splitlines()[-1] == (
            f"threads-exporter: cannot listen on {address}: address already in use; "
            "stop what listens there or choose another --web.listen-address"
        )

    def test_it_listens_on_every_address_and_both_families(self, workspace: Workspace) -> None:
        file = workspace.configure()
        with serving(file, "--web.listen-address=:0") as exporter:
            exporter.wait_until_ready()
            addresses = re.findall(r"address=(\S+):(\d+)", exporter.output)
            (_, first), (everywhere, second) = addresses
            hosts = [("127.0.0.1", first), ("127.0.0.1", second), ("::1", second)]
            reached = [is_reached(host, int(port)) for host, port in hosts]

        assert everywhere in ("[::]", "0.0.0.0")
        assert reached == [True, True, everywhere == "[::]"]

    def test_the_flags_reach_the_server(self, workspace: Workspace) -> None:
        file = workspace.configure()
        flags = ("--web.telemetry-path=/data", "--log.format=json", "--log.level=warn")
        variables = {"THREADS_EXPORTER_LOG_LEVEL": "info"}
        with serving(file, *flags[:2], environment=variables) as exporter:
            shards = exporter.scrape("/data").value("threads_exporter_total_shards")
            absent = exporter.get("/metrics").status_code
            linked = 'href="/data"' in exporter.get("/").text
        quiet = serve_quietly(file, flags)

        assert (shards, absent, linked) == (1, 404, True)
        events = [json.loads(line) for line in exporter.output.splitlines()]
        assert {"configuration loaded", "listening", "stopping"} <= {
            event["msg"] for event in events
        }
        assert [json.loads(line)["level"] for line in quiet.splitlines()] == ["warn"]

    def test_each_account_belongs_to_one_of_the_shards(
        self, workspace: Workspace, world: World
    ) -> None:
        users = [world.add_user(f"account-{number}") for number in range(20)]
        file = workspace.configure([workspace.account(user) for user in users])
        with ExitStack() as running:
            exporters = [running.enter_context(self.shard(number, file)) for number in range(3)]
            shares = [self.share_of(exporter, shard) for shard, exporter in enumerate(exporters)]

        assert all(shares)
        assert sorted(name for share in shares for name in share) == sorted(
            user.name for user in users
        )

    def shard(self, number: int, file: Path) -> AbstractContextManager[ExporterProcess]:
        output = file.parent / f"output-{number}"
        return serving(file, f"--shard={number}", "--total-shards=3", output=output)

    def share_of(self, exporter: ExporterProcess, shard: int) -> Sequence[str]:
        scrape = exporter.scrape()
        assert scrape.value("threads_exporter_shard") == shard
        assert scrape.value("threads_exporter_total_shards") == 3
        assert scrape.value("threads_exporter_configured_accounts") == 20
        return list(scrape.by("account", "threads_account_info"))


def serve_quietly(file: Path, flags: Sequence[str]) -> str:
    """Return what an exporter logs that cannot start, its port being taken."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"--web.listen-address=127.0.0.1:{taken.getsockname()[1]}"
        output = file.parent / "quiet"
        with exporter_process(f"--config.file={file}", address, *flags, output=output) as exporter:
            exporter.wait()
    return ended_without_last_line(exporter)


def ended_without_last_line(exporter: ExporterProcess) -> str:
    return "\n".join(exporter.output.splitlines()[:-1])


def is_reached(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as client:
        return client.connect_ex((host, port)) == 0


@pytest.fixture
def world(live_world: World) -> World:
    return live_world


def test_the_demo_says_where_it_is(tmp_path: Path) -> None:
    with exporter_process(
        *("--web.listen-address=127.0.0.1:0", "--web.telemetry-path=/data", "demo"),
        output=tmp_path,
        environment={"TMPDIR": str(tmp_path)},
    ) as exporter:
        exporter.wait_until_ready()
        said = exporter.stdout.read_text("utf-8")
        url = exporter.url

    assert f"  landing page   {url}/\n" in said
    assert f"  metrics        {url}/data\n" in said


def test_an_unreadable_token_ends_with_1(
    workspace: Workspace, live_simulator: Simulator, tmp_path: Path
) -> None:
    file = workspace.configure([{"name": "acme", "access_token_file": "absent"}])
    with exporter_process(f"--config.file={file}", output=tmp_path / "output") as exporter:
        assert exporter.wait() == 1

    assert f"{tmp_path}/absent: No such file or directory" in exporter.output
