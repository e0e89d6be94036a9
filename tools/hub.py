"""Write the definition of the tap for Meltano Hub, from meltano.yml and pyproject.toml.

The Hub's own tool makes one of what ``--about`` says, which cannot say that a list holds secrets,
which settings go together, and which streams are selected by default.
"""

from __future__ import annotations

import argparse
import io
import re
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

if TYPE_CHECKING:
    from collections.abc import Sequence

    Definition = dict[str, Any]

ROOT = Path(__file__).parents[1]
FILE = ROOT / ".github" / "meltano-hub" / "tap-mux.yml"
COMMAND = "uv run python -m tools.hub"
OF_THE_HUB = {
    "description": "Video infrastructure and video analytics (Mux Video and Mux Data)",
    "domain_url": "https://www.mux.com/docs/api-reference",
    "keywords": ["api", "meltano_sdk"],
    "log_parser": "singer-sdk",
    "logo_url": "/assets/logos/extractors/mux.png",
    "maintenance_status": "active",
    "pip_url": "tap-mux",
    "quality": "silver",
    "variant": "tap-mux",
}
"""What a project does not need. The quality is what the Hub gives to a new tap on the SDK."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the file, or tell whether it is up to date; give the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.hub", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if it is old")
    options = parser.parse_args(arguments)
    text = render(definition())
    if options.check:
        if FILE.exists() and FILE.read_text("utf-8") == text:
            return 0
        sys.stderr.write(f"{FILE.relative_to(ROOT)} is not up to date. Run {COMMAND}\n")
        return 1
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(text, "utf-8")
    return 0


def definition() -> Definition:
    """Make the definition."""
    plugins = YAML(typ="safe").load(ROOT / "meltano.yml")["plugins"]
    (plugin,) = [each for each in plugins["extractors"] if each["name"] == "tap-mux"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    versions = re.findall(r":: (3\.\d+)$", "\n".join(project["classifiers"]), re.MULTILINE)
    return {
        **plugin,
        **OF_THE_HUB,
        "repo": project["urls"]["Repository"],
        "settings": sorted(plugin["settings"], key=lambda setting: str(setting["name"])),
        "supported_python_versions": versions,
    }


def render(content: Definition) -> str:
    """Write the definition as the Hub wants it: in block style, keys sorted."""
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.width = sys.maxsize  # wrapped lines would end with blanks
    stream = io.StringIO()
    yaml.dump(content, stream)
    return f"# Written by `{COMMAND}`; change what it is made from.\n{stream.getvalue()}"


if __name__ == "__main__":
    sys.exit(main())
