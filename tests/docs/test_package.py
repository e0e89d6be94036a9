"""The wheel holds the package and its schemas only."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_wheel_holds_the_package_and_its_schemas_only(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "uv", "build", "--quiet", "--wheel", "--out-dir", str(tmp_path)],
        check=True,
        cwd=ROOT,
    )
    (wheel,) = tmp_path.glob("*.whl")
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    package = ROOT / "tap_mux"
    assert names == {
        str(path.relative_to(ROOT))
        for path in package.rglob("*")
        if path.suffix in {".py", ".json"} or path.name == "py.typed"
    }
