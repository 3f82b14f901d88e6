from itertools import pairwise

from exporter.containers.lifecycle import LifecycleRules


def longest_gap(rules: LifecycleRules) -> float:
    """Return the most that can lie between an ask and the next one."""
    gaps = (later - sooner for sooner, later in pairwise((0.0, *rules.later_asks)))
    return max(rules.interval, *gaps)
