import json
from dataclasses import replace
from pathlib import Path

import pytest

from exporter.config.discovered import DiscoveredAccounts, Surroundings, read_discovered
from exporter.config.problems import ConfigError
from exporter.config.settings import AccountSettings, ContainerEntry, Settings
from exporter.secret import InlineSecret, Secret
from tests.workspace import Section

PLACE = "account_http_sd[1]"
ACME: Section = {"name": "acme", "access_token": "THAAacme"}
ALONE = Surroundings(Settings(), {})


def settings_of(name: str, *containers: str, source: str = PLACE) -> AccountSettings:
    token = InlineSecret(Secret(f"THAA{name}"))
    return AccountSettings(name, token, containers=containers, source=Path(source))


def read(*accounts: object, surroundings: Surroundings = ALONE) -> DiscoveredAccounts:
    return read_discovered(json.dumps(accounts).encode(), PLACE, surroundings)


def problems(*accounts: object, surroundings: Surroundings = ALONE) -> list[str]:
    return problems_of(json.dumps(accounts).encode(), surroundings)


def problems_of(content: bytes, surroundings: Surroundings = ALONE) -> list[str]:
    with pytest.raises(ConfigError) as raised:
        read_discovered(content, PLACE, surroundings)
    return [str(problem) for problem in raised.value.problems]


def test_an_account_needs_a_name_and_a_token() -> None:
    assert read(ACME) == DiscoveredAccounts({"acme": settings_of("acme")}, frozenset({"acme"}))


def test_an_account_may_say_what_it_may_say_in_a_file() -> None:
    told = {
        **ACME,
        "user_id": "17841400000000000",
        "token_expires_at": "2027-01-15T00:00:00Z",
        "app": "main",
        "labels": {"team": "growth"},
        "containers": ["1", "2"],
    }

    assert read(told).own["acme"] == replace(
        settings_of("acme", "1", "2"),
        user_id="17841400000000000",
        token_expires_at=1_799_971_200,
        app="main",
        labels={"team": "growth"},
    )


def test_null_means_the_default() -> None:
    told = {**ACME, "user_id": None, "access_token_file": None, "labels": None}

    assert read(told).own == {"acme": settings_of("acme")}


@pytest.mark.parametrize("content", [b"[]", b"\xef\xbb\xbf[]", b" [ ] \n"])
def test_there_may_be_no_accounts(content: bytes) -> None:
    assert read_discovered(content, PLACE, ALONE) == DiscoveredAccounts({}, frozenset())


def test_of_the_accounts_of_other_shards_only_the_names_are_kept() -> None:
    surroundings = replace(ALONE, wanted=lambda name: name == "acme")

    discovered = read(ACME, {**ACME, "name": "globex"}, surroundings=surroundings)

    assert discovered.own.keys() == {"acme"}
    assert discovered.names == {"acme", "globex"}


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"<html>", "is no JSON list"),
        (b"\xff[]", "is not UTF-8"),
        (b"[{}", "[0].name: is required"),
        (b'[{"name": "a", "name": "a"}]', "[0]: has a key twice: remove one"),
    ],
)
def test_a_document_that_is_none(content: bytes, problem: str) -> None:
    assert f"{PLACE}: {problem}" in problems_of(content)


BLANK = "holds a blank, a control or a non-ASCII character; it must be the token alone, on one line"
UNKNOWN = (
    "unknown key; the known ones are name, user_id, access_token, token_expires_at, app, labels, "
    "containers"
)
REMOTE = (
    "is not taken over HTTP: what is there must not name files and variables of this host; "
    "send access_token"
)


@pytest.mark.parametrize(
    ("account", "found"),
    [
        ("acme", ["[1]: must be a mapping of keys to values"]),
        ({"name": "b"}, ["[1]: has no token: give it access_token"]),
        ({"access_token": "THAA"}, ["[1].name: is required"]),
        ({"name": "b", "access_token": "a b"}, [f"[1].access_token: {BLANK}"]),
        ({"name": "b", "access_token": "a", "access_token_file": "/etc/passwd"},
         [f"[1].access_token_file: {REMOTE}"]),
        ({"name": "b", "access_token": "a", "access_token_env": "HOME"},
         [f"[1].access_token_env: {REMOTE}"]),
        ({"name": "b", "access_token": "a", "user_id": 17841400000000000},
         ["[1].user_id: must be a string: put it in quotes, bare it is a number"]),
        ({"name": "b", "access_token": "a", "userid": "1"},
         ['[1].userid: unknown key; did you mean "user_id"?']),
        ({"name": "b", "access_token": "a", "x": "1"}, [f"[1].x: {UNKNOWN}"]),
        ({"name": "acme", "access_token": "a"},
         [f'[1].name: "acme" is already used at {PLACE}: [0].name']),
    ],
)  # fmt: skip
def test_one_wrong_account_makes_all_wrong(account: object, found: list[str]) -> None:
    assert problems(ACME, account) == [f"{PLACE}: {problem}" for problem in found]


def test_no_problem_shows_a_value() -> None:
    canary = f"THAA{'canary' * 10}"
    accounts = [{"name": "a", canary: canary}, {"name": 5, "access_token": [canary]}, canary]

    assert not [problem for problem in problems(*accounts) if canary in problem]


def test_of_many_problems_a_few_are_told() -> None:
    assert len(problems(*({"name": f"account {n}"} for n in range(1000)))) == 20


def test_a_name_of_the_configuration_is_taken() -> None:
    settings = Settings(accounts=(settings_of("acme", source="/etc/x/config.yaml"),))

    assert problems(ACME, surroundings=Surroundings(settings, {})) == [
        f'{PLACE}: [0].name: "acme" is already used at /etc/x/config.yaml'
    ]


def test_a_name_of_another_source_is_taken_whoever_polls_it() -> None:
    others = {"account_http_sd[0]": DiscoveredAccounts({}, frozenset({"acme"}))}

    assert problems(ACME, surroundings=Surroundings(Settings(), others)) == [
        f'{PLACE}: [0].name: "acme" is already used at account_http_sd[0]'
    ]


def test_a_container_belongs_to_one_account() -> None:
    globex = settings_of("b", "2", source="account_http_sd[0]")
    other = DiscoveredAccounts({"b": globex}, frozenset("b"))
    surroundings = Surroundings(
        Settings(
            accounts=(settings_of("a", "1", source="/etc/x/config.yaml"),),
            container_entries=(ContainerEntry("c", "3"), ContainerEntry("acme", "4")),
        ),
        {"account_http_sd[0]": other},
    )
    told = {**ACME, "containers": ["1", "2", "3", "4", "5"]}
    too = {**ACME, "name": "too", "containers": ["5"]}
    within = f"{PLACE}: [0].containers[4]"

    assert problems(told, too, surroundings=surroundings) == [
        f'{PLACE}: [0].containers[0]: is already listed for account "a" at /etc/x/config.yaml',
        f'{PLACE}: [0].containers[1]: is already listed for account "b" at account_http_sd[0]',
        f'{PLACE}: [0].containers[2]: is already listed for account "c" at container_files',
        f'{PLACE}: [1].containers[0]: is already listed for account "acme" at {within}',
    ]


def test_containers_need_a_store() -> None:
    surroundings = replace(ALONE, keeps_containers=False)

    (problem,) = problems({**ACME, "containers": ["1"]}, surroundings=surroundings)

    assert problem.startswith(f"{PLACE}: [0].containers: cannot be tracked: no store was opened")
    assert read({**ACME, "containers": []}, surroundings=surroundings).own
