"""The same surroundings for every program, whoever starts the benchmarks and from where.

Above all, Python keeps what it compiled, as it does on any machine where nobody told it not to:
otherwise most of a short run would be the compiler's.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig

_LEFT_OUT = ("PYTHON", "TAP_", "TARGET_", "SINGER_", "LOGLEVEL", "RUNTIME__", "DLT_")


def clean() -> dict[str, str]:
    """Give our environment variables, without those that change how the programs run."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_LEFT_OUT)}


def compile_all() -> None:
    """Compile what is installed, and the project, unless that has been done before."""
    folders = [sysconfig.get_paths()["purelib"], "tap_mux", "sandbox", "benchmarks"]
    # Some packages come with files that do not compile; nobody imports those.
    subprocess.run(  # noqa: S603 - Python itself
        [sys.executable, "-m", "compileall", "-qq", "-j", "0", *folders], check=False, env=clean()
    )
