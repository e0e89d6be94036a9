"""What robots answer: the outputs of each workflow about an asset."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mux_sandbox.world.robot_texts import Task, cues, key_moments, scenes
from mux_sandbox.world.vocabulary import AWKWARD_TITLES, LANGUAGES, TOPICS

if TYPE_CHECKING:
    from collections.abc import Callable

    from mux_sandbox.world.dice import Dice
    from mux_sandbox.world.interface import Row

_RUBRIC = ("focus", "face_or_action", "composition", "contrast_color", "brand_fit")


def text_tracks(asset: Row) -> list[Row]:
    """Give the text tracks of an asset."""
    return [track for track in asset.get("tracks", []) if track["type"] == "text"]


def results(workflow: str, task: Task) -> Row:
    """Give the outputs of a completed job."""
    return _MAKERS[workflow](task)


def _address(dice: Dice, name: str) -> str:
    expires = "X-Amz-Expires=604800"
    path = f"https://robots.example.com/{dice.identifier(24)}/{name}"
    return f"{path}?{expires}&X-Amz-Signature={dice.randbytes(32).hex()}"


def _answers(task: Task) -> Row:
    parameters, _, dice = task
    answers = []
    for question in parameters["questions"]:
        skipped = dice.chance(0.15)
        answer = dice.pick(question.get("answer_options", ("yes", "no")))
        if question.get("free_form_reply"):
            answer = dice.pick(AWKWARD_TITLES)
        answers.append(
            {
                "question": question["question"],
                "answer": None if skipped else answer,
                "confidence": 0 if skipped else round(0.5 + dice.random() / 2, 2),
                "reasoning": "It is said in the first minute.",
                "skipped": skipped,
            }
        )
    return {"answers": answers}


def _uploaded(parameters: Row, track_id: str) -> Row:
    return {"uploaded_track_id": track_id} if parameters.get("upload_to_mux", True) else {}


def _edited(task: Task) -> Row:
    parameters, asset, dice = task
    return {
        "total_replacement_count": dice.between(0, 40),
        "temporary_vtt_url": _address(dice, "edited.vtt"),
        **_uploaded(parameters, text_tracks(asset)[-1]["id"]),
    }


def _thumbnails(task: Task) -> Row:
    parameters, asset, dice = task
    found = []
    for _ in range(parameters.get("max_thumbnails", 1)):
        scores = {name: round(dice.random(), 3) for name in _RUBRIC}
        row: Row = {
            "timestamp_ms": int(asset["duration"] * 1000 * dice.random()),
            "subscores": scores,
            "overall": round(sum(scores.values()) / len(scores), 3),
            "description": f"The best of “{dice.pick(TOPICS)}”.",
        }
        if dice.chance(0.7):
            row["alt_text"] = "A ferry, seen from the pier"
        found.append(row)
    best_first = sorted(found, key=lambda row: row["overall"], reverse=True)
    return {"best_thumbnails": best_first}


def _chapters(task: Task) -> Row:
    parameters, asset, dice = task
    count = dice.between(1, 6)
    outputs: Row = {
        "chapters": [
            {"start_time": round(asset["duration"] * n / count, 2), "title": dice.pick(TOPICS)}
            for n in range(count)
        ]
    }
    if parameters.get("update_asset_chapters"):
        outputs["asset_update"] = {"status": "failed"}
        if dice.chance(0.8):
            # The ids are of chapter tracks, which the API does not list with the asset.
            ids = {"track_id": dice.identifier(), "replaced_track_id": dice.identifier()}
            outputs["asset_update"] = {"status": "created", **ids}
    return outputs


def _insights(task: Task) -> Row:
    _, asset, dice = task
    moments = [
        {
            "start_ms": cue["start_ms"],
            "end_ms": cue["end_ms"],
            "engagement_score": round(dice.random(), 3),
            "insight": "Many go back to see this again.",
        }
        for cue in cues(asset, dice)
    ]
    trends = ["The beginning is often skipped", "Few leave before the end"]
    summary = "Those who stay for a minute stay to the end."
    return {"moment_insights": moments, "overall_insight": {"summary": summary, "trends": trends}}


def _replaced(parameters: Row, dice: Dice, kind: str) -> Row:
    """Tell of tracks that the asset has no longer."""
    if parameters.get("replace_existing_tracks", "fail") == "fail":
        return {}
    code, name = dice.pick(LANGUAGES)
    track = {"id": dice.identifier(), "type": kind, "language_code": code, "name": name}
    if kind == "text":
        track |= {"text_source": "generated_vod", "passthrough": f"captions/{dice.between(1, 99)}"}
    return {"replaced_tracks": [track]}


def _captions(task: Task) -> Row:
    parameters, asset, dice = task
    language = parameters.get("language_code", "en")
    outputs: Row = {"language_code": language, "detected_language": language}
    outputs["temporary_srt_url"] = _address(dice, "captions.srt")
    if "language_code" not in parameters:
        outputs["auto_language_confidence"] = round(0.5 + dice.random() / 2, 3)
    if parameters.get("include_words"):
        outputs["temporary_words_url"] = _address(dice, "words.json")
    if parameters.get("upload_to_mux", True):
        tracks = text_tracks(asset)
        outputs["track_id"] = tracks[0]["id"] if tracks else dice.identifier()
    replaced = _replaced(parameters, dice, "text")
    if replaced:
        outputs["replaced_track_id"] = replaced["replaced_tracks"][0]["id"]
    return outputs | replaced


def _moderation(task: Task) -> Row:
    parameters, asset, dice = task
    flagged = dice.chance(0.15)
    scores = []
    for n in range(parameters.get("max_samples", 5)):
        row = {"sexual": round(0.3 * dice.random(), 4), "violence": round(0.3 * dice.random(), 4)}
        if "aspect_ratio" in asset:
            row["time"] = round(asset["duration"] * n / 12, 2)
        scores.append(row)
    if flagged:
        scores[0]["violence"] = 0.97
    outputs: Row = {
        "thumbnail_scores": scores,
        "max_scores": {kind: max(row[kind] for row in scores) for kind in ("sexual", "violence")},
        "exceeds_threshold": flagged,
    }
    if flagged and "on_flagged" in parameters:
        # Deleted as they are, no asset shows them any more.
        outputs["flagged_action"] = {
            "action": parameters["on_flagged"]["action"],
            "deleted_playback_ids": [dice.identifier()],
        }
    return outputs


def _summary(task: Task) -> Row:
    parameters, asset, dice = task
    return {
        "title": asset.get("meta", {}).get("title") or dice.pick(TOPICS),
        "description": "What it is about,\nand why it matters.",
        "tags": [topic.lower() for topic in TOPICS[: parameters.get("tag_count", 10)]],
    }


def _dubbed(task: Task) -> Row:
    parameters, _, dice = task
    return {
        "temporary_audio_url": _address(dice, "dubbed.m4a"),
        # The editors take dubbed tracks off the assets again.
        **_uploaded(parameters, dice.identifier()),
        **_replaced(parameters, dice, "audio"),
    }


def _translated(task: Task) -> Row:
    parameters, asset, dice = task
    outputs: Row = {"temporary_vtt_url": _address(dice, "translated.vtt")}
    outputs |= _uploaded(parameters, text_tracks(asset)[-1]["id"])
    if "never_translate" in parameters:
        outputs["never_translate_terms_preserved"] = dice.chance(0.9)
    return outputs


_MAKERS: dict[str, Callable[[Task], Row]] = {
    "ask-questions": _answers,
    "edit-captions": _edited,
    "find-best-thumbnails": _thumbnails,
    "find-key-moments": key_moments,
    "find-scenes": scenes,
    "generate-chapters": _chapters,
    "generate-engagement-insights": _insights,
    "generate-premium-captions": _captions,
    "moderate": _moderation,
    "summarize": _summary,
    "translate-audio": _dubbed,
    "translate-captions": _translated,
}
