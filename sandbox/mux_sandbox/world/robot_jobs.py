"""A generated robot job and its states."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mux_sandbox.world.dice import Dice, weighted
from mux_sandbox.world.robot_workflows import (
    CAPTION_WORKFLOWS,
    PICTURE_WORKFLOWS,
    results,
    text_tracks,
)
from mux_sandbox.world.vocabulary import AWKWARD_TITLES

if TYPE_CHECKING:
    from mux_sandbox.world.interface import Row

KEPT_SECONDS = 30 * 86_400
_FATES = weighted({"completed": 17, "errored": 2, "cancelled": 1})
_ERRORS: tuple[Row, ...] = (
    {"type": "timeout", "message": "It took too long.", "retryable": True},
    {"type": "no_speech", "message": "Nobody says a word.", "retryable": False},
    {"type": "internal", "message": 'Something "odd" happened.'},
)
_API = "https://api.mux.com"


class Job(NamedTuple):
    """One job."""

    asked: Row
    """The fields that it has from the beginning."""
    outcome: Row
    created: int
    begun: int
    ended: int

    def at(self, now: float) -> tuple[Row | None, float]:
        """Give the record at a time, if any, and until when it is valid."""
        if now < self.created:
            return None, self.created
        if now < self.begun:
            return self._in_work("pending", self.created), self.begun
        if now < self.ended:
            return self._in_work("processing", self.begun), self.ended
        gone = self.created + KEPT_SECONDS
        row = self.asked | self.outcome | {"updated_at": self.ended}
        return (row, gone) if now < gone else (None, float("inf"))

    def _in_work(self, status: str, since: int) -> Row:
        return self.asked | {"status": status, "units_consumed": 0, "updated_at": since}


def suits(workflow: str, asset: Row) -> bool:
    """Tell whether an asset has what a workflow needs."""
    if asset["status"] != "ready" or "duration" not in asset:
        return False
    if workflow in CAPTION_WORKFLOWS:
        return bool(text_tracks(asset))
    return workflow not in PICTURE_WORKFLOWS or "aspect_ratio" in asset


def make_job(
    key: tuple[object, ...],
    workflow: str,
    settings: Row,
    asset: Row,
    created: int,
    *,
    directive: Row | None = None,
) -> Job:
    """Make a job about an asset; each job has its own key."""
    dice = Dice("job", *key)
    parameters = {"asset_id": asset["id"], **settings}
    if workflow in CAPTION_WORKFLOWS:
        parameters["track_id"] = text_tracks(asset)[0]["id"]
    asked: Row = {
        "id": f"rjob_{dice.identifier(32)}",
        "workflow": workflow,
        "created_at": created,
        "parameters": parameters,
        "resources": {"assets": [_resource(asset)]},
    }
    if directive:
        asked["directive"] = directive
    elif dice.chance(0.3):
        asked["passthrough"] = dice.pick((f"order/{dice.between(1, 999)}", *AWKWARD_TITLES))
    begun = created + dice.between(2, 20)
    ended = begun + dice.between(15, 400)
    fate = dice.pick(_FATES)
    outcome: Row = {"status": fate, "units_consumed": 0}
    if fate == "completed":
        outcome["units_consumed"] = dice.between(1, 60)
        outcome["outputs"] = results(workflow, parameters, asset, dice)
    elif fate == "errored":
        outcome["errors"] = [dice.pick(_ERRORS)]
    return Job(asked, outcome, created, begun, ended)


def _resource(asset: Row) -> Row:
    told = {name: asset[name] for name in ("id", "meta", "passthrough") if name in asset}
    return told | {"_links": {"self": {"href": f"{_API}/video/v1/assets/{asset['id']}"}}}
