"""The package: its version, what is in it, and that it works as installed."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

from tests.support.records import DAY, HOUR, NOW, tap_time, view
from tests.support.tapping import clean_environ, messages

if TYPE_CHECKING:
    from mux_sandbox import ExplicitWorld, Sandbox

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "tap_mux"
FILES = {
    str(path.relative_to(ROOT))
    for path in PACKAGE.rglob("*")
    if path.suffix in {".py", ".json"} or path.name == "py.typed"
}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
TAG = "v1.2.3"
UV = [sys.executable, "-m", "uv"]
TWINE = [*UV, "tool", "run", "--quiet", "--python", sys.executable, "twine@7.0.0"]
GIT = ["git", "-c", "user.name=Test", "-c", "user.email=test@example.com"]


def call(*command: str, cwd: Path) -> str:
    """Run a command that must succeed; return what it printed."""
    names = ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE")  # set where a hook of git runs the tests
    env = {name: value for name, value in clean_environ().items() if name not in names}
    done = subprocess.run(command, cwd=cwd, env=env, text=True, capture_output=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def sources(folder: Path) -> Path:
    """Copy the files that make the package, without the repository of git."""
    folder.mkdir()
    for name in ("CHANGELOG.md", "LICENSE", "README.md", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    shutil.copytree(PACKAGE, folder / "tap_mux", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def in_git(folder: Path) -> Path:
    """Make a repository of git with one commit."""
    call("git", "init", "--quiet", cwd=folder)
    call("git", "add", ".", cwd=folder)
    call(*GIT, "commit", "--quiet", "--no-verify", "--message", "All", cwd=folder)
    return folder


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the packages of a release: the wheel is made from the source package."""
    project = in_git(sources(tmp_path_factory.mktemp("release") / "project"))
    call("git", "tag", TAG, cwd=project)
    call(*UV, "build", "--quiet", cwd=project)
    return project / "dist"


@pytest.fixture(scope="module")
def wheel(packages: Path) -> Path:
    """The wheel of a release."""
    (found,) = packages.glob("*.whl")
    return found


class TestPackages:
    """What a release uploads to PyPI."""

    def test_version_is_the_tag(self, packages: Path) -> None:
        assert {path.name for path in packages.iterdir() if path.name != ".gitignore"} == {
            "tap_mux-1.2.3-py3-none-any.whl",
            "tap_mux-1.2.3.tar.gz",
        }

    def test_wheel_has_only_the_package_and_its_schemas(self, wheel: Path) -> None:
        names = zipfile.ZipFile(wheel).namelist()
        assert {name for name in names if ".dist-info/" not in name} == FILES

    def test_source_package_has_little_more(self, packages: Path) -> None:
        (path,) = packages.glob("*.tar.gz")
        with tarfile.open(path) as archive:
            names = {name.split("/", 1)[1] for name in archive.getnames()}
        more = {"CHANGELOG.md", "LICENSE", "PKG-INFO", "README.md", "pyproject.toml", ".gitignore"}
        assert names - more == FILES

    def test_pypi_accepts_them(self, packages: Path) -> None:
        paths = [str(path) for path in packages.iterdir() if path.name != ".gitignore"]
        call(*TWINE, "check", "--strict", *paths, cwd=packages)

    @pytest.mark.slow
    def test_wheel_works_as_installed(
        self, wheel: Path, world: ExplicitWorld, sandbox: Sandbox, tmp_path: Path
    ) -> None:
        world.view_rows = [view("a", NOW - HOUR)]
        call(*UV, "venv", "--quiet", "--python", sys.executable, ".venv", cwd=tmp_path)
        call(*UV, "pip", "install", "--quiet", "--python", ".venv", str(wheel), cwd=tmp_path)
        settings = {**sandbox.config, "start_date": tap_time(NOW - DAY)}
        (tmp_path / "config.json").write_text(json.dumps(settings))

        def tap(*arguments: str) -> str:
            return call(".venv/bin/tap-mux", *arguments, cwd=tmp_path)

        assert tap("--version").startswith("tap-mux v1.2.3, ")
        about = json.loads(tap("--about", "--format=json"))
        assert about["supported_python_versions"] == pythons()
        (tmp_path / "catalog.json").write_text(tap("--discover"))
        printed = messages(tap("--config=config.json", "--catalog=catalog.json"))
        records = [each["record"] for each in printed if each["type"] == "RECORD"]
        assert "a" in {record.get("id") for record in records}
        assert printed[-1]["type"] == "STATE"


@pytest.mark.parametrize(("has_git", "version"), [(False, "0.0.0"), (True, "0.0.1.dev1+g")])
def test_builds_without_a_tag(tmp_path: Path, *, has_git: bool, version: str) -> None:
    project = sources(tmp_path / "project")
    if has_git:
        in_git(project)
    call(*UV, "build", "--quiet", "--wheel", cwd=project)
    (wheel,) = (project / "dist").glob("*.whl")
    assert wheel.name.startswith(f"tap_mux-{version}")


def pythons() -> list[str]:
    """Return the versions of Python that the package says it works with."""
    prefix = "Programming Language :: Python :: "
    found = [each.removeprefix(prefix) for each in PROJECT["classifiers"]]
    return [each for each in found if re.fullmatch(r"3\.\d+", each)]


def test_all_pythons_are_tested() -> None:
    workflow: Any = YAML(typ="safe").load(ROOT / ".github" / "workflows" / "test.yml")
    assert workflow["jobs"]["test"]["strategy"]["matrix"]["python"] == pythons()
    assert PROJECT["requires-python"] == f">={pythons()[0]}"


def test_changelog_has_the_form_that_a_release_needs() -> None:
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    first, *released = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert first == "[Unreleased]"
    for title in (first, *released):
        assert re.fullmatch(r"\[Unreleased\]|\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d", title), title
        assert f"\n{title.split(' ')[0]}: https://" in text, title
