"""Single views in full, made up from their records in the list.

Fields come in groups, each with a module of its own. A group is made when one of its fields is
read, so that metrics over many views only make what they need.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from mux_sandbox.details import content, events, identity, own, playback, player, quality, viewer
from mux_sandbox.world.clock_text import epoch

if TYPE_CHECKING:
    from collections.abc import Callable

    from mux_sandbox.world.interface import Row


class Detail(dict[str, Any]):
    """A single view. It makes up fields that neither its record nor the world gives."""

    def __init__(self, row: Row, known: Row) -> None:
        """Start with the fields of the record and of `known`; the latter win."""
        super().__init__(row)
        self.pop("total_row_count", None)
        # The score is a number in the list and a text here.
        score = row.get("viewer_experience_score")
        self["viewer_experience_score"] = score if score is None else str(score)
        self.update(known)

    def __missing__(self, name: str) -> Any:
        """Make the group that a field is in."""
        for key, value in _GROUP_OF[name](self).items():
            self.setdefault(key, value)
        return self[name]

    @cached_property
    def start(self) -> float:
        """When the view began, in epoch seconds."""
        return epoch(self["view_start"])

    @cached_property
    def end(self) -> float:
        """When the view ended, in epoch seconds."""
        return epoch(self["view_end"])

    def complete(self) -> Row:
        """Give all fields."""
        row = {name: self[name] for name in _FIELDS} | self
        if row["player_error_context"] is None:
            # This is the only field that is left out when it is empty.
            del row["player_error_context"]
        return row


# Each group reads only fields of groups before it.
_GROUPS: tuple[Callable[[Row], Row], ...] = (
    identity.make,
    viewer.make,
    content.make,
    player.make,
    playback.make,
    quality.make,
    own.make,
    events.make,
)
_GROUP_OF: dict[str, Callable[[Row], Row]] = {}
_EXAMPLE = Detail({"id": "example", "view_end": "2026-01-01T00:00:00Z"}, {})
for _group in _GROUPS:
    _GROUP_OF.update(dict.fromkeys(_group(_EXAMPLE), _group))
_FIELDS = sorted({"id", "view_end", "viewer_experience_score", *_GROUP_OF})


def detail(row: Row, known: Row | None = None) -> Row:
    """Give the single view of a record; `known` holds fields that are not made up."""
    return Detail(row, known or {}).complete()


__all__ = ["Detail", "detail"]
