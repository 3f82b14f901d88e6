from dataclasses import replace
from pathlib import Path

import certifi
import pytest

from exporter.config.document import Document
from exporter.config.loading import load_settings, reread_containers
from exporter.config.problems import ConfigError
from exporter.config.report import Report
from exporter.config.secret_checks import SecretChecker
from exporter.config.settings import (
    AccountHttpSd,
    AccountSettings,
    ApiSettings,
    AuthMode,
    ContainerApiSettings,
    ContainerEntry,
    ContainerPollSettings,
    ContainerSettings,
    PollingSettings,
    QuotaPollSettings,
    Settings,
    StoreSettings,
    TokenPollSettings,
)
from exporter.domain import AccountIdentity
from exporter.secret import EnvironmentSecret, FileSecret, InlineSecret, Secret
from tests.config.conftest import Load, Problems, Write

EXAMPLE = Path(__file__).parents[2] / "config.example.yaml"
LEAST = "accounts: [{name: acme, access_token: abc}]\n"


class TestWhatIsLoaded:
    def test_the_least_configuration_has_all_defaults(self, load: Load, tmp_path: Path) -> None:
        assert load(LEAST) == Settings(
            accounts=(
                AccountSettings(
                    "acme", InlineSecret(Secret("abc")), source=tmp_path / "config.yaml"
                ),
            ),
            store=StoreSettings(f"sqlite:///{tmp_path}/threads-exporter.db"),
        )

    def test_every_section(self, load: Load, write: Write, tmp_path: Path) -> None:
        for name in ("inspector", "registrar", "discovery", "store"):
            write(f"tokens/{name}", "abc\n")
        settings = load(
            LEAST
            + """
api: {base_url: "http://localhost:8080/v1.0/", timeout: 500ms, auth: query, proxy_url: "http://p"}
account_http_sd:
  - {url: "https://sd.example/a?b=c", refresh_interval: 5m, authorization_file: tokens/discovery}
polling:
  quota: {interval: 30s}
  token: {interval: 2h, inspector_token_file: tokens/inspector}
  containers: {interval: 10s, give_up_after: 10s}
  stale_after: 31s
  call_budget: 5000
  max_in_flight: 256
container_api: {token_file: tokens/registrar}
containers: {per_container_metrics: true, max_tracked: 5, retention: 1w}
store: {url: "postgresql+psycopg://user@db/threads", password_file: tokens/store, lease: 1m}
"""
        )
        tokens = tmp_path / "tokens"
        assert settings.api == ApiSettings(
            "http://localhost:8080/v1.0", 0.5, AuthMode.QUERY, proxy_url="http://p"
        )
        discovery = AccountHttpSd("https://sd.example/a?b=c", 300.0, tokens / "discovery")
        assert settings.account_http_sd == (discovery,)
        assert discovery.authorization == FileSecret(tokens / "discovery")
        assert settings.polling == PollingSettings(
            QuotaPollSettings(30.0),
            TokenPollSettings(7200.0, tokens / "inspector"),
            ContainerPollSettings(10.0, 10.0),
            stale_after=31.0,
            call_budget=5000,
            max_in_flight=256,
        )
        assert settings.polling.token.inspector == FileSecret(tokens / "inspector")
        assert settings.container_api == ContainerApiSettings(tokens / "registrar")
        assert settings.container_api.token == FileSecret(tokens / "registrar")
        assert settings.containers == ContainerSettings(
            per_container_metrics=True, max_tracked=5, retention=604_800.0
        )
        assert settings.store == StoreSettings(
            "postgresql+psycopg://user@db/threads", tokens / "store", 60.0
        )
        assert settings.store.password == FileSecret(tokens / "store")

    def test_optional_secrets_are_absent_by_default(self) -> None:
        settings = Settings()
        assert settings.polling.token.inspector is None
        assert settings.container_api.token is None
        assert settings.store.password is None
        assert AccountHttpSd("https://sd.example").authorization is None

    def test_everything_of_an_account(
        self, load: Load, tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ACME_TOKEN", "abc")
        write("tokens/globex", "abc")
        settings = load(
            """
accounts:
  - name: "a\\"\\\\\\n\\t😀"
    user_id: "17841400000000000"
    access_token_env: ACME_TOKEN
    token_expires_at: 2027-01-15T00:00:00Z
    app: main
    labels: {team: growth, _x9: ""}
    containers: ["17889615691921648", "0"]
  - {name: globex, access_token_file: tokens/globex, token_expires_at: "2027-01-15T01:00:00+01:00"}
"""
        )
        acme, globex = settings.accounts
        assert acme == AccountSettings(
            name='a"\\\n\t😀',
            token=EnvironmentSecret("ACME_TOKEN"),
            user_id="17841400000000000",
            token_expires_at=1_799_971_200,
            app="main",
            labels={"team": "growth", "_x9": ""},
            containers=("17889615691921648", "0"),
            source=tmp_path / "config.yaml",
        )
        assert acme.identity == AccountIdentity(
            'a"\\\n\t😀', "17841400000000000", "main", {"team": "growth", "_x9": ""}
        )
        assert globex.token == FileSecret(tmp_path / "tokens" / "globex")
        assert globex.token_expires_at == 1_799_971_200

    def test_a_key_with_nothing_behind_it_has_its_default(self, load: Load) -> None:
        settings = load(LEAST + "account_files:\n  # - a.yaml\npolling:\n  quota:\n    interval:\n")
        assert settings.account_files == ()
        assert settings.polling == PollingSettings()

    def test_the_example_is_right(self) -> None:
        settings = load_settings(EXAMPLE)
        assert [account.name for account in settings.accounts] == ["acme"]
        assert settings.warnings == ()

    def test_what_the_example_comments_out_is_right(
        self, load: Load, write: Write, problems: Problems
    ) -> None:
        for name in ("globex", "registrar", "source"):
            write(f"tokens/{name}", "abc")
        lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
        content = "\n".join(map(_uncommented, lines))
        assert problems(content) == [
            (
                f"config.yaml:{_line_of(lines, 'ca_file')}: api.ca_file: "
                f"{Path.cwd() / 'ca.pem'}: No such file or directory"
            )
        ]
        settings = load(content.replace("ca_file: ca.pem", "ca_file:"))
        assert [account.name for account in settings.accounts] == ["acme", "globex"]
        assert settings.polling == PollingSettings()
        assert settings.containers == ContainerSettings()
        assert settings.store == StoreSettings(f"sqlite:///{Path.cwd()}/threads-exporter.db")


def _uncommented(line: str) -> str:
    head, mark, rest = line.partition("# ")
    is_key = rest.split(":")[0].replace("- ", "").strip().replace("_", "").isalpha()
    return head + rest if mark and not head.strip() and is_key and ":" in rest else line


def _line_of(lines: list[str], text: str) -> int:
    return next(number for number, line in enumerate(lines, 1) if text in line)


class TestOtherShardsAccounts:
    CONTENT = """
accounts:
  - {name: acme, access_token_file: tokens/acme}
  - {name: globex, access_token_file: tokens/another-hosts, containers: ["5"]}
  - {name: zebra, access_token: THAA}
"""

    def test_only_their_names_are_kept_and_their_tokens_are_not_read(self, write: Write) -> None:
        file = write("config.yaml", self.CONTENT)
        write("tokens/acme", "THAA")
        settings = load_settings(file, {"acme"}.__contains__)

        assert [account.name for account in settings.accounts] == ["acme"]
        assert settings.others == {"globex": f"{file}:4", "zebra": f"{file}:5"}
        assert list(settings.names) == ["globex", "zebra", "acme"]

    def test_what_is_wrong_with_them_is_told_all_the_same(self, write: Write) -> None:
        content = self.CONTENT.replace("zebra, access_token: THAA", 'globex, user_id: "x"')
        file = write("config.yaml", content)
        with pytest.raises(ConfigError) as caught:
            load_settings(file, {"zebra"}.__contains__)

        assert {problem.path for problem in caught.value.problems} == {
            "accounts[2]",
            "accounts[2].name",
            "accounts[2].user_id",
        }


class TestProblems:
    def test_all_are_told_at_once_in_the_order_of_the_lines(
        self, write: Write, problems: Problems
    ) -> None:
        write("more/eu.yaml", "- {name: acme, access_token: x}\n- {nam: globex, access_token: x}\n")
        write("more/us.yaml", "a: 'b")
        write("c.json", '[{"account": "acme", "container_id": 5}]')
        found = problems(
            """
account_files: [more/*.yaml, gone.yaml]
container_files: [c.json]
accounts:
  - {name: acme, access_token: x, user_id: 5}
  - name: globex
    access_token_file: gone
polling:
  quota: {interval: 5m, intervall: 1m}
  call_budget: 0
api: {base_url: "http://example.com"}
"""
        )
        places = [tuple(problem.split(": ")[:2]) for problem in found]
        assert places == [
            ("config.yaml:2", "account_files[1]"),
            ("config.yaml:5", "accounts[0].user_id"),
            ("config.yaml:7", "accounts[1].access_token_file"),
            ("config.yaml:8", "polling.stale_after"),
            ("config.yaml:9", "polling.quota.intervall"),
            ("config.yaml:10", "polling.call_budget"),
            ("config.yaml:11", "api.base_url"),
            ("more/eu.yaml:1", "[0].name"),
            ("more/eu.yaml:2", "[1].name"),
            ("more/eu.yaml:2", "[1].nam"),
            ("more/us.yaml:1", "is not valid YAML"),
            ("c.json:1", "[0].container_id"),
        ]

    @pytest.mark.parametrize(
        ("content", "problem"),
        [
            ("", "config.yaml:1: is empty"),
            ("[]", "config.yaml:1: must be a mapping of keys to values"),
            ("api: []", "config.yaml:1: api: must be a mapping of keys to values"),
            ("accounts: {}", "config.yaml:1: accounts: must be a list"),
            ("accounts: [x]", "config.yaml:1: accounts[0]: must be a mapping of keys to values"),
            ("account_files: a.yaml", "config.yaml:1: account_files: must be a list"),
            ("account_http_sd: [{url: 'https://h', urll: a}]", 'did you mean "url"?'),
            ("account_http_sd: [{}]", "config.yaml:1: account_http_sd[0].url: is required"),
            ("xyz: 1", "config.yaml:1: xyz: unknown key; the known ones are api, accounts, "),
            ("xyz:", "config.yaml:1: xyz: unknown key; the known ones are api, accounts, "),
            ("api: {auth: none}", "api.auth: must be 'header' or 'query'"),
            ("api: {timeout: 10}", "api.timeout: is not a duration: write numbers with units"),
            ("api: {timeout: 99ms}", "api.timeout: must be from 100ms to 60s"),
            ("api: {timeout: 61s}", "api.timeout: must be from 100ms to 60s"),
            ("api: {base_url: 5}", "api.base_url: must be a string"),
            ("api: {ca_file: .}", "api.ca_file: "),
            ("polling: {quota: {interval: 0s}}", "polling.quota.interval: must be from 1s to 1d"),
            ("polling: {stale_after: 60s}", "must be longer than polling.quota.interval (1m)"),
            ("polling: {call_budget: true}", "must be a whole number from 1 to 100000000"),
            ("polling: {call_budget: 1.0}", "must be a whole number from 1 to 100000000"),
            ("polling: {max_in_flight: 257}", "must be a whole number from 1 to 256"),
            (
                "polling: {containers: {give_up_after: 59s}}",
                (
                    "polling.containers.give_up_after: must not be shorter than "
                    "polling.containers.interval (1m)"
                ),
            ),
            ("containers: {per_container_metrics: 1}", "must be true or false"),
            ("containers: {retention: 59s}", "containers.retention: must be from 1m to 1y"),
            ("store: {url: 'mysql://h'}", "store.url: must begin with sqlite:/// or "),
            ("store: {url: 'sqlite://'}", "store.url: must name a file, sqlite:///FILE, with "),
            ("store: {urll: a}", 'store.urll: unknown key; did you mean "url"?'),
            ("store: []", "store: must be a mapping of keys to values"),
            (
                "store: {url: 'postgresql+psycopg://u@h/d', password_file: gone}",
                "store.password_file: /",
            ),
            ("container_api: {token_file: gone}", "gone: No such file or directory"),
            ("polling: {token: {inspector_token_file: gone}}", "inspector_token_file: /"),
            (
                "account_http_sd: [{url: 'https://h', authorization_file: gone}]",
                "account_http_sd[0].authorization_file: /",
            ),
            (
                "account_http_sd: [{url: 'https://h', ca_file: gone}]",
                "account_http_sd[0].ca_file: /",
            ),
            (
                "account_http_sd: [{url: 'https://h/a'}, {url: 'https://h'}, {url: 'https://h/a'}]",
                "account_http_sd[2].url: is that of account_http_sd[0]: keep one",
            ),
        ],
    )
    def test_of_sections(self, problems: Problems, content: str, problem: str) -> None:
        (found,) = problems(content)
        assert problem in found

    @pytest.mark.parametrize(
        ("account", "problem"),
        [
            ("name: ''", "[0].name: is empty: give the account a name"),
            (f"name: {'a' * 129}", "[0].name: is longer than 128 characters"),
            ("name: yes", "[0].name: must be a string: put it in quotes, bare it is a boolean"),
            ("name: 2027-01-15", "[0].name: must be a string: put it in quotes, bare it is a date"),
            ("name: [a]", "[0].name: must be a string"),
            ('name: "a\\0"', "[0].name: holds a control character or half of a surrogate pair"),
            ('name: "a\\r"', "[0].name: holds a control character or half of a surrogate pair"),
            ("user_id: 0o17", '[0].user_id: must be "me" or 1 to 32 digits'),
            ("user_id: 1.5e+3", "[0].user_id: must be a string: put it in quotes, bare it is a n"),
            (f"user_id: '{'1' * 33}'", '[0].user_id: must be "me" or 1 to 32 digits'),
            ("user_id: '٣'", '[0].user_id: must be "me" or 1 to 32 digits'),
            ("user_id: ''", '[0].user_id: must be "me" or 1 to 32 digits'),
            ("containers: ['me']", "[0].containers[0]: must be 1 to 32 digits"),
            ("containers: ['1', '1']", "[0].containers: lists a value twice: remove one"),
            ("containers: '1'", "[0].containers: must be a list"),
            ("labels: {account: x}", "[0].labels.account: threads_account_info has this label"),
            ("labels: {user_id: x}", "[0].labels.user_id: threads_account_info has this label"),
            ("labels: {__x: x}", "[0].labels.__x: is no label name"),
            ("labels: {a-b: x}", "[0].labels.a-b: is no label name"),
            ("labels: {ä: x}", "[0].labels.<key>: is no label name"),
            ("labels: {team: 5}", "[0].labels.team: must be a string: put it in quotes"),
            (f"labels: {{a: {'a' * 129}}}", "[0].labels.a: is longer than 128 characters"),
            ("labels: [a]", "[0].labels: must be a mapping of keys to values"),
            ("token_expires_at: 2027-01-15T00:00:00", "must be a time with its zone, such as"),
            ("token_expires_at: 2027-01-15", "must be a time with its zone, such as"),
            ("token_expires_at: 1799971200", "must be a time with its zone, such as"),
            ("token_expires_at: soon", "must be a time with its zone, such as"),
            ("token_expires_at: 1970-01-01T00:00:00Z", "must be between the years 1970 and 3000"),
            ("token_expires_at: 9999-12-31T23:59:59-12:00", "must be between the years 1970 and"),
        ],
    )
    def test_of_accounts(self, problems: Problems, account: str, problem: str) -> None:
        name = "" if account.startswith("name") else "name: acme, "
        (found,) = problems(f"accounts: [{{{name}access_token: x, {account}}}]")
        assert f"config.yaml:1: accounts{problem}" in found or problem in found

    @pytest.mark.parametrize(
        ("keys", "problem"),
        [
            (
                "app: a",
                (
                    "accounts[0]: has no token: "
                    "give it one of access_token_file, access_token_env, access_token"
                ),
            ),
            ("access_token: x, access_token_env: HOME", "has access_token_env and access_token: "),
            ("access_token: 'x y'", "accounts[0].access_token: holds a blank, a control or a"),
            ("access_token: ''", "accounts[0].access_token: is empty"),
            ("access_token: 5", "accounts[0].access_token: must be a string: put it in quotes"),
            ("access_token_env: NO_SUCH", "environment variable NO_SUCH is not set"),
            ("access_token_env: a-b", "must be the name of an environment variable"),
            ("access_token_file: ''", "access_token_file: must be the path of a file"),
            ('access_token_file: "a\\0"', "access_token_file: must be the path of a file"),
            ("access_token_file: .", "Is a directory"),
            ("access_token_file: config.yaml", "holds a blank, a control or a non-ASCII"),
        ],
    )
    def test_of_tokens(self, problems: Problems, keys: str, problem: str) -> None:
        (found,) = problems(f"accounts: [{{name: acme, {keys}}}]")
        assert problem in found

    def test_a_file_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError) as raised:
            load_settings(tmp_path / "config.yaml")
        assert str(raised.value) == (
            f"{tmp_path}/config.yaml: cannot be read: No such file or directory"
        )

    def test_a_folder_instead_of_a_file(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
            load_settings(tmp_path)


class TestSecretsAreNeverTold:
    TOKEN = "THAACanary" * 8

    @pytest.mark.parametrize(
        "content",
        [
            "accounts: [{{name: a, access_token: [{token}]}}]",
            "accounts: [{{name: a, access_token: {{{token}: {token}}}}}]",
            "accounts: [{{name: a, access_token: '{token} {token}'}}]",
            "accounts: [{{name: a, access_token: !x {token}}}]",
            "accounts: [{{name: a, access_token:{token}}}]",
            "accounts: [{{name: a, access_token_file: {token}}}]",
            "accounts: [{{name: a, access_token_file: 'https://{token}{token}@host/file'}}]",
            "accounts: [{{name: a, access_token_env: {token}}}]",
            "accounts: [{{name: a, {token}: 1}}]",
            "accounts: [{{name: a, access_token: x, user_id: {token}}}]",
            "accounts: [{{name: a, access_token: '{token}}}]",
            "accounts: [{token}]",
            "api: {{base_url: 'https://me:{token}@graph.threads.net'}}",
            "api: {{proxy_url: 'http://me:{token}@proxy'}}",
            "store: {{url: 'mysql://me:{token}@db'}}",
            "store: {{url: 'sqlite://me:{token}@db'}}",
            "store: {{password_file: {token}}}",
            "container_api: {{token_file: {token}}}",
            "{token}",
        ],
    )
    def test_wherever_they_were_put(self, problems: Problems, content: str) -> None:
        found = problems(content.format(token=self.TOKEN))
        assert found
        assert "Canary" not in "\n".join(found)


class TestAccountFiles:
    def test_paths_are_relative_to_the_file_that_names_them(
        self, load: Load, write: Write, tmp_path: Path
    ) -> None:
        write("accounts.d/b.yaml", "- {name: b, access_token_file: ../tokens/b}\n")
        write("accounts.d/a.yaml", "- {name: a, access_token_file: tokens/a}\n")
        write("tokens/b", "abc")
        write("accounts.d/tokens/a", "abc")
        settings = load("account_files: [accounts.d/*.yaml, accounts.d/a.yaml]")
        assert settings.accounts == (
            AccountSettings(
                "a",
                FileSecret(tmp_path / "accounts.d/tokens/a"),
                source=tmp_path / "accounts.d/a.yaml",
            ),
            AccountSettings(
                "b",
                FileSecret(tmp_path / "accounts.d/../tokens/b"),
                source=tmp_path / "accounts.d/b.yaml",
            ),
        )
        assert settings.account_files == (
            f"{tmp_path}/accounts.d/*.yaml",
            f"{tmp_path}/accounts.d/a.yaml",
        )

    def test_what_accounts_have_in_common_is_kept_once(self, load: Load, write: Write) -> None:
        entry = "access_token: abc, app: the app, labels: {team: the growth team}"
        write("a.yaml", f"[{{name: acme, {entry}}}, {{name: globex, {entry}}}]")
        write("b.yaml", f"[{{name: zebra, {entry}}}]")

        acme, globex, zebra = load("account_files: [a.yaml, b.yaml]").accounts

        assert acme.labels is globex.labels is zebra.labels
        assert acme.app is globex.app is zebra.app
        assert acme.source is globex.source

    def test_a_pattern_may_match_nothing_yet(self, load: Load) -> None:
        settings = load("account_files: [accounts.d/*.yaml]")
        assert settings.accounts == ()
        assert settings.warnings == (
            "no account is configured: add one under accounts or account_files",
        )

    @pytest.mark.parametrize(
        ("content", "problem"),
        [
            ("", "e.yaml:1: is empty"),
            ("accounts: []", "e.yaml:1: must be a list of accounts"),
            ("- 5\n", "e.yaml:1: [0]: must be a mapping of keys to values"),
        ],
    )
    def test_must_hold_lists(
        self, write: Write, problems: Problems, content: str, problem: str
    ) -> None:
        write("e.yaml", content)
        assert problems("account_files: [e.yaml]") == [problem]

    def test_a_path_that_no_file_system_takes(self, problems: Problems) -> None:
        name = "a." * 3000
        assert problems(f"account_files: ['{name}']") == [
            f"config.yaml:1: account_files[0]: {Path.cwd()}/{name}: there is no such file"
        ]

    def test_are_named_in_full_where_they_are_elsewhere(
        self, write: Write, problems: Problems, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        elsewhere = write(str(tmp_path_factory.mktemp("elsewhere") / "e.yaml"), "")
        assert problems(f"account_files: ['{elsewhere}']") == [f"{elsewhere}:1: is empty"]


class TestContainerFiles:
    def test_count_what_is_listed_twice_once(self, load: Load, write: Write) -> None:
        write("c/1.json", '[{"account": "acme", "container_id": "1"}]')
        write(
            "c/2.json",
            '[{"account": "acme", "container_id": "2"}, {"account": "acme", "container_id": "1"}]',
        )
        settings = load(LEAST + "container_files: [c/*.json]")
        assert settings.container_entries == (
            ContainerEntry("acme", "1"),
            ContainerEntry("acme", "2"),
        )

    def test_problems_have_their_place(self, write: Write, problems: Problems) -> None:
        write(
            "c.json",
            '[{"account": "acme", "container_id": "1"},\n'
            ' {"account": "\\ud800", "container_id": "1"},\n'
            ' {"account": "initech", "container_id": "1"},\n'
            ' {"account": "acme", "id": "x"}, 5]',
        )
        write("d.json", "{}")
        assert problems(LEAST + "container_files: [c.json, d.json]") == [
            ("c.json:2: [1].account: "
            "holds a control character or half of a surrogate pair: remove it"),
            "c.json:3: [2].account: no account has this name",
            "c.json:4: [3].container_id: is required",
            "c.json:4: [3].id: unknown key; the known ones are account, container_id",
            "c.json:4: [4]: must be a mapping of keys to values",
            "d.json:1: must be a list of containers",
        ]  # fmt: skip

    def test_a_container_belongs_to_one_account(self, write: Write, problems: Problems) -> None:
        write("accounts.yaml", "- name: initech\n  access_token: x\n  containers: ['3', '1']\n")
        write(
            "c.json",
            '[{"account": "acme", "container_id": "1"},\n'
            ' {"account": "globex", "container_id": "1"},\n'
            ' {"account": "globex", "container_id": "2"},\n'
            ' {"account": "acme", "container_id": "2"},\n'
            ' {"account": "nobody", "container_id": "1"}]',
        )
        found = problems(
            """accounts:
  - {name: globex, access_token: x}
  - name: acme
    access_token: x
    containers:
      - "1"
account_files: [accounts.yaml]
container_files: [c.json]
"""
        )
        assert found == [
            (
                'accounts.yaml:3: [0].containers[1]: is already listed for account "acme" '
                "at config.yaml:6"
            ),
            'c.json:2: [1].container_id: is already listed for account "acme" at config.yaml:6',
            'c.json:4: [3].container_id: is already listed for account "globex" at c.json:3',
            "c.json:5: [4].account: no account has this name",
        ]

    def test_an_account_that_a_source_may_tell_of_is_no_mistake(
        self, load: Load, write: Write
    ) -> None:
        write("c.json", '[{"account": "initech", "container_id": "1"}]')
        settings = load("account_http_sd: [{url: 'https://h'}]\ncontainer_files: [c.json]")
        assert settings.container_entries == (ContainerEntry("initech", "1"),)
        assert reread_containers(settings) == settings

    def test_a_wrong_account_is_no_unknown_account(self, write: Write, problems: Problems) -> None:
        write("c.json", '[{"account": "acme", "container_id": "1"}]')
        found = problems("accounts: [{name: acme}]\ncontainer_files: [c.json]")
        assert [problem.split(": ")[1] for problem in found] == ["accounts[0]"]


class TestWarnings:
    def test_a_token_file_that_goes_while_it_is_checked_causes_none(
        self, write: Write, tmp_path: Path
    ) -> None:
        class VanishingSecret(FileSecret):
            def read(self) -> Secret:
                secret = super().read()
                self.path.unlink()
                return secret

        checker = SecretChecker(Report())
        file = write("token", "abc")
        file.chmod(0o644)
        checker.check(VanishingSecret(file), Document(tmp_path / "config.yaml", {}), ())
        assert list(checker.warnings()) == []

    def test_token_files_that_others_can_open(self, load: Load, write: Write) -> None:
        for name, mode in (("a", 0o640), ("b", 0o604), ("c", 0o600)):
            write(name, "abc").chmod(mode)
        accounts = [f"{{name: {name}, access_token_file: {name}}}" for name in "abc"]
        settings = load(f"accounts: [{', '.join(accounts)}]")
        assert settings.warnings == (
            (
                "2 token file(s) are open to their group or to others, "
                f"the first is {Path.cwd()}/a: chmod 600 them"
            ),
        )

    def test_intervals_that_need_more_than_the_budget(self, load: Load) -> None:
        settings = load(LEAST + "polling: {call_budget: 1463}")
        assert settings.warnings == (
            (
                "the quota and token polls need 1464 calls a day and account, "
                "polling.call_budget allows 1463: poll less often or raise it"
            ),
        )
        assert load(LEAST + "polling: {call_budget: 1464}").warnings == ()

    @pytest.mark.parametrize(
        "content",
        [
            "container_api: {token_file: token}",
            "containers: {per_container_metrics: true}",
            "store: {url: 'sqlite:///x.db'}",
            "account_http_sd: [{url: 'https://sd.example/'}]",
        ],
    )
    def test_none_for_what_is_served(self, load: Load, write: Write, content: str) -> None:
        write("token", "abc")
        assert load(LEAST + content).warnings == ()

    def test_more_containers_than_are_tracked(self, load: Load, write: Write) -> None:
        write("c.json", '[{"account": "acme", "container_id": "2"}]')
        content = "accounts: [{name: acme, access_token: abc, containers: ['1']}]\n"
        content += "container_files: [c.json]\ncontainers: {max_tracked: 1}\n"
        assert load(content).warnings == (
            "2 containers are configured, containers.max_tracked allows 1: raise it",
        )
        assert load(content.replace("max_tracked: 1", "max_tracked: 2")).warnings == ()
        write("c.json", '[{"account": "acme", "container_id": "1"}]')
        assert load(content).warnings == ()


class TestCertificates:
    def test_are_taken(self, load: Load, write: Write, tmp_path: Path) -> None:
        write("ca.pem", Path(certifi.where()).read_text(encoding="utf-8"))
        assert load(LEAST + "api: {ca_file: ca.pem}").api.ca_file == tmp_path / "ca.pem"

    def test_must_be_pem(self, write: Write, problems: Problems) -> None:
        file = write("ca.pem", "no certificate")
        assert problems(LEAST + "api: {ca_file: ca.pem}") == [
            f"config.yaml:2: api.ca_file: {file}: holds no PEM certificate"
        ]


class TestStore:
    def test_a_relative_file_is_beside_the_file_that_names_it(
        self, write: Write, tmp_path: Path
    ) -> None:
        file = write("etc/config.yaml", LEAST + "store: {url: 'sqlite:///data/x.db'}")
        assert load_settings(file).store.url == f"sqlite:///{tmp_path}/etc/data/x.db"

    def test_the_default_is_beside_the_main_file(self, write: Write, tmp_path: Path) -> None:
        file = write("etc/config.yaml", LEAST + "store: {}")
        assert load_settings(file).store.url == f"sqlite:///{tmp_path}/etc/threads-exporter.db"

    def test_a_url_with_a_password_is_not_in_the_repr(self, load: Load) -> None:
        settings = load(LEAST + "store: {url: 'postgresql+psycopg://user:hunter2@db/threads'}")
        assert settings.store.url == "postgresql+psycopg://user:hunter2@db/threads"
        assert "hunter2" not in repr(settings)

    @pytest.mark.parametrize(
        ("url", "problem"),
        [
            ("sqlite:///x.db", "is for PostgreSQL alone: store.url names a SQLite file"),
            ("postgresql+psycopg://u:hunter2@h/d", "store.url holds a password too: keep one"),
            ("postgresql+psycopg://u@h/d?password=hunter2", "store.url holds a password too"),
        ],
    )
    def test_a_password_that_is_not_needed(
        self, write: Write, problems: Problems, url: str, problem: str
    ) -> None:
        write("password", "abc")
        (found,) = problems(LEAST + f"store: {{url: '{url}', password_file: password}}")
        assert found.startswith(f"config.yaml:2: store.password_file: {problem}")

    @pytest.mark.parametrize(
        "content",
        [
            "container_api: {token_file: token}",
            "container_files: [containers.d/*.json]",
            "store: {}",
            "store: {url: 'sqlite:///x.db'}",
        ],
    )
    def test_is_needed(self, load: Load, write: Write, content: str) -> None:
        write("token", "abc")
        assert load(LEAST + content).needs_store

    def test_is_needed_for_the_containers_of_an_account(self, load: Load) -> None:
        content = "accounts: [{name: a, access_token: abc}, {name: b, access_token: abc%s}]"
        assert load(content % ", containers: ['1']").needs_store
        assert not load(content % "").needs_store

    @pytest.mark.parametrize(
        "content",
        ["", "store:", "container_api: {}", "containers: {per_container_metrics: true}"],
    )
    def test_is_not_needed(self, load: Load, content: str) -> None:
        assert not load(LEAST + content).needs_store


class TestRereadContainers:
    CONTENT = "accounts: [{name: acme, access_token: abc}]\ncontainer_files: [c.d/*.json, d.json]\n"

    def test_takes_what_the_files_list_now(self, load: Load, write: Write) -> None:
        write("d.json", "[]")
        settings = load(self.CONTENT)
        write("c.d/new.json", '[{"account": "acme", "container_id": "2"}]')
        assert reread_containers(settings) == replace(
            settings, container_entries=(ContainerEntry("acme", "2"),)
        )

    def test_refuses_all_for_one_mistake(self, load: Load, write: Write, tmp_path: Path) -> None:
        write("d.json", "[]")
        settings = load(self.CONTENT)
        write("c.d/a.json", '[{"account": "acme", "container_id": "2"}]')
        write("c.d/b.json", '[{"account": "globex", "container_id": "2"}]')
        write("c.d/c.json", "[")
        (tmp_path / "d.json").unlink()
        with pytest.raises(ConfigError) as raised:
            reread_containers(settings)
        assert [str(problem) for problem in raised.value.problems] == [
            f"{tmp_path}/d.json: there is no such file",
            f"{tmp_path}/c.d/b.json:1: [0].account: no account has this name",
            f"{tmp_path}/c.d/c.json:1: is not valid JSON: Expecting value",
        ]

    def test_refuses_a_container_of_another_account(
        self, load: Load, write: Write, tmp_path: Path
    ) -> None:
        write("d.json", "[]")
        acme = "{name: acme, access_token: abc, containers: ['1']}"
        accounts = f"accounts: [{acme}, {{name: globex, access_token: abc}}]\n"
        settings = load(accounts + "container_files: [d.json]")
        write("d.json", '[{"account": "acme", "container_id": "1"}]')
        assert reread_containers(settings).container_entries == (ContainerEntry("acme", "1"),)
        write("d.json", '[{"account": "globex", "container_id": "1"}]')
        with pytest.raises(ConfigError) as raised:
            reread_containers(settings)
        assert str(raised.value) == (
            f"{tmp_path}/d.json:1: [0].container_id: "
            f'is already listed for account "acme" at {tmp_path}/config.yaml'
        )
