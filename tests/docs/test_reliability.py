"""The page of promises names tests that exist, and figures of the benchmarks as they are."""

from __future__ import annotations

import ast
import re

from tests.docs.pages import DOCS, ROOT, text

PAGE = DOCS / "reliability.md"
PROMISES = re.split(r"^- ", text(PAGE), flags=re.MULTILINE)[1:]
PROOF = re.compile(r"^    - `(\S+\.py)::(\S+)`$", re.MULTILINE)


def names_in(path: str) -> set[str]:
    """Return the tests of a module, by the names that pytest gives them."""
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    found = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    return found | {
        f"{group.name}::{node.name}"
        for group in classes
        for node in group.body
        if isinstance(node, ast.FunctionDef)
    }


def test_each_promise_has_tests_and_they_exist() -> None:
    assert len(PROMISES) > 50
    for promise in PROMISES:
        proofs = PROOF.findall(promise)
        assert proofs, promise
        for path, name in proofs:
            assert name.rpartition("::")[2].startswith("test_")
            assert name in names_in(path), f"{path}::{name}"


def test_no_test_is_named_in_another_form() -> None:
    assert len(re.findall("::", text(PAGE))) == sum(
        1 + name.count("::") for promise in PROMISES for _, name in PROOF.findall(promise)
    )


def test_figures_of_the_benchmarks_are_of_their_last_runs() -> None:
    """Some cases may have been measured again after the last run of all."""
    results = text(ROOT / "benchmarks" / "RESULTS.md")
    days = re.findall(r"([\d-]+) \d\d:\d\d UTC", results)
    quoted = re.findall(r"\(([\d-]+): (?:benchmarks|\[benchmarks\])", text(PAGE))
    assert len(quoted) > 1
    assert {*quoted} <= {*days}, "Bring the figures of docs/reliability.md up to date"


def test_page_is_in_the_site() -> None:
    assert f": {PAGE.name}\n" in text(ROOT / "mkdocs.yml").partition("\nnav:")[2]
