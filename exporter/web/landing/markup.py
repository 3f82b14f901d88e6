"""HTML that is escaped unless it was made here."""

from html import escape


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def escaped(text: str) -> Html:
    return text if isinstance(text, Html) else Html(escape(text))


def joined(*contents: str) -> Html:
    return Html("".join(map(escaped, contents)))


def element(tag: str, *contents: str, **attributes: str) -> Html:
    """Return an element; `class_` stands for class, `data_label` for data-label.

    An attribute that is empty is left out.
    """
    return Html(f"{void_element(tag, **attributes)}{joined(*contents)}</{tag}>")


def void_element(tag: str, **attributes: str) -> Html:
    """Return an element that has no content and no end, with attributes as in `element`."""
    written = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for name, value in attributes.items()
        if value
    )
    return Html(f"<{tag}{written}>")
