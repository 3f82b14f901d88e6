from base64 import b64encode
from datetime import UTC, datetime
from hashlib import sha256
from importlib.resources import files
from string import Template

from exporter.web.backend import WebOptions
from exporter.web.landing.attention import Need
from exporter.web.landing.markup import Html, element, joined, void_element
from exporter.web.landing.overview import Overview
from exporter.web.landing.table import accounts_table

_FOLDER = files("exporter.web.landing")
_PAGE = Template((_FOLDER / "page.html").read_text("utf-8"))
_STYLE = (_FOLDER / "style.css").read_text("utf-8")
_STYLE_HASH = b64encode(sha256(_STYLE.encode()).digest()).decode()

_SHOW_ALL = element("a", "Show all", href="/")

CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; img-src data:; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)

_NEEDS = {
    Need.TOKEN_INVALID: "with an invalid token",
    Need.QUOTA_EXHAUSTED: "with an exhausted quota",
    Need.TOKEN_EXPIRES: "with a token that expires soon",
    Need.POLLS_FAIL: "with failing polls",
}


def render_page(overview: Overview, now: float, options: WebOptions) -> str:
    """Return the landing page; `now` is Unix seconds."""
    return _PAGE.substitute(
        style=_STYLE,
        version=joined(options.version),
        links=_links(options.telemetry_path),
        headline=joined(_headline(overview)),
        needs=_needs(overview),
        filter=_filter(overview) if overview.total else "",
        accounts=_accounts(overview),
        time=joined(datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")),
    )


def _links(telemetry_path: str) -> Html:
    targets = {
        "Metrics": telemetry_path,
        "Health": "/-/healthy",
        "Readiness": "/-/ready",
        "Configuration": "/config",
    }
    return joined(*(element("a", name, href=target) for name, target in targets.items()))


def _headline(overview: Overview) -> str:
    if not overview.total:
        return "No accounts yet"
    accounts = _counted(overview.total, "account", "accounts")
    if not overview.polled:
        return f"{accounts}, none polled yet"
    if overview.needing:
        return f"{accounts}: {_counted(overview.needing, 'needs', 'need')} a hand"
    return f"{accounts}, all well"


def _needs(overview: Overview) -> Html:
    chips = [
        element("li", f"{count:,} {_NEEDS[need]}", class_=f"badge {need.tone}")
        for need, count in overview.needs.items()
        if count
    ]
    return element("ul", *chips, class_="needs") if chips else Html()


def _counted(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"


def _filter(overview: Overview) -> Html:
    field = void_element(
        "input",
        type="search",
        name="q",
        value=overview.query,
        placeholder="Account, user id or label",
        aria_label="Filter the accounts",
    )
    button = element("button", "Filter", type="submit")
    return element("form", field, button, role="search", action="/")


def _accounts(overview: Overview) -> Html:
    if not overview.total:
        return _notice(
            "Nothing to watch so far",
            "Add an account under accounts: in the configuration file and reload the exporter.",
        )
    if not overview.rows:
        return _notice("No match", f"No account matches “{overview.query}”. ", _SHOW_ALL)
    return joined(_extent(overview), accounts_table(overview.rows))


def _notice(title: str, *sentences: str) -> Html:
    return element("div", element("h2", title), element("p", *sentences), class_="empty")


def _extent(overview: Overview) -> Html:
    """Say which part of the accounts is shown, if not all are."""
    shown = len(overview.rows)
    if shown == overview.total:
        return Html()
    if shown < overview.matching:
        sentence = f"The first {shown:,} of {overview.matching:,}: filter to see the others. "
    else:
        sentence = f"{shown:,} of {overview.total:,} match “{overview.query}”. "
    return element("p", sentence, _SHOW_ALL if overview.query else "", class_="extent")
