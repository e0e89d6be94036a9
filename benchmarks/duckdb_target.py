"""target-duckdb, in the version of meltano.yml, in its own environment outside of the project."""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from ruamel.yaml import YAML

_NAME = "target-duckdb"
_PROJECT = Path(__file__).parents[1] / "meltano.yml"


class Target(NamedTuple):
    """The installed target."""

    folder: Path
    settings: dict[str, Any]
    """Its settings in meltano.yml, without those with variables, such as the path."""

    def program(self, name: str) -> str:
        """Return the path of a program in its environment."""
        return str(self.folder / "bin" / name)


def installed() -> Target:
    """Install the target if it is not installed yet."""
    loaders = YAML(typ="safe").load(_PROJECT)["plugins"]["loaders"]
    (loader,) = [each for each in loaders if each["name"] == _NAME]
    settings = {
        setting["name"]: setting["value"]
        for setting in loader["settings"]
        if "value" in setting and "$" not in str(setting["value"])
    }
    pins = loader["pip_url"]
    key = hashlib.sha256(f"{sys.version}\n{pins}".encode()).hexdigest()[:12]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "tap-mux-benchmarks" / f"{_NAME}-{key}"
    if not (folder / "bin" / _NAME).exists():
        uv = os.environ.get("UV") or shutil.which("uv") or "uv"
        _run(uv, "venv", "--clear", "--python", sys.executable, str(folder))
        _run(
            uv, "pip", "install", "--compile-bytecode", "--python", str(folder), *shlex.split(pins)
        )
    return Target(folder, settings)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, timeout=600)  # noqa: S603 - uv
