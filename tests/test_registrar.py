from pathlib import Path

import pytest
from structlog.testing import capture_logs

from exporter.registrar import Registrar
from exporter.secret import FileSecret, Redactor, Secret, SecretUnreadableError
from exporter.token_troubles import TokenTroubles


@pytest.fixture
def redactor() -> Redactor:
    return Redactor()


@pytest.fixture
def registrar(redactor: Redactor) -> Registrar:
    return Registrar(redactor, TokenTroubles())


def put(folder: Path, value: str, name: str = "registrar") -> FileSecret:
    """Put a token file in place by a rename, as rotations do."""
    fresh = folder / "new"
    fresh.write_text(value)
    return FileSecret(fresh.replace(folder / name))


def test_without_a_token_file_there_is_no_token(registrar: Registrar) -> None:
    registrar.read(None)()
    registrar.refresh()

    assert registrar.token() is None


def test_the_token_is_that_of_the_file_and_the_redactor_knows_it(
    registrar: Registrar, redactor: Redactor, tmp_path: Path
) -> None:
    registrar.read(put(tmp_path, "registrar-1\n"))()

    assert registrar.token() == Secret("registrar-1")
    assert redactor.redact("registrar-1") == "<secret>"


def test_a_new_token_takes_the_place_of_the_old_one(
    registrar: Registrar, redactor: Redactor, tmp_path: Path
) -> None:
    registrar.read(put(tmp_path, "registrar-1"))()
    put(tmp_path, "registrar-2")
    assert registrar.token() == Secret("registrar-1")

    registrar.refresh()

    assert registrar.token() == Secret("registrar-2")
    assert redactor.redact("registrar-1 registrar-2") == "<secret> <secret>"


def test_a_bad_new_token_keeps_the_old_one_and_is_told_once(
    registrar: Registrar, tmp_path: Path
) -> None:
    registrar.read(put(tmp_path, "registrar-1"))()
    put(tmp_path, "registrar 2")

    with capture_logs() as logs:
        registrar.refresh()
        registrar.refresh()

    assert registrar.token() == Secret("registrar-1")
    [line] = logs
    assert (line["event"], line["owner"]) == ("token not read, the old one stays", "publishers")
    assert line["problem"].startswith(f"{tmp_path}/registrar: holds a blank")
    assert "registrar 2" not in str(line)


def test_another_file_is_read_at_once(
    registrar: Registrar, redactor: Redactor, tmp_path: Path
) -> None:
    registrar.read(put(tmp_path, "registrar-1"))()

    registrar.read(put(tmp_path, "registrar-2", "other"))()

    assert registrar.token() == Secret("registrar-2")
    assert redactor.redact("registrar-2") == "<secret>"


def test_the_same_file_is_not_read_again_by_a_reload(registrar: Registrar, tmp_path: Path) -> None:
    source = put(tmp_path, "registrar-1")
    registrar.read(source)()
    source.path.unlink()

    registrar.read(FileSecret(source.path))()

    assert registrar.token() == Secret("registrar-1")


def test_a_file_that_is_not_there_changes_nothing(registrar: Registrar, tmp_path: Path) -> None:
    registrar.read(put(tmp_path, "registrar-1"))()

    for _ in range(2):
        with pytest.raises(SecretUnreadableError, match="gone: No such file or directory"):
            registrar.read(FileSecret(tmp_path / "gone"))

    assert registrar.token() == Secret("registrar-1")


def test_the_api_is_off_once_no_file_is_configured(registrar: Registrar, tmp_path: Path) -> None:
    registrar.read(put(tmp_path, "registrar-1"))()

    registrar.read(None)()

    assert registrar.token() is None
