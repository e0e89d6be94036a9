"""Whatever Mux changes in its API is told, under the right stream, and nothing else is."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.tools.changes import ASSETS, CHANGES, NO_CHANGES, VIEWS, WEBHOOKS, add, agreeing, record
from tools.compare import differences
from tools.drift import main
from tools.spec import JOBS, Spec

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tools.command import Run


@pytest.mark.usefixtures("none_accepted")
class TestDifferences:
    """What is told, and the exit code."""

    @pytest.mark.parametrize("change", CHANGES)
    def test_is_told_under_its_stream(self, run: Run, change: str) -> None:
        api = agreeing()
        make, stream, line = CHANGES[change]
        make(api)
        assert run(api) == (1, [stream, f"  {line}", "Differences: 1, and 0 accepted"])

    @pytest.mark.parametrize("change", NO_CHANGES)
    def test_is_none(self, run: Run, change: str) -> None:
        api = agreeing()
        NO_CHANGES[change](api)
        assert run(api) == (0, ["Differences: 0, and 0 accepted"])

    def test_number_for_integer_is_retyped(self, run: Run) -> None:
        api = agreeing()
        record(api, ASSETS)["tracks"]["items"]["properties"]["max_width"]["type"] = "number"
        code, lines = run(api)
        assert code == 1
        assert lines[:2] == [
            "assets",
            "  retyped field: tracks.max_width (integer in the tap, number at Mux)",
        ]

    def test_all_come_stream_by_stream(self, run: Run) -> None:
        api = agreeing()
        for make, _, _ in (CHANGES[name] for name in ("new field", "retyped field", "new metric")):
            make(api)
        code, lines = run(api)
        assert code == 1
        assert [line.strip().split(":")[0] for line in lines[:-1]] == [
            "assets",
            "new field",
            "retyped field",
            "metric_overall",
            "new metric",
        ]

    def test_of_a_list_are_told_for_the_stream_that_asks_for_each_of_it(self, run: Run) -> None:
        api = agreeing()
        add(api, VIEWS, "colour")
        _, lines = run(api)
        assert lines[:4] == [
            "video_view_details",
            "  new parameter: colour",
            "video_views",
            "  new parameter: colour",
        ]

    def test_of_several_files(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        one, more = tmp_path / "one.json", tmp_path / "more.json"
        api = agreeing()
        more.write_text(json.dumps({"paths": {WEBHOOKS: api["paths"].pop(WEBHOOKS)}}))
        one.write_text(json.dumps(api))
        assert main([str(one)]) == 1
        assert main([str(one), str(more)]) == 0


class TestClient:
    """Without a description, the vendor's client is looked through."""

    def test_has_nothing_that_the_tap_does_not_know(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main([]) == 0
        assert re.fullmatch(r"Differences: 0, and \d\d accepted\n", capsys.readouterr().out)

    @pytest.mark.usefixtures("none_accepted")
    def test_tells_what_it_has(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main([]) == 1
        lines = capsys.readouterr().out.splitlines()
        assert "  retyped field: latitude (number in the tap, string at Mux)" in lines
        assert "  new parameter: order_by" in lines
        assert "  new endpoint: /data/v1/realtime/metrics" in lines
        assert [line for line in lines if line.startswith("  gone")] == []


@pytest.mark.parametrize(
    ("text", "message"), [(None, "No such file"), ("{", "Expecting property name")]
)
def test_what_cannot_be_read_is_no_drift(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str | None, message: str
) -> None:
    source = tmp_path / "spec.json"
    if text is not None:
        source.write_text(text)
    with pytest.raises(SystemExit, match="2"):
        main([str(source)])
    assert message in capsys.readouterr().err


def test_jobs_of_each_workflow_are_read() -> None:
    api = agreeing()
    path = "/robots/v0/jobs/smile/{JOB_ID}"
    smile = {"properties": {"data": {"properties": {"smile": {"type": "string"}}}}}
    content = {"application/json": {"schema": smile}}
    api["paths"][path] = {"get": {"responses": {"200": {"content": content}}}}
    assert [each[:3] for each in differences(Spec(api))] == [(JOBS, "new field", "smile")]
