"""The list of the fields that Mux has, which the command writes anew."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tap_mux import schemas
from tap_mux.streams import ALL_STREAMS
from tests.tools.changes import CHANGES, agreeing
from tools import fields
from tools.drift import main
from tools.spec import WITHOUT_ENTRY

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tools.command import Run


class TestWriteFields:
    """``--write-fields``."""

    @pytest.fixture
    def output(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """Write elsewhere."""
        output = tmp_path / "fields.json"
        monkeypatch.setattr(fields, "FIELDS", output)
        return output

    def test_writes_names_in_order_and_nothing_else(self, run: Run, output: Path) -> None:
        api = agreeing()
        CHANGES["new field"][0](api)
        code, _ = run(api, "--write-fields")
        assert code == 1
        written = json.loads(output.read_text("utf-8"))
        assert list(written) == sorted(s.name for s in ALL_STREAMS if s.name not in WITHOUT_ENTRY)
        assert "colour" in written["assets"]
        assert written["assets"] == sorted(written["assets"])
        assert set(written["asset_hotspots"]) == schemas.paths(schemas.read("asset_hotspots"))

    def test_is_not_done_unless_asked_for(self, run: Run, output: Path) -> None:
        run(agreeing())
        assert not output.exists()

    def test_needs_a_description(self, output: Path, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit, match="2"):
            main(["--write-fields"])
        assert "--write-fields needs a description" in capsys.readouterr().err

    def test_writes_nothing_of_what_lacks_a_stream(
        self, run: Run, output: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with pytest.raises(SystemExit, match="2"):
            run({"paths": {}}, "--write-fields")
        assert "names no fields of annotations" in capsys.readouterr().err
        assert not output.exists()
