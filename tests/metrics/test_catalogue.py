from exporter.metrics.catalogue import METRICS
from exporter.metrics.page import SECTIONS
from exporter.metrics.probe import PROBE


def test_the_catalogue_has_all_that_the_page_documents_but_the_probe() -> None:
    documented = {desc.name: desc for _, descs in SECTIONS for desc in descs}
    probed = {desc.name: desc for desc in PROBE}

    assert documented == {**METRICS, **probed}
