"""A mistake of the tap ends one stream, says that it is one, and asks for a report."""

from __future__ import annotations

import linecache
import logging
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tap_mux.api.errors import MuxError
from tap_mux.records import conformer, normalizer
from tap_mux.streams.dimensions import Errors
from tap_mux.streams.video import Assets
from tests.support.records import DAY, HOUR, NOW, asset, tap_time, view
from tests.support.tapping import Output, bookmark, clean_environ, config_file, messages, run_tap

if TYPE_CHECKING:
    from collections.abc import Callable

    from mux_sandbox import ExplicitWorld, Sandbox

SECRET = "what-a-record-says"  # noqa: S105 - stands for one
BUG = re.compile(
    r"This is a bug in tap-mux: (?P<type>\w+) in (?P<file>[\w.]+), line (?P<line>\d+)\. Please "
    r"report it with the log of a run with TAP_MUX_LOGLEVEL=DEBUG"
)
PROGRAM = f"""
from tap_mux.__main__ import main
from tap_mux.streams import Assets

def batches(self, partition):
    return {{}}[{SECRET!r}]

Assets.batches = batches
main()
"""


def key_error(*_: object) -> Any:
    raise KeyError(SECRET)


def type_error(*_: object) -> Any:
    return len(SECRET) + SECRET  # type: ignore[operator]


def zero_division(*_: object) -> Any:
    return [SECRET] and 1 / 0


def in_the_first_batch(monkeypatch: pytest.MonkeyPatch, bug: Callable[..., Any]) -> str:
    monkeypatch.setattr(Assets, "batches", bug)
    return "assets"


def after_a_batch(monkeypatch: pytest.MonkeyPatch, bug: Callable[..., Any]) -> str:
    def batches(stream: Assets, partition: Any) -> Any:
        yield [asset("read", NOW)]
        bug()

    monkeypatch.setattr(Assets, "batches", batches)
    return "assets"


def in_a_worker(monkeypatch: pytest.MonkeyPatch, bug: Callable[..., Any]) -> str:
    monkeypatch.setattr(Errors, "fetch", bug)
    return "errors"


def in_the_normalizer(monkeypatch: pytest.MonkeyPatch, bug: Callable[..., Any]) -> str:
    real = normalizer.compile_normalizer

    def compile_normalizer(schema: Any, **more: Any) -> Any:
        is_of_assets = "master_access" in schema["properties"]
        return bug if is_of_assets else real(schema, **more)

    monkeypatch.setattr(conformer, "compile_normalizer", compile_normalizer)
    return "assets"


@pytest.fixture(autouse=True)
def _fill(world: ExplicitWorld) -> None:
    world.asset_rows = [asset(SECRET, NOW)]
    world.view_rows = [view("v", NOW - HOUR), view("w", NOW - DAY, error_type_id=7)]


@pytest.mark.parametrize("bug", [key_error, type_error, zero_division])
@pytest.mark.parametrize(
    "place", [in_the_first_batch, after_a_batch, in_a_worker, in_the_normalizer]
)
def test_it_is_told_and_the_other_streams_go_on(
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    place: Callable[..., str],
    bug: Callable[..., Any],
) -> None:
    caplog.set_level(logging.DEBUG)
    name = place(monkeypatch, bug)
    output = Output()
    with pytest.raises(MuxError) as raised:
        run_tap(
            sandbox,
            *("assets", "errors", "video_views"),
            output=output,
            start_date=tap_time(NOW - 3 * DAY),
            emit_activate_version_messages=True,
        )
    found = BUG.fullmatch(str(raised.value).removeprefix(f"{name} failed: "))
    assert found
    assert found["type"] == {key_error: "KeyError", type_error: "TypeError"}.get(
        bug, "ZeroDivisionError"
    )
    assert found["file"] == Path(__file__).name
    assert re.search("SECRET", linecache.getline(__file__, int(found["line"])))
    assert {"assets", "errors", "video_views"} - {name} <= {
        message["stream"] for message in output.messages if message["type"] == "RECORD"
    }
    assert bookmark(output.states[-1], "video_views") == tap_time(NOW - HOUR)
    deleted = [m["stream"] for m in output.messages if m["type"] == "ACTIVATE_VERSION"]
    assert deleted == ([] if name == "assets" else ["assets"])

    told = [entry for entry in caplog.records if entry.levelno > logging.DEBUG]
    assert [entry.getMessage() for entry in told if entry.levelno == logging.ERROR] == [
        f"{name} could not be read to its end: {found[0]}"
    ]
    assert not any(entry.exc_info or SECRET in entry.getMessage() for entry in told)
    (traceback,) = [entry for entry in caplog.records if entry.exc_info]
    assert traceback.exc_text
    assert bug.__name__ in traceback.exc_text


@pytest.mark.parametrize("level", ["INFO", "DEBUG"])
def test_the_program_ends_with_one_line(tmp_path: Path, sandbox: Sandbox, level: str) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    config = config_file(tmp_path, **sandbox.config)
    done = subprocess.run(
        [sys.executable, "-W", "error", str(program), "--config", config],
        capture_output=True,
        check=False,
        env={**clean_environ(), "TAP_MUX_LOGLEVEL": level},
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    found = BUG.search(done.stderr.splitlines()[-1])
    assert found
    assert found.groups() == ("KeyError", "program.py", "6")
    assert ("Traceback" in done.stderr) == (level == "DEBUG")
    assert (SECRET in done.stderr) == (level == "DEBUG")
    found_streams = {m["stream"] for m in messages(done.stdout) if m["type"] == "RECORD"}
    assert "video_views" in found_streams
