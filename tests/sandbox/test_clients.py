"""Mux's own Python client can read the sandbox's views, assets and Mux Data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import mux_python
import pytest

from mux_sandbox import TOKEN_ID, TOKEN_SECRET, GeneratedWorld
from tests.sandbox.api import DAY, NOW

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sandbox.api import Api


def test_the_vendors_client_reads_the_answers(
    serve: Callable[..., Api], monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = serve(GeneratedWorld()).sandbox
    login = mux_python.Configuration(host=sandbox.url, username=TOKEN_ID, password=TOKEN_SECRET)
    login.client_side_validation = False  # this client does not know that there are chapters
    monkeypatch.setattr(mux_python.Configuration, "get_default_copy", lambda: login)
    with mux_python.ApiClient(login) as client:
        views = mux_python.VideoViewsApi(client)
        answer = views.list_video_views(limit=100, timeframe=["7:days"], order_direction="asc")
        assert answer.total_row_count > len(answer.data) == 100
        assert answer.timeframe == [NOW - 7 * DAY, NOW]
        assert answer.data[0].view_end <= answer.data[-1].view_end

        assets = mux_python.AssetsApi(client)
        seen = 0
        for page in range(1, 100):
            answer = assets.list_assets(limit=100, page=page)
            if not answer.data:
                break
            seen += len(answer.data)
            assert all(asset.created_at.isdecimal() for asset in answer.data)
        assert seen > 2700
        cursor = assets.list_assets(limit=10).next_cursor
        second = assets.list_assets(limit=10, cursor=cursor).data
        assert second[0].id == assets.list_assets(limit=10, page=2).data[0].id
        assert assets.get_asset(second[0].id).data == second[0]
        with pytest.raises(mux_python.ApiException) as refused:
            views.list_video_views(timeframe=["101:days"])
        assert refused.value.status == 400


def test_the_vendors_client_reads_mux_data(generated: Api) -> None:
    sandbox = generated.sandbox
    login = mux_python.Configuration(host=sandbox.url, username=TOKEN_ID, password=TOKEN_SECRET)
    with mux_python.ApiClient(login) as client:
        views = mux_python.VideoViewsApi(client)
        first = views.list_video_views(filters=["country:DE"]).data[0]
        single = views.get_video_view(first.id).data
        assert single.viewer_experience_score == str(first.viewer_experience_score)
        assert single.events[0].name == "playerready"
        exports = mux_python.ExportsApi(client).list_exports_views().data
        assert exports[0].files[0].version in {8, 13, 14}
        assert mux_python.ErrorsApi(client).list_errors(timeframe=["7:days"]).data
        dimensions = mux_python.DimensionsApi(client)
        assert dimensions.list_dimensions().data.basic
        assert dimensions.list_dimension_values("country").data
        metrics = mux_python.MetricsApi(client)
        for metric in ("views", "viewer_experience_score", "video_startup_time"):
            assert metrics.get_overall_values(metric).data.total_views
            assert metrics.list_breakdown_values(metric, group_by="browser").data
            assert metrics.list_insights(metric).data
            assert len(metrics.get_metric_timeseries_data(metric).data) == 24
        assert metrics.list_all_metric_values(dimension="country", value="DE").data
        incidents = mux_python.IncidentsApi(client)
        incident = incidents.list_incidents().data[0]
        assert incidents.get_incident(incident.id).data == incident
        incidents.list_related_incidents(incident.id)
        annotations = mux_python.AnnotationsApi(client)
        note = annotations.list_annotations(timeframe=["30:days"]).data[0]
        assert annotations.get_annotation(note.id).data == note
        monitoring = mux_python.MonitoringApi(client)
        assert len(monitoring.list_monitoring_dimensions().data) == 11
        assert len(monitoring.list_monitoring_metrics().data) == 7
        name = "current-concurrent-viewers"
        monitoring.get_monitoring_breakdown(name, dimension="asn")
        monitoring.get_monitoring_breakdown_timeseries(name, dimension="country")
        assert len(monitoring.get_monitoring_timeseries(name).data) == 360
        histogram = "video-startup-time"
        assert len(monitoring.get_monitoring_histogram_timeseries(histogram).data) == 30
