"""Generated directives: five sets of workflows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mux_sandbox.world.dice import Dice
from mux_sandbox.world.identities import DIRECTIVES, directive_id
from mux_sandbox.world.robot_workflows import DETAILED
from mux_sandbox.world.slow_tables import DAY, FOUNDED

if TYPE_CHECKING:
    from mux_sandbox.world.interface import Row

_FIRST = FOUNDED + 90 * DAY
_DAYS_BETWEEN = 30
_UPDATED_EACH = 60


def _track(name: str, language: str, source: Row, kind: str = "caption") -> Row:
    return {
        "reference_id": name,
        "type": "video.asset.track",
        "kind": kind,
        "language": language,
        "source": source,
    }


_MAKE_SUBTITLES = {
    "via": "mux_api",
    "action": "generate_subtitles",
    "params": {"language_code": "auto", "source_audio_language": "en"},
}
_FETCH_TRACK = {
    "via": "mux_api",
    "action": "create_track",
    "params": {
        "url": "https://studio:sandbox-password@media.example.com/house-captions.vtt?v=1#cues",
        "language_code": "en",
        "type": "text",
    },
}
_FIND_SHOTS = {
    "via": "mux_api",
    "action": "request_shots",
    "params": {"image_source": "create_storyboards"},
}
_CONTENTS: tuple[tuple[str, list[Row], dict[str, list[str]]], ...] = (
    (
        "Captions for everyone",
        [
            _track("premium", "en", {"via": "workflow", "binding": "do-generate-premium-captions"}),
            _track("spoken", "en", {"via": "required"}, "audio"),
        ],
        {
            "generate-premium-captions": ["spoken"],
            "translate-captions": ["premium"],
            "edit-captions": ["premium"],
        },
    ),
    (
        'Make it "findable"',
        [_track("subtitles", "en", _MAKE_SUBTITLES)],
        {
            "summarize": ["subtitles"],
            "generate-chapters": ["subtitles"],
            "find-best-thumbnails": [],
        },
    ),
    (
        "Sicherheit geht vor",
        [_track("from-the-desk", "de", {"via": "external"})],
        {"moderate": [], "ask-questions": ["from-the-desk"]},
    ),
    (
        "Highlights",
        [{"reference_id": "shots", "type": "video.asset.shots", "source": _FIND_SHOTS}],
        {
            "find-scenes": ["shots"],
            "find-key-moments": ["shots"],
            "generate-engagement-insights": [],
        },
    ),
    (
        "In other languages",
        [_track("house-captions", "en", _FETCH_TRACK)],
        {
            "translate-audio": [],
            "translate-captions": ["house-captions"],
            "summarize": ["house-captions"],
        },
    ),
)
"""For each directive: name, resources, and workflows with the resources that they need."""


def directives(seed: int, now: float) -> tuple[list[Row], float]:
    """Give the directives, newest first."""
    rows = []
    until = float("inf")
    for number in range(DIRECTIVES, 0, -1):
        dice = Dice(seed, "directives", number)
        created = _FIRST + number * _DAYS_BETWEEN * DAY + dice.between(0, DAY)
        if now < created:
            until = created
            continue
        updated = int(now - (now - created) % (_UPDATED_EACH * DAY))
        until = min(until, updated + _UPDATED_EACH * DAY)
        name, resources, _ = _CONTENTS[number - 1]
        rows.append(
            {
                "id": directive_id(seed, number),
                "name": name,
                "subject": {"type": "video.asset"},
                "resources": resources,
                "workflows": bindings_of(number),
                "created_at": created,
                "updated_at": updated,
            }
        )
    return rows, until


def bindings_of(number: int) -> list[Row]:
    """Give the workflow bindings of a directive, counted from 1."""
    return [
        {
            "reference_id": f"do-{workflow}",
            "workflow": workflow,
            "inputs": inputs,
            "params": DETAILED[workflow],
        }
        for workflow, inputs in _CONTENTS[number - 1][2].items()
    ]


def sources_of(number: int, binding: Row) -> list[str]:
    """Name the bindings of a directive that a binding waits for."""
    return [
        resource["source"]["binding"]
        for resource in _CONTENTS[number - 1][1]
        if resource["reference_id"] in binding["inputs"] and "binding" in resource["source"]
    ]
