"""What the page about the sandbox says of its options and commands."""

from __future__ import annotations

import re
import shlex

from mux_sandbox.__main__ import main
from tests.docs.pages import DOCS, blocks, table
from tests.support.loaders import plugin

PAGE = DOCS / "sandbox.md"


def test_options_are_those_of_the_command() -> None:
    told = {cell.strip("`").split()[0] for cell, _ in table(PAGE, "option")}
    options = {name for each in main.params for name in each.opts if name.startswith("--")}
    assert told == options


def test_example_is_understood() -> None:
    (command,) = [each for each in blocks(PAGE, "sh") if "--latency" in each]
    words = shlex.split(command.replace("\\\n", ""))[3:]
    with main.make_context("mux-sandbox", words) as context:
        assert context.params["command"][:2] == ("meltano", "run")


def test_commands_of_the_utility_exist() -> None:
    (utility,) = [plugin("utilities", "duckdb")]
    named = set(re.findall(r"duckdb:(\w+)", PAGE.read_text("utf-8")))
    assert named == set(utility["commands"])
