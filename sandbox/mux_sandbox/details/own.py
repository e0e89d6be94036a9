"""Custom dimensions, some of them with awkward values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mux_sandbox.world.dice import Dice
from mux_sandbox.world.vocabulary import AWKWARD_TITLES

if TYPE_CHECKING:
    from mux_sandbox.world.interface import Row


def make(view: Row) -> Row:
    """Make up the fields."""
    dice = Dice(view["id"], "own")
    return {
        "sub_property_id": dice.pick(("news", "kids", None)),
        "custom_1": dice.pick(("logged-in", "anonymous")),
        "custom_2": f"campaign-{dice.between(1, 9)}" if dice.chance(0.3) else None,
        "custom_3": dice.pick(AWKWARD_TITLES) if dice.chance(0.2) else None,
        "custom_4": "" if dice.chance(0.5) else None,
        **dict.fromkeys(f"custom_{number}" for number in range(5, 10)),
        "custom_10": f"build {dice.between(1, 3)}.0" if dice.chance(0.6) else None,
    }
