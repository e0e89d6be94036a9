"""The workflows of robots: their parameters and outputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mux_sandbox.world.vocabulary import AWKWARD_TITLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mux_sandbox.world.dice import Dice
    from mux_sandbox.world.interface import Row

PLAIN: dict[str, Row] = {
    "ask-questions": {"questions": [{"question": "Is there music?"}]},
    "edit-captions": {"replacements": [{"find": "gonna", "replace": "going to"}]},
    "find-best-thumbnails": {},
    "find-key-moments": {},
    "find-scenes": {},
    "generate-chapters": {},
    "generate-engagement-insights": {},
    "generate-premium-captions": {},
    "moderate": {},
    "summarize": {},
    "translate-audio": {"to_language_code": "ja"},
    "translate-captions": {"to_language_code": "de"},
}
"""The required parameters of each workflow."""

_MORE: dict[str, Row] = {
    "ask-questions": {
        "questions": [
            {"question": "Where is it?", "answer_options": ["indoors", "outdoors"]},
            {"question": 'What is "slow"?', "free_form_reply": True},
        ]
    },
    "edit-captions": {
        "track_name": "English (edited)",
        "replace_existing_tracks": "replace_all",
        "track_name_suffix": "edited",  # this one and the next are deprecated
        "delete_original_track": True,
    },
    "find-best-thumbnails": {"max_thumbnails": 3},
    "find-key-moments": {"output_steering": {"scope": {"start_time": 2.5, "end_time": 18}}},
    "generate-chapters": {"update_asset_chapters": True},
    "generate-premium-captions": {"language_code": "en", "include_words": True},
    "moderate": {"on_flagged": {"action": "delete_playback_ids"}},
    "translate-audio": {"replace_existing_tracks": "replace_all"},
    "translate-captions": {
        "never_translate": ["Harbour Lights"],
        "replace_existing_tracks": "replace_generated",
    },
}
DETAILED: dict[str, Row] = {name: plain | _MORE.get(name, {}) for name, plain in PLAIN.items()}
"""Required and optional parameters of each workflow; a job adds asset_id and track_id."""

WORKFLOWS = tuple(PLAIN)
CAPTION_WORKFLOWS = ("edit-captions", "translate-captions")
"""These work on a text track of the asset."""

PICTURE_WORKFLOWS = ("find-best-thumbnails", "find-scenes")
_RUBRIC = ("focus", "face_or_action", "composition", "contrast_color", "brand_fit")
_LABELS = ("sexual", "violence")


class _Task(NamedTuple):
    """What a job has to work with."""

    parameters: Row
    asset: Row
    dice: Dice

    def score(self) -> float:
        return round(self.dice.random(), 3)

    def url(self, name: str) -> str:
        """Make the URL of a file, which works for a week."""
        path = f"https://robots.example.com/{self.dice.identifier(24)}/{name}"
        signature = self.dice.randbytes(32).hex()
        return f"{path}?X-Amz-Expires=604800&X-Amz-Signature={signature}"

    def spans(self) -> Iterator[Row]:
        """Divide the asset into parts."""
        length = int(self.asset["duration"] * 1000)
        count = self.dice.between(1, 4)
        for n in range(count):
            yield {"start_ms": length * n // count, "end_ms": length * (n + 1) // count}

    def heard_and_seen(self, span: Row) -> Row:
        """Describe a part of the asset."""
        row: Row = {
            **span,
            "title": "A part of it",
            "cues": [{**span, "text": self.dice.pick(AWKWARD_TITLES)}],
            "audible_narrative": "Someone talks.",
            "notable_audible_concepts": ["talk"],
        }
        if "aspect_ratio" in self.asset:
            concept = {"concept": "water", "score": self.score(), "rationale": "It is blue."}
            row |= {"visual_narrative": "Water.", "notable_visual_concepts": [concept]}
        return row


def text_tracks(asset: Row) -> list[Row]:
    """Give the tracks of an asset with the text of what is said."""
    return [track for track in asset.get("tracks", []) if track.get("text_type") == "subtitles"]


def results(workflow: str, parameters: Row, asset: Row, dice: Dice) -> Row:
    """Give the outputs of a completed job."""
    return _MAKERS[workflow](_Task(parameters, asset, dice))


def _answers(task: _Task) -> Row:
    answers = []
    for question in task.parameters["questions"]:
        skipped = task.dice.chance(0.15)
        answer = task.dice.pick(question.get("answer_options", ("yes", "no")))
        answers.append(
            {
                "question": question["question"],
                "answer": None if skipped else answer,
                "confidence": 0 if skipped else task.score(),
                "reasoning": "It is said in the first minute.",
                "skipped": skipped,
            }
        )
    return {"answers": answers}


def _edited(task: _Task) -> Row:
    outputs: Row = {
        "total_replacement_count": task.dice.between(0, 40),
        "temporary_vtt_url": task.url("edited.vtt"),
        "uploaded_track_id": text_tracks(task.asset)[-1]["id"],
    }
    if "replace_existing_tracks" in task.parameters:
        outputs["replaced_tracks"] = [_replaced(task, "text")]
    return outputs


def _thumbnails(task: _Task) -> Row:
    found = []
    for _ in range(task.parameters.get("max_thumbnails", 1)):
        scores = {name: task.score() for name in _RUBRIC}
        row: Row = {
            "timestamp_ms": int(task.asset["duration"] * 1000 * task.dice.random()),
            "subscores": scores,
            "overall": round(sum(scores.values()) / len(scores), 3),
            "description": "A good picture.",
        }
        found.append(row | ({"alt_text": "A ferry"} if task.dice.chance(0.7) else {}))
    return {"best_thumbnails": sorted(found, key=lambda row: row["overall"], reverse=True)}


def _moments(task: _Task) -> Row:
    moments = []
    for span in task.spans():
        moment = task.heard_and_seen(span) | {"overall_score": task.score()}
        if task.dice.chance(0.6):
            text = moment["cues"][0]["text"]
            moment["quotable_segment"] = {"start_ms": span["start_ms"], "text": text}
        moments.append(moment)
    return {"moments": moments}


def _scenes(task: _Task) -> Row:
    scenes = []
    for span in task.spans():
        scene = task.heard_and_seen(span)
        scene |= {"blended_narrative": "Talk and water.", "shot_count": 1}
        if task.dice.chance(0.5):
            scene["shots"] = [{**span, "visual_description": "Water."}]
        scenes.append(scene)
    return {"scenes": scenes}


def _chapters(task: _Task) -> Row:
    starts = (span["start_ms"] / 1000 for span in task.spans())
    outputs: Row = {"chapters": [{"start_time": start, "title": "A chapter"} for start in starts]}
    if task.parameters.get("update_asset_chapters"):
        # The ids are of tracks that have been deleted since.
        ids = {"track_id": task.dice.identifier(), "replaced_track_id": task.dice.identifier()}
        outputs["asset_update"] = {"status": "created", **ids}
    return outputs


def _insights(task: _Task) -> Row:
    moments = [
        {**span, "engagement_score": task.score(), "insight": "Many see this again."}
        for span in task.spans()
    ]
    overall = {"summary": "Many stay to the end.", "trends": ["Few leave early"]}
    return {"moment_insights": moments, "overall_insight": overall}


def _captions(task: _Task) -> Row:
    language = task.parameters.get("language_code", "en")
    replaced = _replaced(task, "text") | {"text_source": "generated_vod", "passthrough": "captions"}
    outputs: Row = {
        "language_code": language,
        "detected_language": language,
        "temporary_srt_url": task.url("captions.srt"),
        "track_id": task.dice.identifier(),
        "replaced_track_id": replaced["id"],
        "replaced_tracks": [replaced],
    }
    if "language_code" not in task.parameters:
        outputs["auto_language_confidence"] = task.score()
    if "include_words" in task.parameters:
        outputs["temporary_words_url"] = task.url("words.json")
    return outputs


def _replaced(task: _Task, kind: str) -> Row:
    """Describe a track that was replaced."""
    return {"id": task.dice.identifier(), "type": kind, "language_code": "en", "name": "English"}


def _moderation(task: _Task) -> Row:
    scores: list[Row] = [{label: task.score() for label in _LABELS} for _ in range(5)]
    if "aspect_ratio" in task.asset:
        for number, row in enumerate(scores):
            row["time"] = round(task.asset["duration"] * number / 5, 2)
    flagged = task.dice.chance(0.15)
    outputs: Row = {
        "thumbnail_scores": scores,
        "max_scores": {label: max(row[label] for row in scores) for label in _LABELS},
        "exceeds_threshold": flagged,
    }
    if flagged and "on_flagged" in task.parameters:
        # The asset no longer shows the playback ID.
        action = task.parameters["on_flagged"]["action"]
        deleted = [task.dice.identifier()]
        outputs["flagged_action"] = {"action": action, "deleted_playback_ids": deleted}
    return outputs


def _summary(task: _Task) -> Row:
    return {
        "title": task.dice.pick(AWKWARD_TITLES),
        "description": "What it is about,\nand why.",
        "tags": ["ferry", "salt"],
    }


def _dubbed(task: _Task) -> Row:
    outputs: Row = {
        "temporary_audio_url": task.url("dubbed.m4a"),
        "uploaded_track_id": task.dice.identifier(),
    }
    if "replace_existing_tracks" in task.parameters:
        outputs["replaced_tracks"] = [_replaced(task, "audio")]
    return outputs


def _translated(task: _Task) -> Row:
    outputs: Row = {
        "temporary_vtt_url": task.url("translated.vtt"),
        "uploaded_track_id": text_tracks(task.asset)[-1]["id"],
    }
    if "never_translate" in task.parameters:
        outputs["never_translate_terms_preserved"] = task.dice.chance(0.9)
    if "replace_existing_tracks" in task.parameters:
        outputs["replaced_tracks"] = [_replaced(task, "text")]
    return outputs


_MAKERS: dict[str, Callable[[_Task], Row]] = {
    "ask-questions": _answers,
    "edit-captions": _edited,
    "find-best-thumbnails": _thumbnails,
    "find-key-moments": _moments,
    "find-scenes": _scenes,
    "generate-chapters": _chapters,
    "generate-engagement-insights": _insights,
    "generate-premium-captions": _captions,
    "moderate": _moderation,
    "summarize": _summary,
    "translate-audio": _dubbed,
    "translate-captions": _translated,
}
