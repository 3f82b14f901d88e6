from collections.abc import Callable, Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The names of accounts that may be cared for though this process knows of none such.

    `is_own` tells the names that no other shard has; `is_whole` whether each source has told of
    its accounts; `others` are those that another process of this shard holds.
    """

    is_own: Callable[[str], bool]
    is_whole: bool
    others: Collection[str] = ()

    def __contains__(self, name: object) -> bool:
        is_nobodys = self.is_whole and isinstance(name, str) and self.is_own(name)
        return not is_nobodys or name in self.others
