"""The catalog that a run is given."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.log import one_line
from tests.support.tapping import config_file, run_program

if TYPE_CHECKING:
    from pathlib import Path

    from mux_sandbox import Sandbox


class TestCatalog:
    """The file with the catalog."""

    @pytest.mark.parametrize(
        ("catalog", "message"),
        [
            ("assets", "The file with the catalog is no JSON"),
            ('{"streams": null}', "The file with the catalog is not what --discover prints"),
            ('{"streams": [{}]}', "The file with the catalog is not what --discover prints"),
        ],
    )
    def test_an_invalid_catalog(
        self, tmp_path: Path, sandbox: Sandbox, catalog: str, message: str
    ) -> None:
        (tmp_path / "catalog.json").write_text(catalog, encoding="utf-8")
        config = config_file(tmp_path, **sandbox.config)
        done = run_program("--config", config, "--catalog", str(tmp_path / "catalog.json"))
        assert done.returncode == 1
        assert message in one_line(done.stderr)
        assert done.stdout == ""
