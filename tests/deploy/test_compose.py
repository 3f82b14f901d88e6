import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Final

import pytest

from tests.deploy.shipped import DEPLOY, ROOT, read

COMPOSE: Final = read("compose.yaml")
SERVICES: Final[Mapping[str, Mapping[str, Any]]] = COMPOSE["services"]
PROFILES = ("demo", "real")
OF_THE_OPERATOR = {"../config.yaml", "../tokens"}
PINNED = re.compile(r"docker\.io/\w+/\w+:v?\d+\.\d+\.\d+@sha256:[0-9a-f]{64}")

each_service = pytest.mark.parametrize("name", SERVICES)
each_profile = pytest.mark.parametrize("profile", PROFILES)


def services_of(profile: str) -> dict[str, Mapping[str, Any]]:
    """Return a profile's services by the names that the network knows them by."""
    return {
        name.removesuffix(f"-{profile}"): service
        for name, service in SERVICES.items()
        if profile in service["profiles"]
    }


def mounts(service: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return a service's volumes by where they are mounted, written in their long form."""
    return {mount["target"]: mount for mount in map(in_long_form, service.get("volumes", []))}


def in_long_form(volume: str | Mapping[str, Any]) -> Mapping[str, Any]:
    if not isinstance(volume, str):
        return volume
    source, target, *mode = volume.split(":")
    kind = "bind" if source.startswith(".") else "volume"
    return {"type": kind, "source": source, "target": target, "read_only": mode == ["ro"]}


def binds(service: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {target: mount for target, mount in mounts(service).items() if mount["type"] == "bind"}


def compose_command() -> list[str]:
    """Return the command of Compose 2 or newer; skips the test where there is none."""
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]) is None:
            continue
        asked = subprocess.run(
            [*command, "version", "--short"], capture_output=True, text=True, check=False
        )
        if asked.returncode == 0 and int(asked.stdout.lstrip("v").split(".")[0]) >= 2:
            return command
    pytest.skip("needs Docker Compose 2")


@each_profile
def test_compose_takes_it(profile: str) -> None:
    command = [*compose_command(), "--file", str(DEPLOY / "compose.yaml"), "--profile", profile]
    checked = subprocess.run(
        [*command, "config", "--format=json"], capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stderr) == (0, "")
    assert set(json.loads(checked.stdout)["services"]) == {
        f"exporter-{profile}",
        f"prometheus-{profile}",
        "alertmanager",
        "grafana",
    }


def test_it_has_a_name_and_no_version() -> None:
    assert COMPOSE["name"] == "threads-exporter"
    assert "version" not in COMPOSE


@each_service
def test_nothing_starts_without_a_profile(name: str) -> None:
    assert set(SERVICES[name]["profiles"]) in ({"demo"}, {"real"}, {"demo", "real"})


@each_service
def test_a_service_can_change_nothing_and_be_nobody_else(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert int(service["user"].split(":")[0]) > 0


@each_service
def test_a_service_can_take_only_so_much(name: str) -> None:
    service = SERVICES[name]
    assert service["pids_limit"] == 256
    assert service["mem_limit"] in {"512m", "1g"}


@each_service
def test_ports_are_published_on_loopback_alone(name: str) -> None:
    assert [port.rsplit(":", 1)[0].split(":")[0] for port in SERVICES[name]["ports"]] == [
        "127.0.0.1"
    ]


@each_service
def test_an_image_is_built_here_or_pinned_by_tag_and_digest(name: str) -> None:
    service = SERVICES[name]
    assert "build" in service or PINNED.fullmatch(service["image"])


def test_the_exporter_is_built_from_this_repository() -> None:
    built = {name: service["build"] for name, service in SERVICES.items() if "build" in service}
    assert built == {"exporter-demo": "..", "exporter-real": ".."}
    assert (DEPLOY / ".." / "Dockerfile").is_file()


@each_service
def test_a_service_tells_of_its_health_and_waits_for_that_of_others(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"
    waits = SERVICES[name].get("depends_on", {}).values()
    assert {wait["condition"] for wait in waits} <= {"service_healthy"}


@each_service
def test_files_are_mounted_read_only_and_are_there(name: str) -> None:
    found = binds(SERVICES[name]).values()
    assert all(mount["read_only"] for mount in found)
    missing = {mount["source"] for mount in found if not (DEPLOY / mount["source"]).exists()}
    assert missing <= OF_THE_OPERATOR


def test_the_operators_files_are_not_made_up_where_they_are_missing() -> None:
    found = binds(SERVICES["exporter-real"])
    assert {mount["source"] for mount in found.values()} == OF_THE_OPERATOR
    assert {mount["bind"]["create_host_path"] for mount in found.values()} == {False}


def test_what_a_volume_is_for_is_declared() -> None:
    used = {
        mount["source"]
        for service in SERVICES.values()
        for mount in mounts(service).values()
        if mount["type"] == "volume"
    }
    assert used == set(COMPOSE["volumes"])


@each_profile
def test_the_configurations_name_each_other_as_the_network_does(profile: str) -> None:
    services = services_of(profile)
    assert services["exporter"]["networks"]["default"]["aliases"] == ["exporter"]
    assert services["prometheus"]["networks"]["default"]["aliases"] == ["prometheus"]
    prometheus = read("prometheus/prometheus.yml")
    (scraped,) = prometheus["scrape_configs"][0]["static_configs"][0]["targets"]
    (notified,) = prometheus["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"]
    source = read("grafana/provisioning/datasources/prometheus.yaml")["datasources"][0]
    for address in (scraped, notified, source["url"].removeprefix("http://")):
        host, port = address.split(":")
        assert services[host]["ports"] == [f"127.0.0.1:{port}:{port}"]


@each_profile
@pytest.mark.parametrize(
    ("service", "flag"), [("prometheus", "--config.file"), ("alertmanager", "--config.file")]
)
def test_a_server_reads_the_configuration_that_is_mounted(
    profile: str, service: str, flag: str
) -> None:
    found = services_of(profile)[service]
    flags = dict(argument.split("=", 1) for argument in found["command"])
    assert flags[flag] in mounts(found)


@pytest.mark.parametrize(
    ("profile", "source"),
    [("demo", "./prometheus/demo.rules.yaml"), ("real", "../alerts/threads-exporter.rules.yaml")],
)
def test_a_profile_has_its_rules_where_prometheus_looks_for_them(profile: str, source: str) -> None:
    (pattern,) = read("prometheus/prometheus.yml")["rule_files"]
    found = binds(services_of(profile)["prometheus"])
    rules = {
        mount["source"]
        for target, mount in found.items()
        if fnmatch(target, f"/etc/prometheus/{pattern}")
    }
    assert rules == {source}


def test_grafana_gets_every_dashboard() -> None:
    (provider,) = read("grafana/provisioning/dashboards/threads.yaml")["providers"]
    folder = Path(provider["options"]["path"])
    mounted = {
        target.name for target in map(Path, binds(SERVICES["grafana"])) if target.parent == folder
    }
    assert mounted == {file.name for file in (ROOT / "dashboards").glob("*.json")} != set()


def test_grafana_shows_the_overview_to_anybody_and_asks_for_nothing() -> None:
    environment = SERVICES["grafana"]["environment"]
    assert environment["GF_AUTH_ANONYMOUS_ENABLED"] == "true"
    assert environment["GF_AUTH_ANONYMOUS_ORG_ROLE"] == "Viewer"
    home = environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert Path(home).name == "threads-overview.json"
    assert home in mounts(SERVICES["grafana"])


@pytest.mark.parametrize(
    "variable",
    [
        "GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES",
        "GF_ANALYTICS_CHECK_FOR_UPDATES",
        "GF_ANALYTICS_REPORTING_ENABLED",
        "GF_AUTH_BASIC_ENABLED",
        "GF_NEWS_NEWS_FEED_ENABLED",
        "GF_SNAPSHOTS_EXTERNAL_ENABLED",
    ],
)
def test_grafana_calls_nobody_and_has_no_password(variable: str) -> None:
    assert SERVICES["grafana"]["environment"][variable] == "false"
