from pathlib import Path

import yaml

from exporter.config.display import show_settings
from exporter.config.settings import (
    AccountHttpSd,
    AccountSettings,
    ApiSettings,
    ContainerApiSettings,
    Settings,
    StoreSettings,
)
from exporter.secret import EnvironmentSecret, FileSecret, InlineSecret, Secret

DEFAULTS = """\
api:
  base_url: https://graph.threads.net/v1.0
  timeout: 10s
  auth: header
account_files: []
account_http_sd: []
container_files: []
polling:
  quota:
    interval: 1m
  token:
    interval: 1h
  containers:
    interval: 1m
    give_up_after: 5m
  stale_after: 5m
  call_budget: 2400
  max_in_flight: 32
container_api: {}
containers:
  per_container_metrics: false
  max_tracked: 10000
  retention: 1d
store:
  url: sqlite:///threads-exporter.db
  lease: 30s
accounts: []
"""


def test_fills_in_the_defaults() -> None:
    assert show_settings(Settings()) == DEFAULTS


def test_shows_accounts_below_the_file_they_are_from() -> None:
    accounts = (
        AccountSettings("a", InlineSecret(Secret("hunter2")), source=Path("/etc/a.yaml")),
        AccountSettings("b", EnvironmentSecret("B_TOKEN"), source=Path("/etc/a.yaml")),
        AccountSettings(
            "c",
            FileSecret(Path("/etc/tokens/c")),
            user_id="5",
            token_expires_at=1_799_971_200,
            app="main",
            labels={"team": "growth"},
            containers=("1",),
            source=Path("/etc/c\n.yaml"),
        ),
    )
    shown = show_settings(Settings(accounts=accounts))
    assert shown.removeprefix(DEFAULTS.removesuffix("accounts: []\n")) == (
        """\
accounts:
# /etc/a.yaml
- name: a
  user_id: me
  access_token: <secret>
- name: b
  user_id: me
  access_token_env: B_TOKEN
# /etc/c\\n.yaml
- name: c
  user_id: '5'
  access_token_file: /etc/tokens/c
  token_expires_at: '2027-01-15T00:00:00Z'
  app: main
  labels:
    team: growth
  containers:
  - '1'
"""
    )
    assert len(yaml.safe_load(shown)["accounts"]) == 3


def test_masks_secrets_and_shows_paths() -> None:
    settings = Settings(
        api=ApiSettings(ca_file=Path("/etc/ca.pem"), proxy_url="http://proxy:3128"),
        store=StoreSettings("postgresql+psycopg://user:hunter2@db/threads", Path("/etc/password")),
        account_http_sd=(AccountHttpSd("https://sd/?key=hunter2", 60.0, Path("/etc/sd")),),
        container_api=ContainerApiSettings(Path("/etc/registrar")),
        account_files=("/etc/accounts.d/?.yaml",),
    )
    text = show_settings(settings)
    shown = yaml.safe_load(text)
    assert "hunter2" not in text
    assert shown["api"]["ca_file"] == "/etc/ca.pem"
    assert shown["api"]["proxy_url"] == "http://proxy:3128"
    assert shown["store"] == {
        "url": "postgresql+psycopg://user:<secret>@db/threads",
        "password_file": "/etc/password",
        "lease": "30s",
    }
    assert shown["container_api"] == {"token_file": "/etc/registrar"}
    assert shown["account_files"] == ["/etc/accounts.d/?.yaml"]
    assert shown["account_http_sd"] == [
        {
            "url": "https://sd/?<secret>",
            "refresh_interval": "1m",
            "authorization_file": "/etc/sd",
        }
    ]
