"""Writes the operator's page on the error catalogue: `python -m exporter.threads_api.docs`."""

from itertools import chain
from pathlib import Path

import click

from exporter.domain import FailureReason
from exporter.threads_api.catalogue import ENTRIES, Action, Category, Entry, RateLimitScope

PAGE = Path("docs/errors.md")

_TITLES = {
    Category.AUTHENTICATION: "Authentication",
    Category.MEDIA: "Media",
    Category.VIDEO: "Video",
    Category.RATE_LIMIT: "Rate limits",
    Category.PERMISSION: "Permissions",
    Category.ACCOUNT: "Account",
    Category.REQUEST: "Request",
    Category.PLATFORM: "Platform",
}

_INTRODUCTION = """\
<!-- Written by `python -m exporter.threads_api.docs` from the catalogue; change it there. -->

# Errors of the Threads API

Every error that Meta answers is looked up in one catalogue. Its entries are the label values
`error`, `category` and `action` of `threads_api_errors_total` (met by the exporter's polls) and
`threads_reported_errors_total` (reported by publishers); `threads_api_error_info` carries the
solution, so that an alert can show it. The same catalogue answers on the command line, from a
message, a code, or a whole JSON body:

```console
$ threads-exporter explain 190/463
$ threads-exporter explain 'Error validating access token: Session has expired'
$ threads-exporter explain -- -2/2207003
```

Meta's own text is never shown, logged or stored: it may repeat what was sent, access tokens
included.

## How an error is recognised

The entry that recognises most of an answer has it. From most to least:

1. code and subcode (`190/463`)
2. one of the publishing subcodes (2207…, 4279…), whatever the code
3. a code that stands for several errors, with words of the message or with `is_transient`
4. the code
5. words of the message, in any case
6. `is_transient` true
7. the HTTP status

So a code decides before the words do: 190 is a token's error whatever its message says. Only for
a code that says too little, such as 100 (some parameter is wrong), do words choose among the
entries that name this code.
"""


def render() -> str:
    """Return the page."""
    sections = [_INTRODUCTION, _actions(), *(_section(category) for category in Category)]
    return "\n".join(sections)


@click.command()
@click.option("--check", is_flag=True, help="Change nothing; fail when the page is out of date.")
@click.argument("page", type=click.Path(path_type=Path, dir_okay=False), default=PAGE)
def main(page: Path, *, check: bool) -> None:
    """Write the operator's page on the error catalogue."""
    if not check:
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(render(), encoding="utf-8")
    elif not page.is_file() or page.read_text(encoding="utf-8") != render():
        raise click.ClickException(
            f"{page} is not what the catalogue says; run python -m exporter.threads_api.docs"
        )


def _actions() -> str:
    rows = [f"| `{action}` | {action.meaning} |" for action in Action]
    return "\n".join(["## Actions", "", "| action | what it asks for |", "|---|---|", *rows, ""])


def _section(category: Category) -> str:
    entries = [entry for entry in ENTRIES if entry.known.category == category]
    rows = [
        f"| [`{entry.known.name}`](#{entry.known.name}) | `{entry.known.action}` "
        f"| `{entry.reason}` | {_effect(entry)} |"
        for entry in entries
    ]
    head = [
        f"## {_TITLES[category]} (`{category}`)",
        "",
        "| error | action | `reason` of a failed poll | effect on the exporter |",
        "|---|---|---|---|",
    ]
    return "\n".join([*head, *rows, "", *chain.from_iterable(map(_details, entries))])


def _details(entry: Entry) -> list[str]:
    matches = ", ".join(str(matcher) for matcher in entry.matches)
    return [
        f"### {entry.known.name}",
        "",
        entry.meaning,
        "",
        f"- **Solution:** {entry.known.solution}",
        f"- **Matched by:** {matches}",
        "",
    ]


def _effect(entry: Entry) -> str:
    if entry.token_reason is not None:
        return (
            "`threads_token_valid` is 0, "
            f'`threads_token_invalid_reason{{reason="{entry.token_reason}"}}` is 1'
        )
    if entry.scope is not None:
        return _PAUSES[entry.scope]
    return _EFFECTS.get(entry.reason, "none")


_PAUSES = {
    RateLimitScope.APP: "pauses all accounts of the app",
    RateLimitScope.ACCOUNT: "pauses the account",
}

_EFFECTS = {
    FailureReason.PERMISSION: "a quota that is refused alone is left out; the others are read",
    FailureReason.UNSUPPORTED: "a quota that is refused alone is left out; the others are read",
    FailureReason.NOT_FOUND: "a container that stays unknown ends as `lost`",
}

if __name__ == "__main__":
    main()
