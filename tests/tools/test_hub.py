"""The definition for Meltano Hub."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from tap_mux.settings.settings import SETTINGS
from tap_mux.streams import ALL_STREAMS
from tools import hub

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

TEXT = hub.FILE.read_text("utf-8")
DEFINITION: dict[str, Any] = YAML(typ="safe").load(TEXT)
BY_NAME = {setting["name"]: setting for setting in DEFINITION["settings"]}

# What follows are rules of the Hub: https://github.com/meltano/hub/tree/main/schemas

REQUIRED = {"name", "namespace", "variant", "label", "quality", "pip_url", "repo"}
ALLOWED = REQUIRED | {
    *("capabilities", "commands", "definition", "description", "docs", "domain_url", "executable"),
    *("hidden", "keywords", "log_parser", "logo_url", "maintenance_status", "metadata"),
    *("next_steps", "prereq", "python", "requires", "schema", "select", "settings"),
    *("settings_group_validation", "settings_preamble", "supported_python_versions", "usage"),
}
CAPABILITIES = {
    *("about", "activate-version", "batch", "catalog", "discover", "log-based", "properties"),
    *("schema-flattening", "state", "stream-maps", "structured-logging", "test"),
}
KINDS = {
    *("array", "boolean", "date_iso8601", "email", "file", "hidden", "integer", "oauth"),
    *("object", "options", "password", "string"),
}
"""Without decimal, whose values Meltano cannot write as JSON."""


def test_file_is_what_the_command_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert hub.main(["--check"]) == 0, "run uv run python -m tools.hub"
    monkeypatch.setattr(hub, "ROOT", tmp_path)
    monkeypatch.setattr(hub, "FILE", tmp_path / "hub" / "tap-mux.yml")
    monkeypatch.setattr(hub, "definition", lambda: DEFINITION)
    assert hub.main(["--check"]) == 1
    assert "Run uv run python -m tools.hub" in capsys.readouterr().err
    assert hub.main([]) == 0
    assert hub.main(["--check"]) == 0
    assert hub.FILE.read_text("utf-8") == TEXT


class TestRulesOfTheHub:
    """What its checks of a pull request would refuse."""

    def test_keys(self) -> None:
        assert DEFINITION.keys() >= REQUIRED
        assert DEFINITION.keys() <= ALLOWED
        assert DEFINITION["maintenance_status"] in {"active", "beta", "development", "inactive"}
        assert DEFINITION["quality"] in {"gold", "silver", "bronze", "unknown"}
        assert set(DEFINITION["capabilities"]) <= CAPABILITIES
        assert DEFINITION["namespace"] == DEFINITION["name"].replace("-", "_")
        assert DEFINITION["logo_url"].startswith("/assets/logos/extractors/")

    def test_settings(self) -> None:
        for setting in DEFINITION["settings"]:
            assert setting.keys() >= {"name", "label", "kind", "description"}
            assert setting.keys() <= {"name", "label", "kind", "description", "value", "sensitive"}
            assert setting["kind"] in KINDS
        groups = DEFINITION["settings_group_validation"]
        assert {name for group in groups for name in group} <= BY_NAME.keys()

    def test_form(self) -> None:
        """Keys and settings are sorted, and nothing is in braces."""
        for content in (DEFINITION, *DEFINITION["settings"]):
            assert list(content) == sorted(content)
        assert list(BY_NAME) == sorted(BY_NAME)
        assert DEFINITION["capabilities"] == sorted(DEFINITION["capabilities"])
        assert re.search(r" $|\w: [{\[]", TEXT, re.MULTILINE) is None
        assert TEXT.endswith("\n")


def test_secrets_are_marked() -> None:
    secret = {name for name, each in SETTINGS.to_dict()["properties"].items() if each.get("secret")}
    assert secret == {"environments", "token_secret"}
    assert {name for name, each in BY_NAME.items() if each.get("sensitive")} == secret


def test_fractional_settings_are_no_integers() -> None:
    for name, setting in SETTINGS.to_dict()["properties"].items():
        is_integer = BY_NAME[name]["kind"] == "integer"
        assert is_integer == ("integer" in setting["type"]), name
    assert BY_NAME["rate_limit_reserve"]["kind"] == "string"


def test_selects_what_the_tap_selects_by_default() -> None:
    names = sorted(stream.name for stream in ALL_STREAMS if stream.selected_by_default)
    assert DEFINITION["select"] == [f"{name}.*" for name in names]
