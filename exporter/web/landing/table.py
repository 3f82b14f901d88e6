from collections.abc import Sequence

from exporter.domain import FailureReason, QuotaKind
from exporter.web.landing.attention import Tone
from exporter.web.landing.markup import Html, element, joined
from exporter.web.landing.rows import AccountRow, Badge, QuotaCell

_QUOTAS = {
    QuotaKind.PUBLISH: "Publish",
    QuotaKind.REPLY: "Reply",
    QuotaKind.DELETE: "Delete",
    QuotaKind.LOCATION_SEARCH: "Location search",
}
_NOTHING = element("span", Html("&ndash;"), class_="nothing")


def accounts_table(rows: Sequence[AccountRow]) -> Html:
    head = element("thead", element("tr", *_headings()))
    return element("table", head, element("tbody", *map(_row, rows)))


def _headings() -> tuple[Html, ...]:
    columns = (
        ("Account", "account"),
        ("Token", "token"),
        *((title, "quota") for title in _QUOTAS.values()),
        ("Containers", "containers"),
        ("Quotas seen", "seen"),
        ("Last failure", "failure"),
    )
    return tuple(element("th", title, scope="col", class_=kind) for title, kind in columns)


def _row(row: AccountRow) -> Html:
    return element(
        "tr",
        _account(row),
        element("td", _badge(row.token), class_="token", data_label="Token"),
        *(_quota(title, row.quotas.get(kind)) for kind, title in _QUOTAS.items()),
        _containers(row),
        _seen(row),
        _failures(row),
        class_=row.tone,
    )


def _account(row: AccountRow) -> Html:
    name = element("span", row.name, class_="name")
    return element("th", name, element("span", row.user_id, class_="detail"), scope="row")


def _badge(badge: Badge) -> Html:
    text = element("span", badge.text, class_=f"badge {badge.tone}")
    return joined(text, element("span", badge.detail, class_="detail")) if badge.detail else text


def _quota(title: str, cell: QuotaCell | FailureReason | None) -> Html:
    if isinstance(cell, QuotaCell):
        content = _usage(cell)
    elif cell is None:
        content = _NOTHING
    else:
        content = element("span", cell.value.replace("_", " "), class_="detail")
    return element("td", content, class_="quota", data_label=title)


def _usage(cell: QuotaCell) -> Html:
    limit = "no limit told" if cell.limit is None else f"{cell.limit:,}"
    numbers = joined(f"{cell.usage:,}", element("span", f" / {limit}", class_="limit"))
    usage = element("span", numbers, class_="usage")
    if cell.share is None:
        return usage
    return joined(usage, _bar(cell.share, cell.tone), _share(cell.share, cell.tone))


def _share(share: float, tone: Tone) -> Html:
    """Say in words what a colour alone would."""
    if tone is Tone.GOOD:
        return Html()
    return element("span", f"{int(share * 100)}% used", class_=f"share {tone}")


def _bar(share: float, tone: Tone) -> Html:
    """Draw a share as SVG: a width in a style attribute is what the page's policy forbids."""
    track = element("rect", class_="track", width="100", height="4")
    fill = element("rect", class_="fill", width=f"{min(share, 1) * 100:.1f}", height="4")
    return element(
        "svg",
        track,
        fill,
        class_=f"bar {tone}",
        viewBox="0 0 100 4",
        preserveAspectRatio="none",
        aria_hidden="true",
    )


def _containers(row: AccountRow) -> Html:
    counts = (
        element("span", f"{row.unfinished:,} unfinished", class_="count") if row.unfinished else "",
        element("span", f"{row.failed:,} failed", class_="badge bad") if row.failed else "",
    )
    content = joined(*counts) or _NOTHING
    return element("td", content, class_="containers", data_label="Containers")


def _seen(row: AccountRow) -> Html:
    seen = element("span", row.quota_seen, class_="count")
    return element("td", seen, class_="seen", data_label="Quotas seen")


def _failures(row: AccountRow) -> Html:
    paused = element("span", row.paused, class_="badge notice") if row.paused else Html()
    content = joined(paused, *map(_badge, row.failures)) or _NOTHING
    return element("td", content, class_="failure", data_label="Last failure")
