"""What the page about unattended runs says of logs and exit codes holds."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from mux_sandbox import Answer
from tap_mux.run.progress import COLUMNS
from tests.docs.pages import DOCS, blocks, table
from tests.support.records import HOUR, NOW, asset, tap_time, view
from tests.support.tapping import config_file, messages, run_program

if TYPE_CHECKING:
    from pathlib import Path

    from mux_sandbox import ExplicitWorld, Sandbox

PAGE = DOCS / "running.md"
PROGRESS, END, METRIC = blocks(PAGE, "text")


def test_table_at_the_end_is_as_shown(
    tmp_path: Path, world: ExplicitWorld, sandbox: Sandbox
) -> None:
    world.asset_rows = [asset("a", NOW - HOUR), asset("b", NOW - HOUR)]
    world.view_rows = [view("a", NOW - 3 * HOUR)]
    config = config_file(tmp_path, **sandbox.config, start_date=tap_time(NOW - 9 * HOUR))
    done = run_program("--config", config)
    assert done.returncode == 0
    lines = [line.split("| ")[-1] for line in done.stderr.splitlines()]
    shown_head, *shown = END.splitlines()
    (head,) = [line for line in lines if line.startswith("stream  ")]
    assert tuple(re.split("  +", head)) == tuple(re.split("  +", shown_head)) == COLUMNS
    assert {line.split()[0] for line in shown} <= {line.split()[0] for line in lines if line}
    (assets,) = [line for line in lines if line.startswith("assets  ")]
    assert assets.split()[1] == "2"
    assert assets.endswith("  complete")


def test_metric_lines_have_the_totals(
    tmp_path: Path, world: ExplicitWorld, sandbox: Sandbox
) -> None:
    world.view_rows = [view("a", NOW - 3 * HOUR), view("b", NOW - 3 * HOUR)]
    config = config_file(tmp_path, **sandbox.config, start_date=tap_time(NOW - 9 * HOUR))
    done = run_program("--config", config)
    points = [json.loads(text) for text in re.findall(r"METRIC: (.*)", done.stderr)]
    shown = json.loads(METRIC.removeprefix("METRIC: "))
    last = {point["metric"]: point for point in points if point["tags"] == shown["tags"]}
    assert last.keys() == {"record_count", "http_request_count", "sync_duration"}
    assert all(f"`{name}`" in PAGE.read_text("utf-8") for name in last)
    assert last["record_count"].keys() == shown.keys()
    assert last["record_count"]["value"] == 2


def test_a_quiet_run_logs_nothing_at_warning(
    tmp_path: Path, world: ExplicitWorld, sandbox: Sandbox
) -> None:
    world.view_rows = [view("a", NOW - 3 * HOUR)]
    config = config_file(tmp_path, **sandbox.config, start_date=tap_time(NOW - 9 * HOUR))
    done = run_program("--config", config, environ={"TAP_MUX_LOGLEVEL": "WARNING"})
    assert done.stderr == ""
    assert any(each["type"] == "RECORD" for each in messages(done.stdout))


def test_exit_code_1_names_the_reason_last_and_reads_the_rest(
    tmp_path: Path, world: ExplicitWorld, sandbox: Sandbox
) -> None:
    world.view_rows = [view("a", NOW - 3 * HOUR)]
    sandbox.faults.add("/video/v1/assets", times=None, action=Answer(500))
    config = config_file(
        tmp_path, **sandbox.config, start_date=tap_time(NOW - 9 * HOUR), max_attempts=1
    )
    done = run_program("--config", config)
    assert done.returncode == 1
    assert "assets failed" in done.stderr.splitlines()[-1]
    assert any(
        each["type"] == "RECORD" and each["stream"] == "video_views"
        for each in messages(done.stdout)
    )


def test_all_exit_codes_are_told() -> None:
    assert [code for code, _ in table(PAGE, "code")] == ["0", "1", "130", "143"]
    assert re.fullmatch(r"\w+: [\d,]+ records, at .*, \d+ %, .* left\n", PROGRESS)
