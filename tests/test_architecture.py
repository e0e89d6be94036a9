"""The layers of the tap: what each package may import, and use of private members."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

import tap_mux

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(tap_mux.__file__).parent
LAYERS = (
    {"clock", "ending"},
    {"settings", "schemas"},
    {"api", "records"},
    {"reading", "exports"},
    {"run", "streams"},
    {"tap"},
    {"cli"},
    {"__main__"},
)
"""Lowest first. A package imports only itself and packages of lower layers."""

PUBLIC_UNDERSCORES = {"_replace"}
"""Public members that begin with an underscore, such as this one of NamedTuple."""

MAX_CLASS_LINES = 250


class Import(NamedTuple):
    """One import of one module."""

    package: str
    module: str
    imported: str
    is_for_types: bool


def modules() -> Iterator[tuple[str, ast.Module]]:
    """Parse each module of the tap."""
    for path in sorted(ROOT.rglob("*.py")):
        name = ".".join(path.relative_to(ROOT.parent).with_suffix("").parts)
        yield name.removesuffix(".__init__"), ast.parse(path.read_text("utf-8"))


def imports() -> Iterator[Import]:
    """Yield all imports of the tap."""
    for module, tree in modules():
        for_types = {
            id(inner)
            for node in ast.walk(tree)
            if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
            for inner in ast.walk(node)
        }
        for node in ast.walk(tree):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{module} has a relative import"
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            for name in names:
                yield Import(package_of(module), module, name, id(node) in for_types)


def package_of(module: str) -> str:
    """Return the package of a module: ``api`` for ``tap_mux.api.client``."""
    return [*module.split("."), ""][1]


def layer_of(name: str) -> int:
    """Return the layer of a package."""
    (number,) = [number for number, packages in enumerate(LAYERS) if name in packages]
    return number


IMPORTS = [found for found in imports() if found.package]


def test_every_package_has_a_layer() -> None:
    assert {found.package for found in IMPORTS} == {
        name for packages in LAYERS for name in packages
    }


def test_imports_are_from_lower_layers() -> None:
    own = [
        found
        for found in IMPORTS
        if package_of(found.imported) and found.imported[:8] == "tap_mux."
    ]
    assert len(own) > 100
    up = [
        found
        for found in own
        if layer_of(package_of(found.imported)) >= layer_of(found.package)
        and package_of(found.imported) != found.package
        and not found.is_for_types
    ]
    assert up == []


@pytest.mark.parametrize("package", ["requests", "urllib3"])
def test_only_api_and_download_import_http_libraries(package: str) -> None:
    found = {each.module for each in IMPORTS if each.imported.split(".")[0] == package}
    outside = {module for module in found if package_of(module) != "api"}
    assert found
    assert outside <= {"tap_mux.exports.download"}


def test_records_and_api_do_not_import_each_other() -> None:
    pairs = {(found.package, package_of(found.imported)) for found in IMPORTS}
    assert not pairs & {("records", "api"), ("api", "records")}


def test_only_the_tap_imports_streams() -> None:
    found = {
        each.module
        for each in IMPORTS
        if each.imported.startswith("tap_mux.streams")
        and each.package != "streams"
        and not each.is_for_types
    }
    assert found == {"tap_mux.tap"}


def test_only_the_clock_knows_the_time_of_day() -> None:
    asked = {"time.time", "datetime.now", "datetime.utcnow", "date.today", "datetime.today"}
    found = {
        module
        for module, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node) in asked
    }
    assert found == {"tap_mux.clock"}


def test_no_class_uses_private_members_of_another() -> None:
    for module, tree in modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                foreign = private_uses(node) - private_members(node) - PUBLIC_UNDERSCORES
                assert not foreign, f"{module}.{node.name} uses {sorted(foreign)}"


def private_members(node: ast.ClassDef) -> set[str]:
    """Return the private names that a class defines: methods, and attributes of ``self``."""
    methods = {each.name for each in node.body if isinstance(each, ast.FunctionDef)}
    attributes = {
        each.attr
        for each in ast.walk(node)
        if isinstance(each, ast.Attribute)
        and isinstance(each.ctx, ast.Store)
        and ast.unparse(each.value) == "self"
    }
    return {name for name in methods | attributes if is_private(name)}


def private_uses(node: ast.ClassDef) -> set[str]:
    """Return the private names that a class uses as attributes of anything."""
    return {
        each.attr
        for each in ast.walk(node)
        if isinstance(each, ast.Attribute) and is_private(each.attr)
    }


def is_private(name: str) -> bool:
    """Return whether a name begins with exactly one underscore."""
    return name.startswith("_") and not name.startswith("__")


def test_no_class_overrides_private_members() -> None:
    seen = 0
    for info in pkgutil.walk_packages([str(ROOT)], "tap_mux."):
        if info.name == "tap_mux.__main__":
            continue
        module = importlib.import_module(info.name)
        for _, cls in inspect.getmembers(module, inspect.isclass):
            if cls.__module__ != info.name or issubclass(cls, Enum):
                continue
            seen += 1
            own = {name for name in vars(cls) if is_private(name)} - {"_abc_impl"}
            inherited = {name for base in cls.__mro__[1:] for name in vars(base)}
            assert not own & inherited, f"{info.name}.{cls.__name__}"
    assert seen > 50


def test_classes_are_small() -> None:
    sizes = {
        f"{module}.{node.name}": (node.end_lineno or 0) - node.lineno + 1
        for module, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }
    assert {name: lines for name, lines in sizes.items() if lines > MAX_CLASS_LINES} == {}
