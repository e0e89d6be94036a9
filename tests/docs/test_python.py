"""The Python that .python-version has uv take, without which nobody is told to choose one."""

from __future__ import annotations

import shlex
from pathlib import Path

from packaging.requirements import Requirement

from tests.support.loaders import meltano_yml

ROOT = Path(__file__).parents[2]


def test_plugins_come_from_pypi_by_default() -> None:
    version = (ROOT / ".python-version").read_text("utf-8").strip()
    plugins = meltano_yml()["plugins"]
    found = {}
    for each in [*plugins["loaders"], *plugins["utilities"]]:
        requirements = map(Requirement, shlex.split(each["pip_url"]))
        found[each["name"]] = {
            requirement.name: requirement
            for requirement in requirements
            if not requirement.marker or requirement.marker.evaluate({"python_version": version})
        }
    assert found["target-duckdb"].keys() == {"target-duckdb", "duckdb"}
    for of_plugin in found.values():
        for requirement in of_plugin.values():
            assert requirement.url is None
            assert str(requirement.specifier).startswith("==")
