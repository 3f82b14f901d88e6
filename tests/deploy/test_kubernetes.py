"""The objects that deploy/kubernetes builds to, and how they go together."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import kubernetes_validate
import pytest
import yaml

from exporter.version import VERSION
from tests.deploy.kustomized import ROOT, Built, Document, each_overlay, overlay
from tests.deploy.shipped import read

pytestmark = pytest.mark.kubectl

OF_THE_OPERATOR: Final = {
    "PrometheusRule": "kube-prometheus/prometheus-rule.yaml",
    "ServiceMonitor": "kube-prometheus/service-monitor.yaml",
}
"""What Kubernetes itself has no schema of, and the files that are committed."""

# sleep of preStop is on since 1.30, unhealthyPodEvictionPolicy is stable since 1.31.
VERSIONS: Final = ("1.31", kubernetes_validate.latest_version().removesuffix(".0"))

# kubectl keeps what was applied in an annotation, and all of them may hold 256 KiB.
LARGEST: Final = 256 * 1024


on_postgresql = pytest.mark.parametrize("built", ["standby", "shards"], indirect=True)


@pytest.fixture
def sqlite() -> Built:
    return overlay("sqlite")


def committed(file: str) -> Sequence[Document]:
    return list(yaml.safe_load_all((ROOT / "deploy" / file).read_text("utf-8")))


def without_namespace(document: Document) -> Document:
    metadata = {key: of for key, of in document["metadata"].items() if key != "namespace"}
    return {**document, "metadata": metadata}


def labels(document: Document) -> Mapping[str, str]:
    found: Mapping[str, str] = document["metadata"]["labels"]
    return found


def is_selected(by: Mapping[str, Any], labelled: Document) -> bool:
    return by.items() <= labels(labelled).items()


def ports(document: Document) -> Mapping[str, int]:
    return {port["name"]: port["port"] for port in document["spec"]["ports"]}


@each_overlay
@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_knows_all_that_is_said(built: Built, version: str) -> None:
    for document in built.documents:
        if document["kind"] not in OF_THE_OPERATOR:
            assert kubernetes_validate.validate(document, version, strict=True) == version


def test_kubernetes_would_refuse_what_it_does_not_know(sqlite: Built) -> None:
    budget = sqlite.the("PodDisruptionBudget")
    misspelt = {**budget, "spec": {**budget["spec"], "maxUnavailabel": 1}}
    with pytest.raises(kubernetes_validate.ValidationError, match="maxUnavailabel"):
        kubernetes_validate.validate(misspelt, VERSIONS[0], strict=True)


@each_overlay
def test_everything_is_in_one_namespace_that_takes_restricted_pods_alone(built: Built) -> None:
    (namespace,) = built.of_kind("Namespace")
    assert labels(namespace)["pod-security.kubernetes.io/enforce"] == "restricted"
    others = [document for document in built.documents if document is not namespace]
    assert {document["metadata"]["namespace"] for document in others} == {
        namespace["metadata"]["name"]
    }


@each_overlay
def test_no_object_is_too_large_to_be_applied(built: Built) -> None:
    sizes = [len(yaml.dump(document, Dumper=yaml.CSafeDumper)) for document in built.documents]
    assert max(sizes) < LARGEST


@each_overlay
def test_a_secret_is_none_of_the_objects(built: Built) -> None:
    assert built.of_kind("Secret") == []


@each_overlay
@pytest.mark.parametrize("kind", OF_THE_OPERATOR)
def test_what_the_operator_reads_is_what_is_committed(built: Built, kind: str) -> None:
    (found,) = built.of_kind(kind)
    assert without_namespace(found) == read(OF_THE_OPERATOR[kind])


@each_overlay
def test_the_dashboards_are_those_that_are_committed(built: Built) -> None:
    dashboards = committed("kube-prometheus/dashboards.yaml")
    found = [
        without_namespace(document)
        for document in built.of_kind("ConfigMap")
        if "grafana_dashboard" in document["metadata"].get("labels", {})
    ]
    by_name = {dashboard["metadata"]["name"]: dashboard for dashboard in dashboards}
    assert {dashboard["metadata"]["name"]: dashboard for dashboard in found} == by_name
    assert by_name.keys() != set()


@each_overlay
def test_prometheus_scrapes_each_pod_once(built: Built) -> None:
    (monitor,) = built.of_kind("ServiceMonitor")
    (endpoint,) = monitor["spec"]["endpoints"]
    wanted = monitor["spec"]["selector"]["matchLabels"]
    scraped = [found for found in built.of_kind("Service") if is_selected(wanted, found)]
    assert [found["metadata"]["name"] for found in scraped] == ["threads-exporter"]
    assert endpoint["port"] in ports(scraped[0])
    assert labels(scraped[0])[monitor["spec"]["jobLabel"]] == "threads-exporter"


@each_overlay
def test_no_port_of_the_api_is_one_that_prometheus_scrapes(built: Built) -> None:
    (monitor,) = built.of_kind("ServiceMonitor")
    scraped = {endpoint["port"] for endpoint in monitor["spec"]["endpoints"]}
    assert ports(built.the("Service", "threads-exporter-api")).keys() & scraped == set()


@each_overlay
def test_each_pod_has_a_name_and_is_scraped_though_it_is_not_ready(built: Built) -> None:
    service = built.the("Service", built.stateful_set["serviceName"])["spec"]
    assert service["clusterIP"] == "None"
    assert service["publishNotReadyAddresses"] is True


@each_overlay
def test_publishers_reach_only_what_is_ready_and_not_about_to_end(built: Built) -> None:
    service = built.the("Service", "threads-exporter-api")["spec"]
    assert service["type"] == "ClusterIP"
    assert "publishNotReadyAddresses" not in service
    assert built.container["lifecycle"]["preStop"]["sleep"]["seconds"] == 5


@each_overlay
@pytest.mark.parametrize("kind", ["NetworkPolicy", "PodDisruptionBudget", "Service", "StatefulSet"])
def test_what_selects_pods_selects_these(built: Built, kind: str) -> None:
    template = built.stateful_set["template"]
    for document in built.of_kind(kind):
        selector = document["spec"].get("podSelector") or document["spec"]["selector"]
        wanted = selector.get("matchLabels", selector)
        assert wanted != {}
        assert is_selected(wanted, template)


@each_overlay
def test_replicas_are_spread_over_nodes_and_zones_where_that_can_be(built: Built) -> None:
    spread = built.pod["topologySpreadConstraints"]
    assert [constraint["topologyKey"] for constraint in spread] == [
        "kubernetes.io/hostname",
        "topology.kubernetes.io/zone",
    ]
    for constraint in spread:
        assert is_selected(
            constraint["labelSelector"]["matchLabels"], built.stateful_set["template"]
        )
        assert constraint["whenUnsatisfiable"] == "ScheduleAnyway"


@each_overlay
def test_a_node_can_be_drained_whatever_state_the_pods_are_in(built: Built) -> None:
    budget = built.the("PodDisruptionBudget")["spec"]
    assert (budget["maxUnavailable"], budget["unhealthyPodEvictionPolicy"]) == (1, "AlwaysAllow")
    assert "minAvailable" not in budget


@each_overlay
def test_the_exporter_may_ask_nothing_of_kubernetes(built: Built) -> None:
    account = built.the("ServiceAccount", built.pod["serviceAccountName"])
    assert account["automountServiceAccountToken"] is False
    assert built.pod["automountServiceAccountToken"] is False
    assert not any("Role" in document["kind"] for document in built.documents)


@each_overlay
def test_prometheus_and_publishers_alone_reach_its_one_port(built: Built) -> None:
    policy = built.the("NetworkPolicy")["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    (rule,) = policy["ingress"]
    assert [source["namespaceSelector"]["matchLabels"] for source in rule["from"]] == [
        {"kubernetes.io/metadata.name": "monitoring"},
        {"threads-exporter/publishers": "true"},
    ]
    assert [port["port"] for port in rule["ports"]] == ["http"]


@each_overlay
def test_it_reaches_dns_and_the_internets_https(built: Built) -> None:
    names, meta = built.the("NetworkPolicy")["spec"]["egress"]
    assert {(port["port"], port["protocol"]) for port in names["ports"]} == {
        (53, "TCP"),
        (53, "UDP"),
    }
    assert [port["port"] for port in meta["ports"]] == [443]
    blocks = [to["ipBlock"] for to in meta["to"]]
    assert [block["cidr"] for block in blocks] == ["0.0.0.0/0", "::/0"]
    assert "169.254.0.0/16" in blocks[0]["except"]


@on_postgresql
def test_it_reaches_postgresql_where_it_needs_to(built: Built) -> None:
    policy = built.the("NetworkPolicy", "threads-exporter-postgresql")["spec"]
    assert policy["policyTypes"] == ["Egress"]
    assert [port["port"] for rule in policy["egress"] for port in rule["ports"]] == [5432]


def test_it_reaches_postgresql_nowhere_else(sqlite: Built) -> None:
    assert len(sqlite.of_kind("NetworkPolicy")) == 1


def test_a_sqlite_file_has_one_process_at_a_time(sqlite: Built) -> None:
    (claim,) = sqlite.stateful_set["volumeClaimTemplates"]
    assert sqlite.stateful_set["replicas"] == 1
    assert sqlite.stateful_set["updateStrategy"] == {"type": "RollingUpdate"}
    assert claim["spec"]["accessModes"] == ["ReadWriteOncePod"]


@on_postgresql
def test_replicas_start_side_by_side_and_keep_nothing_of_their_own(built: Built) -> None:
    assert built.stateful_set["podManagementPolicy"] == "Parallel"
    assert built.stateful_set["replicas"] > 1
    assert "volumeClaimTemplates" not in built.stateful_set


@each_overlay
def test_the_image_is_the_release_of_this_source(built: Built) -> None:
    assert built.container["image"] == f"ghcr.io/threads-exporter/threads-exporter:{VERSION}"


def test_a_change_of_the_configuration_restarts_and_one_of_accounts_does_not(sqlite: Built) -> None:
    names = {document["metadata"]["name"] for document in sqlite.of_kind("ConfigMap")}
    used = {
        volume["configMap"]["name"] for volume in sqlite.pod["volumes"] if "configMap" in volume
    }
    assert used <= names
    assert "threads-exporter-accounts" in used
    (config,) = used - {"threads-exporter-accounts"}
    assert re.fullmatch(r"threads-exporter-config-[a-z0-9]{10}", config)
