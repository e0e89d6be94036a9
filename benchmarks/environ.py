"""The same environment for every program, whoever starts the benchmarks.

All modules are compiled beforehand: otherwise compiling would take most of a short run.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig

_LEFT_OUT = ("PYTHON", "TAP_", "TARGET_", "SINGER_", "LOGLEVEL", "RUNTIME__", "DLT_")


def clean() -> dict[str, str]:
    """Return the environment variables, without those that change how the programs run."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_LEFT_OUT)}


def compile_all() -> None:
    """Compile the installed packages and the project, if that is not done yet."""
    folders = [sysconfig.get_paths()["purelib"], "tap_mux", "sandbox", "benchmarks"]
    # Some packages have files that do not compile; they are never imported.
    subprocess.run(  # noqa: S603 - Python itself
        [sys.executable, "-m", "compileall", "-qq", "-j", "0", *folders], check=False, env=clean()
    )
