from collections.abc import Mapping, Sequence
from itertools import pairwise


def p99(values: Sequence[float]) -> float:
    """Return the smallest value that 99 in 100 do not exceed."""
    return sorted(values)[max(-(-len(values) * 99 // 100) - 1, 0)]


def histogram_p99(buckets: Mapping[float, float]) -> float:
    """Return what histogram_quantile(0.99, …) makes of cumulative counts by upper bound."""
    bounds = sorted(buckets)
    wanted = 0.99 * buckets[bounds[-1]]
    for below, bound in pairwise((0.0, *bounds)):
        if buckets[bound] >= wanted:
            before = buckets.get(below, 0.0)
            share = (wanted - before) / max(buckets[bound] - before, 1.0)
            return below + (bound - below) * share if bound != float("inf") else below
    return bounds[-1]
