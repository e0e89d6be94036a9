"""The talkative outputs of robots: key moments and scenes, with what is said in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mux_sandbox.world.vocabulary import AWKWARD_TITLES, TOPICS

if TYPE_CHECKING:
    from mux_sandbox.world.dice import Dice
    from mux_sandbox.world.interface import Row

_SAID = ("And then the ferry came.", "Salt, and nothing else.", "Wie war das noch?", "Voilà !")


class Task(NamedTuple):
    """What the outputs of a job are made from."""

    parameters: Row
    asset: Row
    dice: Dice


def cues(asset: Row, dice: Dice) -> list[Row]:
    """Give pieces of what is said in an asset, in order."""
    length = int(asset["duration"] * 1000)
    count = dice.between(1, 4)
    return [
        {
            "start_ms": length * n // count,
            "end_ms": length * (n + 1) // count,
            "text": dice.pick((*_SAID, *AWKWARD_TITLES)),
        }
        for n in range(count)
    ]


def _seen(asset: Row, dice: Dice) -> Row:
    if "aspect_ratio" not in asset:
        return {}
    concept = {
        "concept": dice.pick(TOPICS).lower(),
        "score": round(dice.random(), 3),
        "rationale": "It is in the middle of the picture.",
    }
    return {
        "visual_narrative": "The camera follows the shore.",
        "notable_visual_concepts": [concept],
    }


def key_moments(task: Task) -> Row:
    """Give the outputs of find-key-moments."""
    parameters, asset, dice = task
    moments = []
    for cue in cues(asset, dice)[: parameters.get("max_moments", 10)]:
        moment: Row = {
            "start_ms": cue["start_ms"],
            "end_ms": cue["end_ms"],
            "cues": [cue],
            "overall_score": round(dice.random(), 3),
            "title": dice.pick(TOPICS),
            "audible_narrative": "Someone tells how it went.",
            "notable_audible_concepts": [dice.pick(TOPICS).lower() for _ in range(2)],
            **_seen(asset, dice),
        }
        if dice.chance(0.6):
            quote = {"start_ms": cue["start_ms"], "text": cue["text"]}
            moment["quotable_segment"] = quote
        moments.append(moment)
    return {"moments": moments}


def scenes(task: Task) -> Row:
    """Give the outputs of find-scenes."""
    _, asset, dice = task
    found = []
    for cue in cues(asset, dice):
        half = (cue["start_ms"] + cue["end_ms"]) // 2
        shots = [
            {"start_ms": start, "end_ms": end, "visual_description": "Water, and a pier."}
            for start, end in ((cue["start_ms"], half), (half, cue["end_ms"]))
        ]
        scene: Row = {
            "start_ms": cue["start_ms"],
            "end_ms": cue["end_ms"],
            "title": dice.pick(TOPICS),
            "cues": [cue],
            "shot_count": len(shots),
            **_seen(asset, dice),
        }
        if dice.chance(0.8):
            scene["audible_narrative"] = "Two people talk."
            scene["blended_narrative"] = "Two people talk while the camera follows the shore."
            scene["notable_audible_concepts"] = ["small talk"]
        if dice.chance(0.5):
            scene["shots"] = shots
        found.append(scene)
    return {"scenes": found}
