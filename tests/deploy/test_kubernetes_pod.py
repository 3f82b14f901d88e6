"""The pod that deploy/kubernetes builds: what it may do, what it is given, and that it runs."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from exporter import process
from exporter.cli import main
from exporter.config.file_patterns import files_signature
from exporter.config.loading import load_settings
from exporter.config.settings import Settings
from exporter.config.urls import holds_password
from exporter.simulator import Simulator
from tests.deploy.kubelet import SECRETS, Kubelet, secret_name, sources, write
from tests.deploy.kustomized import ROOT, Built, Document, each_overlay
from tests.deploy.shipped import read
from tests.exporter_process import exporter_process

pytestmark = pytest.mark.kubectl

Check = Callable[[Document, Document], bool]

VOLUME_TYPES: Final = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
}

RESTRICTED: Final[Mapping[str, Check]] = {
    "no HostProcess": lambda pod, container: (
        not any("windowsOptions" in security(of) for of in (pod, container))
    ),
    "no host namespaces": lambda pod, _: not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys(),
    "not privileged": lambda _, container: "privileged" not in security(container),
    "no hostPath, and restricted volume types": lambda pod, _: all(
        volume.keys() - {"name"} <= VOLUME_TYPES for volume in pod["volumes"]
    ),
    "no host ports": lambda _, container: (
        not any("hostPort" in port for port in container["ports"])
    ),
    "no other host in probes": lambda _, container: (
        not any("host" in probe["httpGet"] for probe in probes(container).values())
    ),
    "AppArmor as it is by default": lambda pod, container: (
        not any("appArmorProfile" in security(of) for of in (pod, container))
    ),
    "SELinux as it is by default": lambda pod, container: (
        not any("seLinuxOptions" in security(of) for of in (pod, container))
    ),
    "/proc as it is by default": lambda _, container: "procMount" not in security(container),
    "no sysctls": lambda pod, _: "sysctls" not in security(pod),
    "no privilege escalation": lambda _, container: (
        security(container)["allowPrivilegeEscalation"] is False
    ),
    "not root": lambda pod, container: (
        security(pod)["runAsNonRoot"] is True and "runAsNonRoot" not in security(container)
    ),
    "a user who is not root": lambda pod, container: (
        security(pod)["runAsUser"] > 0 and "runAsUser" not in security(container)
    ),
    "the runtime's seccomp profile": lambda pod, container: (
        security(pod)["seccompProfile"] == {"type": "RuntimeDefault"}
        and "seccompProfile" not in security(container)
    ),
    "no capabilities": lambda _, container: (
        security(container)["capabilities"] == {"drop": ["ALL"]}
    ),
    "one container": lambda pod, _: not {"initContainers", "ephemeralContainers"} & pod.keys(),
    # What follows is more than Kubernetes asks.
    "a root that is read only": lambda _, container: (
        security(container)["readOnlyRootFilesystem"] is True
    ),
    "no variables from Services": lambda pod, _: pod["enableServiceLinks"] is False,
}
"""What the Pod Security Standards ask of a restricted pod, and what this one adds."""

UNITS: Final = {"Mi": 1024**2, "Gi": 1024**3, "m": 1024**2}


@pytest.fixture
def kubelet(built: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kubelet:
    monkeypatch.setattr("socket.gethostname", lambda: "threads-exporter-0")
    kubelet = Kubelet(built, tmp_path, SECRETS)
    kubelet.mount()
    return kubelet


def security(of: Document) -> Mapping[str, Any]:
    context: Mapping[str, Any] = of["securityContext"]
    return context


def probes(container: Document) -> Mapping[str, Document]:
    return {name: of for name, of in container.items() if name.endswith("Probe")}


def size(quantity: str) -> int:
    (unit,) = (unit for unit in UNITS if quantity.endswith(unit))
    return int(quantity.removesuffix(unit)) * UNITS[unit]


def parsed(arguments: list[str]) -> Mapping[str, Any]:
    return main.make_context("threads-exporter", arguments).params


def loaded(kubelet: Kubelet) -> Settings:
    return load_settings(parsed(list(kubelet.arguments))["config_file"])


def secret_folders(built: Built) -> Mapping[str, str]:
    """Return where each Secret is mounted, by its name."""
    places = {mount["name"]: mount["mountPath"] for mount in built.container["volumeMounts"]}
    return {
        secret_name(source): places[volume["name"]]
        for volume in built.pod["volumes"]
        for source in sources(volume)
        if "secret" in source
    }


@each_overlay
@pytest.mark.parametrize("check", RESTRICTED)
def test_it_is_restricted(built: Built, check: str) -> None:
    assert RESTRICTED[check](built.pod, built.container)


@each_overlay
def test_it_is_the_user_that_the_image_is_made_for(built: Built) -> None:
    context = security(built.pod)
    user = f"USER {context['runAsUser']}:{context['runAsGroup']}"
    assert user in (ROOT / "Dockerfile").read_text("utf-8").splitlines()
    assert context["fsGroup"] == context["runAsGroup"]


@each_overlay
def test_it_can_write_to_its_store_and_to_tmp_alone(built: Built) -> None:
    mounts = built.container["volumeMounts"]
    writable = {mount["mountPath"] for mount in mounts if not mount.get("readOnly")}
    on_a_volume = {"/data"} if "volumeClaimTemplates" in built.stateful_set else set()
    assert writable == {"/tmp"} | on_a_volume  # noqa: S108 — the container's own


@each_overlay
def test_what_is_mounted_is_there_and_nothing_lies_within_another(built: Built) -> None:
    claims = built.stateful_set.get("volumeClaimTemplates", [])
    volumes = {volume["name"] for volume in built.pod["volumes"]}
    mounts = built.container["volumeMounts"]
    assert {mount["name"] for mount in mounts} == volumes | {
        claim["metadata"]["name"] for claim in claims
    }
    paths = [Path(mount["mountPath"]) for mount in mounts]
    assert not any(path in other.parents for path in paths for other in paths)


@each_overlay
def test_secrets_are_files_for_the_exporters_eyes_alone(built: Built) -> None:
    holding = [
        volume.get("projected") or volume["secret"]
        for volume in built.pod["volumes"]
        if any("secret" in source for source in sources(volume))
    ]
    assert {volume["defaultMode"] for volume in holding} == {0o400}
    assert all("valueFrom" not in variable for variable in built.container.get("env", []))
    assert "envFrom" not in built.container


@each_overlay
def test_it_is_asked_for_its_health_on_the_port_that_it_listens_on(built: Built) -> None:
    (port,) = built.container["ports"]
    (address,) = parsed([])["web_listen_address"]
    assert (port["name"], port["containerPort"]) == ("http", address.port)
    assert {probe["httpGet"]["port"] for probe in probes(built.container).values()} == {"http"}


@each_overlay
def test_it_may_take_minutes_to_start_and_no_longer_than_one_to_be_given_up(built: Built) -> None:
    start, live = built.container["startupProbe"], built.container["livenessProbe"]
    assert start["periodSeconds"] * start["failureThreshold"] == 180
    assert live["periodSeconds"] * live["failureThreshold"] <= 60


@each_overlay
def test_publishers_wait_for_no_poll(built: Built) -> None:
    assert {probe["httpGet"]["path"] for probe in probes(built.container).values()} == {
        "/-/healthy"
    }


@each_overlay
def test_it_is_given_the_time_to_drain(built: Built) -> None:
    slept = built.container["lifecycle"]["preStop"]["sleep"]["seconds"]
    needed = slept + process._END_SECONDS  # noqa: SLF001 — what ends it at the latest
    assert built.pod["terminationGracePeriodSeconds"] >= needed + 5


@each_overlay
def test_it_has_no_less_memory_than_in_compose_and_no_limit_of_cpu(built: Built) -> None:
    resources = built.container["resources"]
    in_compose = read("compose.yaml")["services"]["exporter-real"]["mem_limit"]
    assert size(resources["limits"]["memory"]) >= size(in_compose)
    assert size(resources["requests"]["memory"]) >= 300 * 1024**2
    assert resources["requests"]["cpu"] == "500m"
    assert "cpu" not in resources["limits"]


@each_overlay
def test_the_exporter_takes_its_configuration(kubelet: Kubelet) -> None:
    settings = loaded(kubelet)
    assert [account.name for account in settings.accounts] == ["acme"]
    assert settings.warnings == ()


@each_overlay
def test_every_secret_of_the_configuration_is_one_that_is_mounted(
    built: Built, kubelet: Kubelet
) -> None:
    settings = loaded(kubelet)
    files = [settings.container_api.token_file, settings.store.password_file]
    folders = {file.parent for file in files if file}
    folders |= {
        kubelet.inside("/etc/threads-exporter/tokens")
        for account in settings.accounts
        if account.token.read().reveal() == SECRETS["threads-exporter-tokens"][account.name]
    }
    assert folders == {kubelet.inside(folder) for folder in secret_folders(built).values()}


@each_overlay
def test_no_password_is_in_the_stores_url(kubelet: Kubelet) -> None:
    assert not holds_password(loaded(kubelet).store.url)


@pytest.mark.parametrize("built", ["sqlite"], indirect=True)
def test_sqlite_is_on_the_volume(built: Built, kubelet: Kubelet) -> None:
    (claim,) = built.stateful_set["volumeClaimTemplates"]
    (path,) = (
        mount["mountPath"]
        for mount in built.container["volumeMounts"]
        if mount["name"] == claim["metadata"]["name"]
    )
    assert loaded(kubelet).store.url == f"sqlite:///{kubelet.inside(path)}/threads-exporter.db"
    assert loaded(kubelet).store.password is None


@pytest.mark.parametrize("built", ["standby", "shards"], indirect=True)
def test_postgresql_has_a_password_from_a_file(kubelet: Kubelet) -> None:
    store = loaded(kubelet).store
    assert store.url.startswith("postgresql+psycopg://exporter@")
    assert store.password is not None
    assert store.password.read().reveal() == "a-made-up-password"


@pytest.mark.parametrize("built", ["sqlite", "standby"], indirect=True)
def test_without_shards_a_replica_may_have_all_accounts(built: Built) -> None:
    flags = parsed(list(built.arguments))
    assert (flags["shard"], flags["total_shards"]) == (0, 1)


@pytest.mark.parametrize("built", ["shards"], indirect=True)
def test_each_replica_is_a_shard_and_knows_how_many_there_are(
    built: Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    replicas = built.stateful_set["replicas"]
    for ordinal in range(replicas):
        monkeypatch.setattr("socket.gethostname", lambda n=ordinal: f"threads-exporter-{n}")
        flags = parsed(list(built.arguments))
        assert (flags["shard"], flags["total_shards"]) == (ordinal, replicas)


@pytest.mark.parametrize("built", ["sqlite"], indirect=True)
def test_it_runs_on_what_is_mounted_and_answers_its_probes(
    built: Built, kubelet: Kubelet, live_simulator: Simulator, tmp_path: Path
) -> None:
    config = kubelet.inside("/etc/threads-exporter/config")
    said = (config / "config.yaml").read_text("utf-8")
    write(config, {"config.yaml": f"{said}api: {{base_url: '{live_simulator.base_url}'}}\n"})
    output = tmp_path / "output"
    listen = "--web.listen-address=127.0.0.1:0"
    with exporter_process(*kubelet.arguments, listen, output=output) as exporter:
        for probe in probes(built.container).values():
            assert exporter.get(probe["httpGet"]["path"]).status_code == 200
        exporter.wait_until_ready()
        assert exporter.scrape().value("threads_account_info", account="acme") == 1


@pytest.mark.parametrize("built", ["sqlite"], indirect=True)
def test_it_sees_that_the_accounts_are_others(kubelet: Kubelet) -> None:
    accounts = kubelet.inside("/etc/threads-exporter/accounts")
    before = loaded(kubelet)
    assert files_signature(before.account_files) == before.account_files_read
    write(accounts, {"accounts.yaml": "[]"})
    assert files_signature(before.account_files) != before.account_files_read
    assert loaded(kubelet).accounts == ()
