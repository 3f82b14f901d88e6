_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def in_words(seconds: float) -> str:
    """Return a time span in its two largest units, as in `4 d 3 h`."""
    rest = max(0, int(seconds))
    parts: list[tuple[int, str]] = []
    for size, unit in _UNITS:
        count, rest = divmod(rest, size)
        if count or parts:
            parts.append((count, unit))
    shown = parts[:2] or [(0, "s")]
    return " ".join(f"{count} {unit}" for count, unit in shown if count or len(shown) == 1)
