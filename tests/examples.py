"""How often a property is tried: as often as it says, and a hundred times that to fuzz."""

from hypothesis import settings

_USUAL = 100


def examples(count: int) -> settings:
    """Return settings for so many examples, scaled as the profile scales hypothesis' usual 100."""
    return settings(max_examples=count * settings().max_examples // _USUAL)
