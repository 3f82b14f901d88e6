from datetime import UTC, datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from exporter.config.web_config import load_web_settings
from exporter.config.web_settings import WebSettings
from exporter.web_config import WebConfig
from tests.certificates import write_privately
from tests.clock import ControlledClock
from tests.web_workspace import NAME, WebWorkspace, users


@pytest.fixture
def web(tmp_path: Path) -> WebWorkspace:
    web = WebWorkspace(tmp_path)
    web.put_certificate()
    web.write()
    return web


def in_force(web: WebWorkspace) -> WebConfig:
    """Return the configuration as it is some time after the start."""
    config = WebConfig(web.file, load_web_settings(web.file), ControlledClock())
    config.refresh()
    return config


def test_without_a_file_there_is_nothing_to_read() -> None:
    config = WebConfig(None, WebSettings(), ControlledClock())
    config.refresh()

    assert config.reload() == ()
    assert config.current() == WebSettings()
    assert config.successful
    assert config.certificate_expires_at is None


def test_what_did_not_change_is_not_read_again(web: WebWorkspace) -> None:
    config = in_force(web)
    before = config.current()
    config.refresh()

    assert config.current() is before


def test_what_changed_between_the_start_and_the_first_look_is_taken_up(web: WebWorkspace) -> None:
    settings = load_web_settings(web.file)
    web.write(basic_auth_users=users())
    config = WebConfig(web.file, settings, ControlledClock())
    config.refresh()

    assert set(config.current().users) == {NAME}


@pytest.mark.parametrize("name", ["server.pem", "web.yml"])
def test_what_changed_is_taken_up(web: WebWorkspace, name: str) -> None:
    config = in_force(web)
    before = config.tls()
    if name == "server.pem":
        web.put_certificate(datetime(2040, 1, 1, tzinfo=UTC))
    else:
        web.write(tls={"min_version": "TLS13"})
    config.refresh()

    assert config.tls() is not before
    assert config.successful


def test_junk_keeps_the_old_and_is_logged_once(web: WebWorkspace) -> None:
    config = in_force(web)
    before = config.current()
    write_privately(web.folder / "server.pem", b"junk\n")
    with capture_logs() as logs:
        for _ in range(3):
            config.refresh()

    assert config.current() is before
    assert not config.successful
    assert [line["problem"] for line in logs] == [
        (
            f"{web.file}:2: tls_server_config.cert_file: {web.folder / 'server.pem'}: "
            "holds no PEM certificate"
        )
    ]


def test_what_was_junk_is_taken_up_once_it_is_mended(web: WebWorkspace) -> None:
    config = in_force(web)
    before = config.tls()
    (web.folder / "server.key").unlink()
    config.refresh()
    web.put_certificate()
    config.refresh()

    assert config.successful
    assert config.tls() is not before


def test_what_was_put_back_as_it_was_is_well_again(web: WebWorkspace) -> None:
    """As when a link is turned back to the folder that it led to before."""
    link, good = web.folder / "server.pem", web.folder / "good.pem"
    link.rename(good)
    link.symlink_to(good)
    config = in_force(web)
    link.unlink()
    config.refresh()
    failed = config.successful
    link.symlink_to(good)
    config.refresh()

    assert (failed, config.successful) == (False, True)


@pytest.mark.parametrize("content", [b"", b"{}\n", b"tls_server_config:\n"])
def test_a_file_that_was_emptied_lets_nobody_in(web: WebWorkspace, content: bytes) -> None:
    web.write(basic_auth_users=users())
    config = in_force(web)
    write_privately(web.file, content)
    problems = config.reload()

    assert len(problems) == 1
    assert config.is_secured
    assert set(config.current().users) == {NAME}


def test_tls_is_turned_on_at_a_start_alone(web: WebWorkspace) -> None:
    web.write_plain(basic_auth_users=users())
    config = in_force(web)
    web.write(basic_auth_users=users("another"))

    assert config.reload() == [f"{web.file}: TLS is turned on and off at a start alone: restart"]
    assert not config.is_secured


def test_a_file_that_is_gone_keeps_the_old(web: WebWorkspace) -> None:
    config = in_force(web)
    web.file.unlink()

    assert config.reload() == [f"{web.file}: cannot be read: No such file or directory"]
    assert config.is_secured


def test_warnings_are_logged_when_they_are_new(web: WebWorkspace) -> None:
    config = in_force(web)
    with capture_logs() as logs:
        web.write(http_server_config={"http2": True})
        config.refresh()
        config.reload()

    assert [line["warning"] for line in logs] == [
        "http_server_config.http2: HTTP/2 is not served, clients get HTTP/1.1"
    ]
