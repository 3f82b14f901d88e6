import os
from pathlib import Path

import pytest

from exporter.config.secret_checks import is_open_to_others


def written(file: Path, mode: int) -> Path:
    file.parent.mkdir(exist_ok=True)
    file.touch()
    file.chmod(mode)
    return file


@pytest.fixture
def credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "credentials"
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    return folder


@pytest.mark.parametrize(("mode", "is_open"), [(0o600, False), (0o400, False), (0o440, True)])
def test_a_file_is_open_where_more_than_its_owner_can_read_it(
    tmp_path: Path, mode: int, *, is_open: bool
) -> None:
    assert is_open_to_others(written(tmp_path / "token", mode)) is is_open


def test_a_credential_of_systemd_is_not_open_for_its_access_control_list(credentials: Path) -> None:
    assert not is_open_to_others(written(credentials / "tokens_acme", 0o440))


def test_a_file_elsewhere_is_open_whatever_credentials_there_are(
    tmp_path: Path, credentials: Path
) -> None:
    assert is_open_to_others(written(tmp_path / "token", 0o644))


@pytest.mark.parametrize(
    ("mode", "is_open"), [(0o440, False), (0o640, False), (0o460, True), (0o444, True)]
)
def test_a_file_of_another_user_may_be_readable_for_the_exporters_own_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int, *, is_open: bool
) -> None:
    file = written(tmp_path / "token", mode)
    monkeypatch.setattr(os, "geteuid", lambda: file.stat().st_uid + 1)
    assert is_open_to_others(file) is is_open


def test_a_file_of_another_user_may_not_be_readable_for_another_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = written(tmp_path / "token", 0o440)
    monkeypatch.setattr(os, "geteuid", lambda: file.stat().st_uid + 1)
    monkeypatch.setattr(os, "getegid", lambda: file.stat().st_gid + 1)
    assert is_open_to_others(file)


def test_a_file_that_is_not_there_is_not_open(tmp_path: Path) -> None:
    assert not is_open_to_others(tmp_path / "token")
