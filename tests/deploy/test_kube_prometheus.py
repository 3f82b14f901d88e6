from exporter.metrics.catalogue import METRICS
from tests.deploy.shipped import DEPLOY, read

MONITOR = read("kube-prometheus/service-monitor.yaml")
SET_BY_THE_OPERATOR = {"container", "endpoint", "instance", "job", "namespace", "pod", "service"}


def test_it_selects_the_service_whose_name_is_the_job() -> None:
    assert MONITOR["spec"]["selector"]["matchLabels"] == {
        MONITOR["spec"]["jobLabel"]: "threads-exporter"
    }


def test_it_scrapes_the_metrics_twice_a_minute() -> None:
    (endpoint,) = MONITOR["spec"]["endpoints"]
    assert (endpoint["port"], endpoint["path"]) == ("http", "/metrics")
    assert (endpoint["interval"], endpoint["honorLabels"]) == ("30s", False)


def test_no_label_of_the_target_displaces_one_of_the_exporter() -> None:
    (endpoint,) = MONITOR["spec"]["endpoints"]
    dropped = {
        relabeling["regex"]
        for relabeling in endpoint["relabelings"]
        if relabeling["action"] == "labeldrop"
    }
    used = {label for metric in METRICS.values() for label in metric.label_names}
    assert used & (SET_BY_THE_OPERATOR - dropped) == set()


def test_the_kustomization_has_all_of_the_folder() -> None:
    folder = DEPLOY / "kube-prometheus"
    others = {file.name for file in folder.iterdir()} - {"kustomization.yaml"}
    assert set(read("kube-prometheus/kustomization.yaml")["resources"]) == others
