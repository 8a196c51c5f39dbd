"""Arguments in, exit status out."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from typing import TextIO

from etl import __version__
from etl.cli import generations, redirects, runs, settings
from etl.cli.commands import described, interrupted, say
from etl.trouble import DISK_FULL, Trouble


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns its exit status (contract, section 3)."""
    if not hasattr(signal, "SIGHUP"):
        say("error: this is no POSIX system, such as Linux or macOS; on Windows, run wiki-etl in WSL")
        return 2
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup, and shells in the background
            signal.signal(number, _interrupt)
    interrupted.clear()
    hook, sys.unraisablehook = sys.unraisablehook, _unraisable
    _open_streams()
    try:
        status = _status(arguments)
        sys.stdout.flush()
    except Exception as error:  # noqa: BLE001  # the last resort: everything has its exit status
        status = _interrupted_status(error) if interrupted else _failed(error)
    except KeyboardInterrupt as error:
        status = _interrupted_status(error)
    for stream in (sys.stdout, sys.stderr):
        _let_go(stream)
    sys.unraisablehook = hook
    return status


def _status(arguments: Sequence[str] | None) -> int:
    try:
        options = parser().parse_args(arguments)
    except SystemExit as end:  # of argparse
        return end.code if isinstance(end.code, int) else 2
    _import_orjson()
    return int(options.run(options))


def _import_orjson() -> None:
    """Import orjson while interrupts wait: an exception inside of its import crashes Python."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        import orjson  # noqa: F401
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def parser() -> argparse.ArgumentParser:
    """All commands, with examples and exit statuses."""
    top = argparse.ArgumentParser(
        prog="wiki-etl",
        **described(
            "move a legacy wiki to a new platform and lose nothing on the way",
            "wiki-etl migrate export.zip",
            "wiki-etl validate --format github export.zip",
            "wiki-etl redirects serve nginx",
        ),
    )
    top.add_argument("--version", action="version", version=f"wiki-etl {__version__}")
    commands = top.add_subparsers(metavar="COMMAND", required=True)
    for group in (runs, generations, redirects, settings):
        group.add(commands)
    return top


def _open_streams() -> None:
    """Open standard streams that are closed, before a file of ours gets their number; and take any encoding.

    Data must not get lost in silence: a closed standard output is replaced by one that cannot be written to. Words for
    a closed standard error are lost.
    """
    if sys.stdout is None:
        sys.stdout = open(os.open(os.devnull, os.O_RDONLY), "w")  # noqa: PTH123, SIM115  # a number, for good
    if sys.stderr is None:
        sys.stderr = open(os.open(os.devnull, os.O_WRONLY), "w")  # noqa: PTH123, SIM115  # likewise
    if isinstance(sys.stdout, TextIOWrapper):  # a terminal of another encoding is no reason to fail
        sys.stdout.reconfigure(errors="backslashreplace")


def _let_go(stream: TextIO) -> None:
    """Write what is left; where that fails, forget it: it was told, and Python would tell it again when it ends."""
    try:
        stream.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _unraisable(lost: sys.UnraisableHookArgs) -> None:
    """Say nothing of an interrupt that came inside a call-back of a library: it is noted (`interrupted`)."""
    if not isinstance(lost.exc_value, KeyboardInterrupt):
        sys.__unraisablehook__(lost)


def _interrupt(number: int, _frame: object) -> None:
    """Note the signal, for SQLite turns an exception inside its call-backs into one of its own."""
    interrupted.append(number)
    raise KeyboardInterrupt


def _interrupted_status(error: BaseException) -> int:
    say(_with_notes("interrupted", error))
    return 130


def _with_notes(text: str, error: BaseException) -> str:
    """A message with the notes of its error, which say whether something was published."""
    return "; ".join([text, *getattr(error, "__notes__", ())])


_FACTS_TROUBLE = (
    "attempt to write a readonly database",
    "database disk image is malformed",
    DISK_FULL,
    "disk I/O error",
    "file is not a database",
    "unable to open database",
)
"""How SQLite's messages about a failing disk begin: errors of workers arrive without their codes."""
_NO_MEMORY = "Not enough memory"
"""What orjson says, as if it were an error of the data."""


def _failed(error: Exception) -> int:
    """The status of an error; a trace back only for a bug of ours.

    Nothing is imported here before it is clear that the disk is not the trouble.
    """
    trouble = None
    if isinstance(error, BrokenPipeError):  # nobody reads on
        return Trouble.status
    if isinstance(error, Trouble):
        trouble = str(error)
    elif isinstance(error, OSError):
        trouble = (f"{error.filename}: " if error.filename else "") + (error.strerror or str(error))
    elif isinstance(error, MemoryError) or str(error).startswith(_NO_MEMORY):
        trouble = "there is not enough memory"
    elif isinstance(error, ImportError) and not (error.name or "").startswith("etl"):
        trouble = f"{error}; install wiki-etl again, with a Python that has all of its modules"
    elif str(error).startswith(_FACTS_TROUBLE):
        trouble = f"a temporary database of this command: {error}"
    if trouble is not None:
        say(_with_notes(f"error: {trouble}", error))
        return getattr(error, "status", Trouble.status)
    import traceback

    say("".join(traceback.format_exception(error)).rstrip())
    say("this is a bug in wiki-etl: please report it with the lines above")
    return 4
