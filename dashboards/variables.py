"""The variables of every dashboard, each of which narrows the next."""

from grafana_foundation_sdk.builders.dashboard import DatasourceVariable, QueryVariable
from grafana_foundation_sdk.models.common import DataSourceRef
from grafana_foundation_sdk.models.dashboard import VariableOption, VariableRefresh, VariableSort

from dashboards.promql import EXPORTER

DATA_SOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")
_ALL = VariableOption(selected=True, text="All", value="$__all")

Variable = DatasourceVariable | QueryVariable


def exporter_variables() -> list[Variable]:
    """Return what every dashboard is narrowed by: the data source, the job and the instance."""
    return [
        DatasourceVariable("datasource").label("Data source").type("prometheus"),
        _several(_query("job", "Job", "threads_exporter_build_info")),
        _several(_query("instance", "Instance", 'threads_exporter_build_info{job=~"$job"}')),
    ]


def any_accounts() -> QueryVariable:
    return _several(_accounts())


def one_account() -> QueryVariable:
    return _accounts().multi(multi=False).include_all(include_all=False)


def _accounts() -> QueryVariable:
    return _query("account", "Account", f"threads_account_info{{{EXPORTER}}}")


def _query(name: str, label: str, series: str) -> QueryVariable:
    query = f"label_values({series}, {name})"
    return (
        QueryVariable(name)
        .label(label)
        .datasource(DATA_SOURCE)
        .query(
            {"qryType": 1, "query": query, "refId": "PrometheusVariableQueryEditor-VariableQuery"}
        )
        .definition(query)
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.NATURAL_ASC)
    )


def _several(variable: QueryVariable) -> QueryVariable:
    return variable.multi(multi=True).include_all(include_all=True).all_value(".+").current(_ALL)
