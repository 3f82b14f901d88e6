import copy
import json
import os
import pickle
import traceback
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.secret import (
    MASK,
    EnvironmentSecret,
    FileSecret,
    InlineSecret,
    Redactor,
    Secret,
    SecretSource,
    SecretUnreadableError,
    WatchedSecret,
    parse_secret,
)

TOKEN = "THAAcanary0123456789"
PRINTABLE = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=8)


@dataclass(frozen=True, slots=True)
class Holder:
    name: str
    token: Secret


def shown_forms(secret: Secret) -> list[str]:
    return [
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret!r:>30}",
        f"{secret:>30}",
        f"{secret!s}",
        "%s %r" % (secret, secret),  # noqa: UP031 — loggers format so
        "{}".format(secret),  # noqa: UP032 — some still format so
        repr([secret]),
        repr({"token": secret}),
        repr(Holder("acme", secret)),
    ]


def test_a_secret_is_not_shown() -> None:
    for shown in shown_forms(Secret(TOKEN)):
        assert "canary" not in shown


def test_a_secret_is_shown_as_a_mask() -> None:
    assert (repr(Secret(TOKEN)), f"{Secret(TOKEN):>30}") == (MASK, MASK)


def test_a_secret_is_revealed_on_request() -> None:
    assert Secret(TOKEN).reveal() == TOKEN


@pytest.mark.parametrize("leak", [json.dumps, pickle.dumps, copy.copy, copy.deepcopy])
def test_a_secret_is_not_turned_into_something_else(leak: object) -> None:
    assert callable(leak)
    with pytest.raises(TypeError) as caught:
        leak(Secret(TOKEN))

    assert "canary" not in str(caught.value)


def test_a_secret_is_not_among_the_locals_of_a_traceback() -> None:
    def fail(token: Secret) -> None:
        held = Holder("acme", token)
        raise ValueError(held)

    token = Secret(TOKEN)
    try:
        fail(token)
    except ValueError as error:
        report = traceback.TracebackException.from_exception(error, capture_locals=True)

    assert "held = Holder(name='acme', token=<secret>)" in "".join(report.format())
    assert "canary" not in "".join(report.format())


def test_secrets_are_compared_by_value() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2


@pytest.mark.parametrize("text", [TOKEN, f"{TOKEN}\n", f"{TOKEN}\r\n", f"{TOKEN}\n\n"])
def test_the_line_end_is_no_part_of_a_secret(text: str) -> None:
    assert parse_secret(text, "here") == Secret(TOKEN)


@pytest.mark.parametrize(
    "text",
    [
        f" {TOKEN}",
        f"{TOKEN} ",
        f"{TOKEN} \n",
        f"{TOKEN}\n{TOKEN}",
        f"\n{TOKEN}",
        f"canary\t{TOKEN}",
        f"{TOKEN}\x00",
        f"{TOKEN}\x7f",
        f"{TOKEN}\x85",
        f"{TOKEN}\u2028",
        f"{TOKEN}é",
        f"\ufeff{TOKEN}",
        f"{TOKEN}\ud800",
        " ",
        "\t\n",
    ],
)
def test_what_no_token_holds_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(SecretUnreadableError) as caught:
        parse_secret(text, "token.txt")

    assert str(caught.value) == (
        "token.txt: holds a blank, a control or a non-ASCII character; "
        "it must be the token alone, on one line"
    )


@pytest.mark.parametrize("text", ["", "\n", "\r\n\r\n"])
def test_an_empty_secret_is_refused(text: str) -> None:
    with pytest.raises(SecretUnreadableError, match=r"^token\.txt: is empty$"):
        parse_secret(text, "token.txt")


def test_an_inline_secret() -> None:
    source = InlineSecret(Secret(TOKEN))

    assert source.read() == Secret(TOKEN)
    assert source.signature() is None
    assert "canary" not in repr(source)


def test_a_secret_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACME_TOKEN", TOKEN)
    source = EnvironmentSecret("ACME_TOKEN")

    assert source.read() == Secret(TOKEN)
    assert source.signature() is None


def test_a_variable_that_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ACME_TOKEN", raising=False)

    with pytest.raises(SecretUnreadableError, match=r"^environment variable ACME_TOKEN is not set"):
        EnvironmentSecret("ACME_TOKEN").read()


def test_a_variable_that_holds_no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "ACME_TOKEN", "canary \udcff")

    with pytest.raises(SecretUnreadableError, match=r"^environment variable ACME_TOKEN: holds"):
        EnvironmentSecret("ACME_TOKEN").read()


def complaint_about(source: SecretSource) -> str:
    with pytest.raises(SecretUnreadableError) as caught:
        source.read()
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return str(caught.value)


def test_a_secret_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n")

    assert FileSecret(path).read() == Secret(TOKEN)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    missing, loop = tmp_path / "missing", tmp_path / "loop"
    loop.symlink_to(loop)

    assert complaint_about(FileSecret(missing)) == f"{missing}: No such file or directory"
    assert complaint_about(FileSecret(tmp_path)) == f"{tmp_path}: Is a directory"
    assert complaint_about(FileSecret(loop)).startswith(f"{loop}: Too many levels")


def test_a_file_that_holds_no_token(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_bytes(b"canary\xff\xfe")
    assert complaint_about(FileSecret(path)) == f"{path}: holds bytes that are not ASCII"
    path.write_text("")
    assert complaint_about(FileSecret(path)) == f"{path}: is empty"
    path.write_text("canary canary")
    assert "canary" not in complaint_about(FileSecret(path))


def overwrite(path: Path, text: str, *, seconds: int) -> None:
    """Write in place, with a time of change so many seconds later than that of the epoch."""
    path.write_text(text)
    os.utime(path, (seconds, seconds))


def test_the_signature_of_an_unchanged_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(TOKEN)

    assert FileSecret(path).signature() == FileSecret(path).signature()


def test_the_signature_changes_with_an_edit_in_place(tmp_path: Path) -> None:
    path = tmp_path / "token"
    overwrite(path, "a" * 20, seconds=1)
    before = FileSecret(path).signature()
    overwrite(path, "b" * 20, seconds=2)

    assert FileSecret(path).signature() != before


def test_the_signature_changes_with_the_target_of_a_link(tmp_path: Path) -> None:
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        overwrite(tmp_path / name / "token", name * 10, seconds=1)
    current = tmp_path / "..data"
    current.symlink_to("old")
    source = FileSecret(current / "token")
    before = source.signature()
    (tmp_path / "..tmp").symlink_to("new")
    (tmp_path / "..tmp").rename(current)

    assert source.signature() != before


def test_the_signature_changes_when_the_file_goes_and_comes(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(TOKEN)
    present = FileSecret(path).signature()
    path.unlink()
    absent = FileSecret(path).signature()

    assert absent != present
    assert absent == FileSecret(path).signature()


def test_a_watched_secret_follows_its_file(tmp_path: Path) -> None:
    path = tmp_path / "token"
    overwrite(path, "old-token", seconds=1)
    watched = WatchedSecret(FileSecret(path))
    assert watched.current == Secret("old-token")
    assert not watched.refresh()

    overwrite(path, "new-token", seconds=2)

    assert watched.refresh()
    assert watched.current == Secret("new-token")
    assert not watched.refresh()


def test_the_same_secret_written_again_is_no_change(tmp_path: Path) -> None:
    path = tmp_path / "token"
    overwrite(path, TOKEN, seconds=1)
    watched = WatchedSecret(FileSecret(path))
    overwrite(path, f"{TOKEN}\n", seconds=2)

    assert not watched.refresh()


@pytest.mark.parametrize("bad", ["", "half a token", None])
def test_a_bad_new_file_keeps_the_old_secret(tmp_path: Path, bad: str | None) -> None:
    path = tmp_path / "token"
    overwrite(path, "old-token", seconds=1)
    watched = WatchedSecret(FileSecret(path))
    if bad is None:
        path.unlink()
    else:
        overwrite(path, bad, seconds=2)

    for _ in range(2):
        with pytest.raises(SecretUnreadableError):
            watched.refresh()
    assert watched.current == Secret("old-token")

    overwrite(path, "new-token", seconds=3)
    assert watched.refresh()
    assert watched.current == Secret("new-token")


def test_a_watched_secret_must_be_readable_at_first(tmp_path: Path) -> None:
    with pytest.raises(SecretUnreadableError):
        WatchedSecret(FileSecret(tmp_path / "missing"))


def redactor_of(*values: str) -> Redactor:
    redactor = Redactor()
    for value in values:
        redactor.add(Secret(value))
    return redactor


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        (TOKEN, MASK),
        (f"got {TOKEN}, sorry", f"got {MASK}, sorry"),
        (f"{TOKEN}{TOKEN}", MASK * 2),
        (f"x{TOKEN}x", f"x{MASK}x"),
        (f'{{"message": "Malformed {TOKEN}"}}', f'{{"message": "Malformed {MASK}"}}'),
        (TOKEN[:-1], TOKEN[:-1]),
        ("nothing", "nothing"),
        ("", ""),
    ],
)
def test_a_known_secret_is_masked(text: str, redacted: str) -> None:
    assert redactor_of(TOKEN).redact(text) == redacted


@pytest.mark.parametrize(
    "spelling", [quote('TH|1"\\/2', safe=""), json.dumps('TH|1"\\/2')[1:-1], 'TH|1"\\/2']
)
def test_a_secret_in_a_url_or_in_json_is_masked(spelling: str) -> None:
    assert redactor_of('TH|1"\\/2').redact(f"<{spelling}>") == f"<{MASK}>"


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("/me?access_token=unknown&fields=id", f"/me?access_token={MASK}&fields=id"),
        ("/debug_token?input_token=a%7Cb HTTP", f"/debug_token?input_token={MASK} HTTP"),
        ("u=%2Fme%3Faccess_token%3Dunknown", f"u=%2Fme%3Faccess_token%3D{MASK}"),
        ("ACCESS_TOKEN=unknown", f"ACCESS_TOKEN={MASK}"),
        ('{"client_secret": "unknown", "a": 1}', f'{{"client_secret": "{MASK}", "a": 1}}'),
        ("{'refresh_token': 'unknown'}", f"{{'refresh_token': '{MASK}'}}"),
        ('"{\\"access_token\\":\\"unknown\\"}"', f'"{{\\"access_token\\":\\"{MASK}\\"}}"'),
        ("Authorization: Bearer unknown", f"Authorization: Bearer {MASK}"),
        ('{"Authorization": "bearer unknown"}', f'{{"Authorization": "bearer {MASK}"}}'),
        ("Authorization: Basic dTpw", f"Authorization: Basic {MASK}"),
        ("the access_token is missing", "the access_token is missing"),
        ("a bearer", "a bearer"),
    ],
)
def test_what_follows_a_telling_name_is_masked(text: str, redacted: str) -> None:
    assert Redactor().redact(text) == redacted
    assert Redactor().redact(redacted) == redacted


@pytest.mark.parametrize("order", [1, -1])
def test_of_a_secret_that_begins_another_no_tail_is_left(order: int) -> None:
    redactor = redactor_of(*(TOKEN, f"{TOKEN}-and-its-tail")[::order])

    assert redactor.redact(f"{TOKEN}-and-its-tail!") == f"{MASK}!"
    assert redactor.redact(f"{TOKEN}!") == f"{MASK}!"


def test_of_a_secret_within_another_nothing_is_left() -> None:
    redactor = redactor_of("outer-inner-secret-0123456789", "inner-secret")

    assert redactor.redact("<outer-inner-secret-0123456789>") == f"<{MASK}>"


def test_of_overlapping_secrets_nothing_is_left() -> None:
    redactor = redactor_of("first-0123456789", "6789-second", "3456")

    assert redactor.redact("<first-0123456789-second>") == f"<{MASK}>"


def test_a_short_secret_does_not_spoil_every_line() -> None:
    redactor = redactor_of("api", "a")

    assert redactor.redact("an api call") == "an api call"
    assert redactor.redact("access_token=api") == f"access_token={MASK}"
    assert redactor.redact("Bearer api") == f"Bearer {MASK}"


def test_a_replaced_secret_stays_masked() -> None:
    redactor = redactor_of("old-token-1", "new-token-2")

    assert redactor.redact("old-token-1 new-token-2") == f"{MASK} {MASK}"


def test_ten_thousand_secrets_of_one_opening() -> None:
    values = [f"THAAsame-opening-{number:06d}" for number in range(10_000)]
    redactor = redactor_of(*values)
    line = f"msg={'x' * 200} old={values[7]} new={values[-1]} other=THAAsame-opening-999999"

    assert redactor.redact(line) == (
        f"msg={'x' * 200} old={MASK} new={MASK} other=THAAsame-opening-999999"
    )


@given(st.lists(PRINTABLE, min_size=1, max_size=5), st.data())
def test_no_secret_is_left_in_any_text(values: list[str], data: st.DataObject) -> None:
    parts = st.sampled_from(values) | st.text()
    text = "".join(data.draw(st.lists(parts, max_size=8)))
    redacted = redactor_of(*values).redact(text)

    for part in redacted.split(MASK):
        assert not any(value in part for value in values)
