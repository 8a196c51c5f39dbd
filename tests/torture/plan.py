"""The preloaded library and its plan: which calls of a run are struck, and how (``faults.c``)."""

from __future__ import annotations

import ctypes
import mmap
import os
import shutil
import subprocess
import sys
from pathlib import Path

KINDS = "write truncate say sync rename symlink unlink mkdir rmdir open read close stat list allocate other".split()
"""In the order of faults.c."""
ACTIONS = {"fail": 1, "short": 2, "die before": 3, "die after": 4, "stop": 5}
ALWAYS = 2**31
"""The last call that is struck, where all are from the first one on."""
LIBRARY, PLAN = "LD_PRELOAD", "FAULTS_PLAN"


class Plan(ctypes.Structure):
    """What faults.c reads: ``struct plan``."""

    _fields_ = [
        *[(name, ctypes.c_long) for name in ("armed", "kind", "action", "error", "first", "last", "days", "struck")],
        ("seen", ctypes.c_long * len(KINDS)),
    ]


def unavailable() -> str | None:
    """Why no call can be replaced here; None when it can."""
    if sys.platform != "linux":
        return f"no preloaded library on {sys.platform}"
    return None if shutil.which("gcc") else "gcc is not installed"


def compiled(folder: Path) -> Path:
    """The library, made in a folder."""
    library = folder / "faults.so"
    source = Path(__file__).with_name("faults.c")
    subprocess.run(["gcc", "-O1", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    return library


class Bench:
    """The plan that the runs of this process obey; this process itself is left alone."""

    def __init__(self, path: Path) -> None:
        path.write_bytes(bytes(ctypes.sizeof(Plan)))
        os.environ[PLAN] = str(path)  # for the processes that a run starts
        with path.open("r+b") as file:
            self.plan = Plan.from_buffer(mmap.mmap(file.fileno(), 0))
        self.library = ctypes.CDLL(None)
        self.library.faults_attach(os.fsencode(path))
        self.library.faults_mute(1)

    def arm(self, **plan: int) -> None:
        """Set the plan; call it in the run itself, which is counted from now on."""
        ctypes.memset(ctypes.addressof(self.plan), 0, ctypes.sizeof(Plan))
        for name, value in plan.items():
            setattr(self.plan, name, value)
        self.plan.armed = 1
        self.library.faults_mute(0)

    def rest(self) -> Plan:
        """Strike no more; the plan, with what was counted."""
        self.plan.armed = 0
        return self.plan
