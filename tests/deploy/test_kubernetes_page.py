"""What docs/kubernetes.md shows is what there is, and builds."""

import re
import subprocess
from os.path import relpath
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from exporter.version import VERSION
from tests.deploy.kubelet import SECRETS
from tests.deploy.kustomized import KUBERNETES, OVERLAYS, ROOT, Built, build, overlay
from tests.deploy.shipped import alerts

PAGE: Final = ROOT / "docs/kubernetes.md"
TEXT: Final = PAGE.read_text("utf-8")
REPOSITORY: Final = "https://github.com/threads-exporter/threads-exporter/"
YAML: Final = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)]

CONFIG: Final = KUBERNETES / "components/postgresql/config.yaml"


def with_key(key: str) -> list[Any]:
    """Return the page's pieces of YAML that say something of a key."""
    return [block for block in YAML if key in block]


def kustomizations() -> list[dict[str, Any]]:
    """Return the page's whole kustomizations: that for SQLite, and that for shards."""
    return with_key("kind")


def built(folder: Path, kustomization: dict[str, Any], **more: object) -> Built:
    """Build a kustomization of the page, with this source in the place of the repository's."""
    root = relpath(ROOT, folder.resolve())
    text = yaml.safe_dump({**kustomization, **more}, allow_unicode=True)
    here = re.sub(rf"{REPOSITORY}(\S+)\?ref=v{re.escape(VERSION)}", rf"{root}/\1", text)
    (folder / "kustomization.yaml").write_text(here, "utf-8")
    (accounts,) = (block for block in YAML if isinstance(block, list))
    (folder / "accounts.yaml").write_text(yaml.safe_dump(accounts), "utf-8")
    (folder / "config.yaml").write_text(CONFIG.read_text("utf-8"), "utf-8")
    return build(folder)


def resources(text: str, kind: str) -> set[str]:
    """Return what a row of the table of objects says there is of a kind."""
    rows = re.findall(r"(?m)^\| (.*?) \| .* \|$", text)
    items = [item for row in rows for item in re.findall(r"(\w+)? ?`([\w-]+)`", row)]
    found, current = set(), ""
    for named, name in items:
        current = named or current
        if current == kind:
            found.add(name)
    return found


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", TEXT))
def test_what_it_links_to_is_there(link: str) -> None:
    assert (PAGE.parent / link).exists()


def test_it_tells_of_each_overlay() -> None:
    assert {folder.name for folder in (KUBERNETES / "overlays").iterdir()} == set(OVERLAYS)
    for name in OVERLAYS:
        assert f"](../deploy/kubernetes/overlays/{name})" in TEXT


def test_the_alerts_that_it_names_exist() -> None:
    named = set(re.findall(r"`(Threads\w+)`", TEXT))
    assert named <= {alert["alert"] for alert in alerts()}
    assert named != set()


def test_it_names_this_release() -> None:
    assert set(re.findall(r"\?ref=(v\S+)", TEXT)) == {f"v{VERSION}"}
    (images,) = with_key("images")
    assert images["images"][0]["newTag"] == VERSION


@pytest.mark.kubectl
def test_its_first_kustomization_brings_the_accounts_and_the_monitors_label(tmp_path: Path) -> None:
    found = built(tmp_path, kustomizations()[0])
    assert found.stateful_set["replicas"] == 1
    assert found.the("ServiceMonitor")["metadata"]["labels"]["release"] == "kube-prometheus-stack"
    accounts = found.config_map("threads-exporter-accounts")
    assert [account["name"] for account in yaml.safe_load(accounts["accounts.yaml"])] == ["acme"]


@pytest.mark.kubectl
def test_its_shards_know_the_number_that_is_set_in_one_place(tmp_path: Path) -> None:
    kustomization = kustomizations()[1]
    (replicas,) = kustomization["replicas"]
    found = built(tmp_path, kustomization)
    assert found.stateful_set["replicas"] == replicas["count"] == 5
    assert "--total-shards=5" in found.arguments


@pytest.mark.kubectl
def test_its_standby_is_the_same_without_a_number(tmp_path: Path) -> None:
    kustomization = {
        key: value
        for key, value in kustomizations()[1].items()
        if key not in {"replicas", "transformers"}
    }
    (overlaid,) = kustomization["resources"]
    standby = [overlaid.replace("overlays/shards", "overlays/standby")]
    found = built(tmp_path, kustomization, resources=standby)
    assert found.stateful_set["replicas"] == 2
    assert not any("shard" in argument for argument in found.arguments)


@pytest.mark.kubectl
def test_its_other_resources_are_taken(tmp_path: Path) -> None:
    (patches,) = (block for block in with_key("patches") if "StatefulSet" in str(block))
    found = built(tmp_path, kustomizations()[0], **patches)
    assert found.container["resources"] == {
        "requests": {"cpu": "100m", "memory": "128Mi"},
        "limits": {"memory": "256Mi"},
    }


@pytest.mark.kubectl
def test_its_other_image_is_taken(tmp_path: Path) -> None:
    (images,) = with_key("images")
    found = built(tmp_path, kustomizations()[0], **images)
    assert found.container["image"] == f"registry.example/threads-exporter:{VERSION}"


@pytest.mark.kubectl
def test_its_patch_leaves_out_the_operators_objects_and_no_other(tmp_path: Path) -> None:
    (patches,) = (block for block in with_key("patches") if "monitoring.coreos.com" in str(block))
    found = built(tmp_path, kustomizations()[0], **patches)
    left = {document["kind"] for document in found.documents}
    before = {document["kind"] for document in overlay("sqlite").documents}
    assert before - left == {"PrometheusRule", "ServiceMonitor"}


@pytest.mark.kubectl
@pytest.mark.parametrize("kind", ["NetworkPolicy", "PodDisruptionBudget", "Service"])
def test_it_tells_of_each_object(kind: str) -> None:
    there = {
        document["metadata"]["name"]
        for name in OVERLAYS
        for document in overlay(name).of_kind(kind)
    }
    assert resources(TEXT, kind) == there


@pytest.mark.kubectl
def test_it_tells_of_each_config_map() -> None:
    there = {
        re.sub(r"(config)-\w{10}$", r"\1", document["metadata"]["name"])
        for name in OVERLAYS
        for document in overlay(name).of_kind("ConfigMap")
    }
    assert resources(TEXT, "ConfigMap") == there


def test_it_has_each_secret_created() -> None:
    assert set(re.findall(r"create secret generic (\S+)", TEXT)) == SECRETS.keys()
    assert resources(TEXT, "Secret") == SECRETS.keys()


@pytest.mark.kubectl
def test_its_commands_are_about_what_is_built() -> None:
    found = overlay("sqlite")
    (namespace,) = found.of_kind("Namespace")
    assert set(re.findall(r"--namespace (\S+)", TEXT)) == {namespace["metadata"]["name"]}
    assert set(re.findall(r"statefulset/([\w-]+)", TEXT)) == {
        found.the("StatefulSet")["metadata"]["name"]
    }
    (publishers,) = re.findall(r"kubectl label namespace \S+ (\S+)=true", TEXT)
    sources = found.the("NetworkPolicy")["spec"]["ingress"][0]["from"]
    assert {publishers: "true"} in [of["namespaceSelector"]["matchLabels"] for of in sources]


@pytest.mark.kubectl
def test_publishers_are_told_the_services_address() -> None:
    (name, namespace, port) = re.findall(r"`http://([\w-]+)\.([\w-]+)\.svc:(\d+)`", TEXT)[0]
    service = overlay("sqlite").the("Service", name)
    assert service["metadata"]["namespace"] == namespace
    assert [published["port"] for published in service["spec"]["ports"]] == [int(port)]


@pytest.mark.kubectl
def test_prometheus_alone_finds_the_pods_by_the_scraped_services_port() -> None:
    (scraping,) = with_key("scrape_configs")
    (job,) = scraping["scrape_configs"]
    ((name,),) = (found["names"] for found in job["dns_sd_configs"])
    service = overlay("sqlite").the("Service", "threads-exporter")
    (port,) = service["spec"]["ports"]
    metadata = service["metadata"]
    assert name == f"_{port['name']}._tcp.{metadata['name']}.{metadata['namespace']}.svc"
    assert port["protocol"] == "TCP"


@pytest.mark.prometheus
def test_prometheus_takes_its_scrape_configuration(tmp_path: Path) -> None:
    (scraping,) = with_key("scrape_configs")
    file = tmp_path / "prometheus.yml"
    file.write_text(yaml.safe_dump(scraping), "utf-8")
    checked = subprocess.run(
        ["promtool", "check", "config", "--syntax-only", file],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr
