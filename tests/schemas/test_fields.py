"""Schemas have every field that the vendor names: in its description of the API, in its client."""

from __future__ import annotations

import json
import re
import warnings
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tap_mux import schemas
from tap_mux.streams import ALL_STREAMS
from tools.fields import write
from tools.spec import WITHOUT_ENTRY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LIST = Path(__file__).with_name("fields.json")
"""Written by ``python -m tools.drift --write-fields``."""

STREAMS = {stream.name: stream for stream in ALL_STREAMS}
DESCRIBED = sorted(STREAMS.keys() - WITHOUT_ENTRY.keys())

KEPT_WHOLE = {"directives": "workflows", "robot_jobs": "parameters"}
"""Fields of any form: each workflow has parameters of its own."""

CALLED_OTHERWISE = {
    ("asset_heatmaps", "value"): "heatmap",
    ("playback_id_heatmaps", "value"): "heatmap",
    ("video_heatmaps", "value"): "heatmap",
}
"""Fields that have another name in the tap, by stream and the vendor's name."""

NOT_NAMED_ANY_MORE = {
    "assets": {"per_title_encode", "tracks.max_channel_layout"},
    "live_streams": {"new_asset_settings.per_title_encode"},
    "uploads": {"new_asset_settings.per_title_encode"},
}
"""Fields that the client names and the description, which is newer, does not."""

MODELS = {
    "annotations": "Annotation",
    "asset_inputs": "InputInfo",
    "assets": "Asset",
    "delivery_usage": "DeliveryReport",
    "dimension_values": "DimensionValue",
    "drm_configurations": "DRMConfiguration",
    "errors": "Error",
    "incidents": "Incident",
    "live_streams": "LiveStream",
    "metric_breakdowns": "BreakdownValue",
    "metric_comparisons": "Score",
    "metric_insights": "Insight",
    "metric_overall": "OverallValues",
    "monitoring_breakdown_timeseries": "MonitoringBreakdownTimeseriesDatapoint",
    "monitoring_breakdowns": "MonitoringBreakdownValue",
    "monitoring_histograms": "MonitoringHistogramTimeseriesDatapoint",
    "monitoring_timeseries": "MonitoringTimeseriesDatapoint",
    "playback_restrictions": "PlaybackRestriction",
    "related_incidents": "Incident",
    "signing_keys": "SigningKey",
    "transcription_vocabularies": "TranscriptionVocabulary",
    "uploads": "Upload",
    "video_view_details": "VideoView",
    "video_views": "AbridgedVideoView",
}
"""Models of the vendor's Python client, by stream."""


@cache
def described(name: str) -> frozenset[str]:
    """Give the fields of a stream that the description names."""
    return frozenset(json.loads(LIST.read_text("utf-8"))[name])


def unknown(name: str, paths: Iterable[str]) -> set[str]:
    """Give those of the fields that the tap neither knows nor ignores with all that is in them."""
    known, ignored = schemas.paths(schemas.read(name)), STREAMS[name].ignored_fields
    return {path for path in paths if path not in known and not ignored & set(parents(path))}


def parents(path: str) -> Iterator[str]:
    """Give a path and those of all that it is in."""
    return accumulate(path.split("."), "{}.{}".format)


def modelled(name: str) -> frozenset[str]:
    """Give the fields of a stream that the client names."""
    return frozenset(model_fields(MODELS[name]))


def model_fields(model: str, path: str = "") -> Iterator[str]:
    """Walk all fields of a model of the client."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the client's own
        import mux_python.models  # noqa: PLC0415
    for name, kind in getattr(mux_python.models, model).openapi_types.items():
        yield f"{path}{name}"
        inner = re.sub(r"^list\[(.*)\]$", r"\1", kind)
        if hasattr(mux_python.models, inner):
            yield from model_fields(inner, f"{path}{name}.")


def test_list_has_every_stream_but_those_that_the_description_cannot_tell_of() -> None:
    listed = json.loads(LIST.read_text("utf-8"))
    assert listed.keys() == set(DESCRIBED)
    assert [name for name, paths in listed.items() if not paths] == []
    assert STREAMS.keys() > WITHOUT_ENTRY.keys()
    assert len(WITHOUT_ENTRY) == 3


def test_list_is_in_its_one_form() -> None:
    text = LIST.read_text("utf-8")
    listed = json.loads(text)
    assert text == write(listed)
    assert [name for name, paths in listed.items() if len(set(paths)) < len(paths)] == []


@pytest.mark.parametrize("name", DESCRIBED)
def test_schema_has_all_fields_of_the_description(name: str) -> None:
    whole = f"{KEPT_WHOLE[name]}." if name in KEPT_WHOLE else None
    named = {
        CALLED_OTHERWISE.get((name, path), path)
        for path in described(name)
        if whole is None or not path.startswith(whole)
    }
    assert named
    assert unknown(name, named) == set()


@pytest.mark.parametrize(("name", "field"), KEPT_WHOLE.items())
def test_what_is_kept_whole_has_no_form(name: str, field: str) -> None:
    schema = schemas.read(name)["properties"][field]
    assert not {"properties", "items"} & schema.keys()
    assert any(path.startswith(f"{field}.") for path in described(name))


@pytest.mark.parametrize("name", MODELS)
def test_schema_has_all_fields_of_the_client(name: str) -> None:
    assert modelled(name)
    assert unknown(name, modelled(name)) == set()


@pytest.mark.parametrize("name", MODELS)
def test_list_has_all_fields_of_the_client(name: str) -> None:
    assert modelled(name) - described(name) == NOT_NAMED_ANY_MORE.get(name, set())
