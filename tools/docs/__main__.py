"""Write the pages of docs/ that follow from the code, or check that they are as written.

The exit code of a check is 1 where they are not.
"""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

from tools.docs import generated
from tools.docs.sandboxed import messages

FOLDER = Path(__file__).parents[2] / "docs"


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m tools.docs", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    is_check = parser.parse_args().check
    logging.disable(logging.WARNING)
    files = generated.files(messages())
    if is_check:
        differing = generated.differences(FOLDER, files)
        if differing:
            sys.exit(
                f"Not as `uv run python -m tools.docs` writes them: {', '.join(sorted(differing))}"
            )
        return
    generated.write(FOLDER, files)


if __name__ == "__main__":
    main()
