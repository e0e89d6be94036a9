"""Repeatable chance: the same key always throws the same numbers, on every machine."""

from __future__ import annotations

import base64
import random
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

_Item = TypeVar("_Item")


class Dice(random.Random):
    """A random stream of its own for each key.

    Only built on random() and randbytes(), whose streams Python keeps the same over its versions.
    """

    def __init__(self, *key: object) -> None:
        """Seed the stream with the key."""
        super().__init__(":".join(map(str, key)))

    def chance(self, probability: float) -> bool:
        """Say yes with a probability."""
        return self.random() < probability

    def pick(self, items: Sequence[_Item]) -> _Item:
        """Pick one of the items."""
        return items[int(self.random() * len(items))]

    def between(self, low: int, high: int) -> int:
        """Throw a whole number from low to high."""
        return low + int(self.random() * (high - low + 1))

    def identifier(self, size: int = 44) -> str:
        """Make up an id of letters and digits; the size is a multiple of 4."""
        return base64.b64encode(self.randbytes(size // 4 * 3), b"0k").decode()


def weighted(shares: dict[_Item, int]) -> list[_Item]:
    """List each item as often as its share says, so that picking is a matter of one index."""
    return [item for item, share in shares.items() for _ in range(share)]
