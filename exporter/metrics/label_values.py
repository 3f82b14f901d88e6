import re

from exporter.metrics.desc import Label

# A lone surrogate cannot be encoded as UTF-8, and Prometheus has misread NUL: one such value
# would cost the whole scrape.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\ud800-\udfff]")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def clean(value: str, label: Label) -> str:
    """Return the value without what breaks a scrape, cut to the label's length."""
    if value.isprintable() and len(value) <= label.max_length:
        return value
    return _UNPRINTABLE.sub(_REPLACEMENT, value[: label.max_length])
