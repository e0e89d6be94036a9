"""Random numbers that are the same for the same key, on every machine."""

from __future__ import annotations

import base64
import random
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

_Item = TypeVar("_Item")


class Dice(random.Random):
    """A random stream of its own for each key.

    Uses only random() and randbytes(), which are the same in all versions of Python.
    """

    def __init__(self, *key: object) -> None:
        """Seed the stream with the key."""
        super().__init__(":".join(map(str, key)))

    def chance(self, probability: float) -> bool:
        """Give True with a probability."""
        return self.random() < probability

    def pick(self, items: Sequence[_Item]) -> _Item:
        """Pick one of the items."""
        return items[int(self.random() * len(items))]

    def between(self, low: int, high: int) -> int:
        """Give a whole number from low to high."""
        return low + int(self.random() * (high - low + 1))

    def identifier(self, size: int = 44) -> str:
        """Make up an id of letters and digits; the size is a multiple of 4."""
        return base64.b64encode(self.randbytes(size // 4 * 3), b"0k").decode()


def weighted(shares: dict[_Item, int]) -> list[_Item]:
    """List each item as often as its share says, for `pick`."""
    return [item for item, share in shares.items() for _ in range(share)]
