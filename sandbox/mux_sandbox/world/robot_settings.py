"""What robots are asked to do: the parameters of each workflow."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mux_sandbox.world.interface import Row

_SCOPE = {"start_time": 2.5, "end_time": 18}
_TAXONOMY = {
    "name": "Our shelves",
    "values": [
        {"label": "Travel", "description": "Trains, ferries, walks", "aliases": ["Journeys"]},
        {"label": "Science"},
    ],
    "allow_other": True,
}
_BRAND_TERMS = ["Harbour Lights", "Slow Trains"]

DETAILED: dict[str, Row] = {
    "ask-questions": {
        "questions": [
            {"question": "Is a person on screen?"},
            {"question": "Where is it?", "answer_options": ["indoors", "outdoors"]},
            {"question": 'What is meant by "slow"?', "free_form_reply": True},
        ],
        "language_code": "en",
        "max_free_form_answer_length": 300,
        "output_steering": {"scope": _SCOPE},
    },
    "edit-captions": {
        "auto_censor_profanity": {
            "detection_method": "llm",
            "mode": "mask",
            "always_censor": ["darn"],
            "never_censor": ["Scunthorpe"],
        },
        "replacements": [{"find": "harbor", "replace": "Harbour", "case_sensitive": True}],
        "speaker_replacements": [{"find": "SPEAKER 1", "replace": "Zoë"}],
        "upload_to_mux": True,
        "delete_original_track": False,
        "track_name_suffix": " (edited)",
    },
    "find-best-thumbnails": {
        "max_thumbnails": 3,
        "output_steering": {
            "scope": _SCOPE,
            "selection_strategy": "clean_composition",
            "looking_for": "a face, or a ferry",
            "audience": "people on trains",
            "campaign_style": "calm, with much sky",
            "scoring_priorities": ["focus", "composition"],
        },
        "update_asset_thumbnail": True,
    },
    "find-key-moments": {
        "max_moments": 3,
        "target_duration_ms": {"min": 1500, "max": 45_000},
        "use_shots": True,
        "output_steering": {
            "scope": _SCOPE,
            "selection_strategy": "story_beats",
            "title_style": "punchy",
            "audience": "teachers",
            "brand_terms": _BRAND_TERMS,
            "topic_taxonomy": _TAXONOMY,
            "rubric_priorities": ["novelty", "soundbite_quality"],
        },
    },
    "find-scenes": {
        "language_code": "en",
        "min_scenes": 2,
        "min_scene_duration_ms": 5000,
        "output_steering": {
            "scope": _SCOPE,
            "segmentation_strategy": "topic_changes",
            "title_style": "editorial",
            "narration_detail": "balanced",
            "audience": "archivists",
            "brand_terms": _BRAND_TERMS,
            "topic_taxonomy": _TAXONOMY,
        },
    },
    "generate-chapters": {
        "language_code": "en",
        "output_language_code": "de",
        "output_steering": {
            "chapter_style": "descriptive",
            "chapter_granularity": "coarse",
            "audience": "students",
            "brand_terms": _BRAND_TERMS,
        },
        "prompt_overrides": {
            "task": "Find the chapters.",
            "output_format": "As asked.",
            "chapter_guidelines": "Not more than ten.",
            "title_guidelines": "No questions.",
        },
        "update_asset_chapters": True,
    },
    "generate-engagement-insights": {},
    "generate-premium-captions": {
        "language_code": "en",
        "replace_existing": True,
        "replace_existing_tracks": "replace_generated",
        "track_name": "English (premium)",
        "include_speakers": True,
        "include_words": True,
        "upload_to_mux": True,
        "phrases": ["Sodium acetate", "Île d'Yeu"],
    },
    "moderate": {
        "language_code": "en",
        "thresholds": {"sexual": 0.6, "violence": 0.7},
        "sampling_interval": 10,
        "max_samples": 12,
        "output_steering": {"scope": _SCOPE},
        "on_flagged": {"action": "delete_playback_ids"},
    },
    "summarize": {
        "tone": "playful",
        "output_steering": {
            "scope": _SCOPE,
            "tag_taxonomy": _TAXONOMY,
            "summary_style": "editorial",
            "audience": "subscribers",
            "brand_terms": _BRAND_TERMS,
        },
        "prompt_overrides": {
            "task": "Tell what it is about.",
            "title": "Short.",
            "description": "Two sentences.",
            "keywords": "Lower case.",
            "quality_guidelines": "Nothing made up.",
        },
        "title_length": 12,
        "description_length": 60,
        "tag_count": 5,
        "language_code": "en",
        "output_language_code": "en",
        "update_asset_meta": True,
    },
    "translate-audio": {
        "to_language_code": "fr",
        "replace_existing_tracks": "replace_all",
        "upload_to_mux": True,
    },
    "translate-captions": {
        "to_language_code": "es",
        "never_translate": ["Harbour Lights"],
        "replace_existing_tracks": "fail",
        "upload_to_mux": True,
    },
}
"""A use of everything that each workflow offers; the engine adds asset_id and track_id."""

PLAIN: dict[str, Row] = {
    "ask-questions": {"questions": [{"question": "Is there music?"}]},
    "edit-captions": {
        "replacements": [{"find": "gonna", "replace": "going to"}],
        "upload_to_mux": False,
    },
    "find-best-thumbnails": {},
    "find-key-moments": {},
    "find-scenes": {},
    "generate-chapters": {},
    "generate-engagement-insights": {},
    "generate-premium-captions": {"upload_to_mux": False},
    "moderate": {},
    "summarize": {},
    "translate-audio": {"to_language_code": "ja", "upload_to_mux": False},
    "translate-captions": {"to_language_code": "de", "upload_to_mux": False},
}
"""The least that can be asked of each workflow."""

WORKFLOWS = tuple(DETAILED)
CAPTION_WORKFLOWS = ("edit-captions", "translate-captions")
"""These work on a text track of the asset."""

PICTURE_WORKFLOWS = ("find-best-thumbnails", "find-scenes")
