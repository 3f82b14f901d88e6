"""The commands that ask a running exporter, and the check, where there is a web configuration."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from exporter import cli
from tests.exporter_process import ExporterProcess, serving
from tests.web_workspace import WebWorkspace, users
from tests.workspace import Workspace

MUTUAL = {"client_auth_type": "RequireAndVerifyClientCert", "client_ca_file": "ca.pem"}


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.main, arguments)


@dataclass(frozen=True)
class Secured:
    exporter: ExporterProcess
    web: WebWorkspace
    token: Path

    @property
    def address(self) -> str:
        return self.exporter.url.removeprefix("http://")

    @property
    def flags(self) -> Sequence[str]:
        """What the exporter itself was started with."""
        return f"--web.config.file={self.web.file}", f"--web.listen-address={self.address}"


@pytest.fixture
def web(workspace: Workspace) -> WebWorkspace:
    web = WebWorkspace(workspace.folder)
    web.put_certificate()
    assert web.ca_file.exists()
    web.write(basic_auth_users=users())
    return web


def secured(workspace: Workspace, web: WebWorkspace) -> Iterator[Secured]:
    token = workspace.write("registrar", "registrar-token-0123456789")
    config = workspace.configure(
        [{"name": "acme", "access_token": "abc"}],
        container_api={"token_file": str(token)},
        store={"url": "sqlite:///store.db"},
    )
    with serving(config, f"--web.config.file={web.file}") as exporter:
        yield Secured(exporter, web, token)


@pytest.fixture
def with_password(workspace: Workspace, web: WebWorkspace) -> Iterator[Secured]:
    yield from secured(workspace, web)


@pytest.fixture
def with_mutual_tls(workspace: Workspace, web: WebWorkspace) -> Iterator[Secured]:
    web.write(tls=MUTUAL)
    yield from secured(workspace, web)


class TestHealthcheck:
    def test_finds_the_exporter_of_this_host(self, with_password: Secured) -> None:
        result = run(*with_password.flags, "healthcheck")

        assert (result.exit_code, result.stdout) == (0, "threads-exporter is healthy.\n")

    def test_does_not_read_a_file_that_may_be_junk_by_now(self, with_password: Secured) -> None:
        flags = with_password.flags
        with_password.web.file.write_text("junk", "utf-8")

        assert run(*flags, "healthcheck").exit_code == 0

    def test_finds_one_without_tls(self, workspace: Workspace, web: WebWorkspace) -> None:
        web.write_plain(basic_auth_users=users())
        for exporter in secured(workspace, web):
            assert run(*exporter.flags, "healthcheck").exit_code == 0

    def test_tells_of_one_that_is_not_there(self, web: WebWorkspace, closed_port: int) -> None:
        flags = f"--web.config.file={web.file}", f"--web.listen-address=127.0.0.1:{closed_port}"
        result = run(*flags, "healthcheck")

        assert result.exit_code == 1
        assert "Connection refused" in result.stderr

    def test_believes_at_another_url_whom_it_is_told_to(self, with_password: Secured) -> None:
        url = f"https://{with_password.address}/-/healthy"
        trusting = run("healthcheck", url, f"--ca-file={with_password.web.ca_file}")
        strict = run("healthcheck", url)

        assert trusting.exit_code == 0
        assert strict.exit_code == 1
        assert "CERTIFICATE_VERIFY_FAILED" in strict.stderr

    def test_presents_a_certificate_that_is_asked_for(self, with_mutual_tls: Secured) -> None:
        cert, key = with_mutual_tls.web.authority.issue("client").files
        presenting = ("healthcheck", f"--cert-file={cert}", f"--key-file={key}")

        assert run(*with_mutual_tls.flags, *presenting).exit_code == 0
        assert run(*with_mutual_tls.flags, "healthcheck").exit_code == 1

    def test_tells_of_a_file_that_cannot_be_used(self, web: WebWorkspace) -> None:
        result = run("healthcheck", "https://127.0.0.1:9", f"--ca-file={web.file}")

        assert result.exit_code == 1
        assert f"threads-exporter: {web.file}: " in result.stderr


class TestTrack:
    def test_the_token_is_enough(self, with_password: Secured) -> None:
        access = f"--token-file={with_password.token}", f"--ca-file={with_password.web.ca_file}"
        tracked = run(*with_password.flags, "track", "acme", "17", *access)
        untracked = run(*with_password.flags, "untrack", "17", *access)

        assert tracked.stdout == "17: tracked from now on\n"
        assert untracked.stdout == "17: no longer tracked\n"

    def test_the_token_goes_to_nobody_who_is_not_trusted(self, with_password: Secured) -> None:
        flags = (*with_password.flags, "track", "acme", "17")
        result = run(*flags, f"--token-file={with_password.token}")

        assert result.exit_code == 1
        assert "CERTIFICATE_VERIFY_FAILED" in result.stderr

    def test_a_web_configuration_that_is_wrong_is_told(self, web: WebWorkspace) -> None:
        token = web.folder / "token"
        token.write_text("abc", "ascii")
        web.file.write_text("junk", "utf-8")
        flags = f"--web.config.file={web.file}", "track", "acme", "17", f"--token-file={token}"
        result = run(*flags)

        assert result.exit_code == 1
        assert f"{web.file}:1: must be a mapping" in result.stderr


class TestConfigCheck:
    def test_checks_the_web_configuration_too(
        self, workspace: Workspace, web: WebWorkspace
    ) -> None:
        config = workspace.configure([{"name": "acme", "access_token": "abc"}])
        web.write(http_server_config={"http2": True})
        flags = f"--config.file={config}", f"--web.config.file={web.file}", "--config.check"
        result = run(*flags)

        assert result.exit_code == 0
        assert result.stdout.splitlines() == [
            f"{config}: fine, 1 account",
            (
                f"{web.file}: warning: http_server_config.http2: HTTP/2 is not served, clients get "
                "HTTP/1.1"
            ),
            f"{web.file}: fine, TLS",
        ]

    def test_tells_the_mistakes_of_both_at_once(
        self, workspace: Workspace, web: WebWorkspace
    ) -> None:
        config = workspace.configure([{"name": "acme"}])
        web.write_plain(rate_limit={"interval": "often"})
        flags = f"--config.file={config}", f"--web.config.file={web.file}", "--config.check"
        result = run(*flags)

        assert result.exit_code == 1
        assert [line.split(": ")[1] for line in result.stderr.splitlines()] == [
            "accounts[0]",
            "rate_limit.interval",
            "mend these 2 mistakes; --config.check tells if all is well then",
        ]

    def test_an_empty_name_is_no_file(self, workspace: Workspace) -> None:
        config = workspace.configure([{"name": "acme", "access_token": "abc"}])

        assert run(f"--config.file={config}", "--web.config.file=", "--config.check").exit_code == 0
