from collections.abc import Sequence


def p99(values: Sequence[float]) -> float:
    """Return the smallest value that 99 in 100 do not exceed."""
    return sorted(values)[max(-(-len(values) * 99 // 100) - 1, 0)]
