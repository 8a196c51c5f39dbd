"""Arguments in, exit status out."""

from __future__ import annotations

import argparse
import codecs
import os
import re
import signal
import sys
from collections.abc import Callable, Sequence
from functools import partial
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from etl import __version__
from etl.cli import redirects
from etl.cli.commands import (
    STATUSES,
    add_command,
    count,
    format_argument,
    interrupted,
    loaded,
    named,
    named_path,
    progress,
    say,
    settings_beside,
)
from etl.plain import one_line
from etl.trouble import DISK_FULL, Trouble

if TYPE_CHECKING:
    from etl.run import Run

OUT = Path("out")
"""Where generations go, and come from, unless another folder is named."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns its exit status (contract, section 3)."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup, and shells in the background
            signal.signal(number, _interrupt)
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
    return int(options.run(options))


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
    interrupted.clear()
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
    elif str(error).startswith(_FACTS_TROUBLE):
        trouble = f"a temporary database of this command: {error}"
    if trouble is not None:
        say(_with_notes(f"error: {trouble}", error))
        return getattr(error, "status", Trouble.status)
    import traceback

    say("".join(traceback.format_exception(error)).rstrip())
    say("this is a bug in wiki-etl: please report it with the lines above")
    return 4


# --- arguments -----------------------------------------------------------------------------


def parser() -> argparse.ArgumentParser:
    """All commands, with examples and exit statuses."""
    top = argparse.ArgumentParser(
        prog="wiki-etl",
        description="move a legacy wiki to a new platform and lose nothing on the way",
        epilog="examples:\n  wiki-etl migrate export.zip\n  wiki-etl validate --format github export.zip\n"
        f"  wiki-etl redirects serve nginx\n\n{STATUSES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"wiki-etl {__version__}")
    commands = top.add_subparsers(metavar="COMMAND", required=True)
    _migrate_arguments(commands)
    _validate_arguments(commands)
    _explain_arguments(commands)
    _replay_arguments(commands)
    _release_arguments(commands)
    redirects.add(commands)
    _schema_arguments(commands)
    _settings_arguments(commands)
    return top


def _source_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--config", type=named_path, metavar="FILE", help="settings file (default: wiki-etl.toml beside the source)"
    )
    command.add_argument(
        "--sha256",
        type=_sha256,
        metavar="HEX",
        help="stop unless the single SOURCE (a file, address or -) has this digest",
    )
    command.add_argument(
        "--jobs", type=count, metavar="N", help="processes (default: one below 2,000 members, else one for each core)"
    )
    command.add_argument(
        "--max-rejects", metavar="N|P%", help="rejects allowed (default: setting max_rejects, else 1%%)"
    )
    command.add_argument(
        "--max-shrink", metavar="N|P%", help="loss of documents allowed (default: setting max_shrink, else 5%%)"
    )


def _sha256(text: str) -> str:
    if not re.fullmatch("[0-9a-fA-F]{64}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a SHA-256, which has 64 hex digits")
    return text.lower()


def _migrate_arguments(commands: Any) -> None:
    help_ = "turn everything in SOURCE into clean JSON Lines and a redirect map, and publish them"
    command = add_command(commands, "migrate", _migrate, help_, "wiki-etl migrate export.tar.zst --out out --tables")
    command.add_argument(
        "source",
        type=named,
        nargs="*",
        metavar="SOURCE",
        help="folder, archive, member file, http(s) address or - (default: raw)",
    )
    command.add_argument(
        "--out", type=named_path, default=OUT, metavar="FOLDER", help="where generations go (default: out)"
    )
    _source_arguments(command)
    command.add_argument("--tables", action="store_true", help="also write tables/*.csv")
    command.add_argument("--changes", action="store_true", help="also write changes.jsonl, every edit of every body")
    command.add_argument("--html", action="store_true", help="also write each body as HTML")
    command.add_argument(
        "--verify-text", action="store_true", help="also compare the words of source and result as rendered"
    )
    command.add_argument("--dry-run", action="store_true", help="publish nothing, say what would change")
    command.add_argument(
        "--previous",
        type=named,
        metavar="GENERATION",
        help="keep its slugs and addresses: released, current, a folder, an http(s) address, or none "
        "(default: released, if there is one)",
    )
    command.add_argument("--allow-partial", action="store_true", help="publish what could be read of a cut-off source")
    format_argument(command, "summary")


def _validate_arguments(commands: Any) -> None:
    help_ = "report every fault of a bundle, a documents.jsonl, a redirects.jsonl or a generation"
    command = add_command(commands, "validate", _validate, help_, "wiki-etl validate export.zip --format github")
    command.add_argument(
        "source",
        type=named,
        nargs="*",
        metavar="PATH",
        help="bundle, generation, or a file of one (default: raw)",
    )
    command.add_argument(
        "--out",
        type=named_path,
        metavar="FOLDER",
        help="generations before this one, for --max-shrink and addresses that are lost (default: none)",
    )
    _source_arguments(command)
    format_argument(command, "faults", "github")
    command.add_argument("--strict", action="store_true", help="warnings count as faults")
    command.add_argument(
        "--baseline",
        type=named_path,
        metavar="FILE",
        help="findings.jsonl or JSON output of an earlier run: what is in it is only counted, and no fault",
    )


def _explain_arguments(commands: Any) -> None:
    help_ = "say what became of a page, a member or an address"
    command = add_command(
        commands,
        "explain",
        _explain,
        help_,
        "wiki-etl explain /Clear+water https://old.example/tiki-index.php?page_id=7",
        "wiki-etl explain tiki-7 export/001_00000000000000f1.txt --format json",
    )
    command.add_argument(
        "asked",
        type=named,
        nargs="+",
        metavar="WHAT",
        help="an address of the old or new site, an id, a slug, a title or a member",
    )
    command.add_argument(
        "--generation",
        type=named_path,
        default=OUT / "current",
        metavar="FOLDER",
        help="what is asked (default: out/current)",
    )
    command.add_argument("--config", type=named_path, metavar="FILE", help="settings file of the generation")
    format_argument(command, "answers")


def _replay_arguments(commands: Any) -> None:
    help_ = "say which rejects of a generation pass after a change of the settings or the tool"
    command = add_command(commands, "replay", _replay, help_, "wiki-etl replay out/refused --config wiki-etl.toml")
    command.add_argument(
        "file", nargs="?", type=named_path, metavar="FILE", help="rejects.jsonl or generation (default: out/current)"
    )
    command.add_argument(
        "--out", type=named_path, default=OUT, metavar="FOLDER", help="where generations are (default: out)"
    )
    command.add_argument("--config", type=named_path, metavar="FILE", help="settings file (default: that of raw)")
    command.add_argument(
        "--jobs", type=count, metavar="N", help="processes (default: one below 2,000 rejects, else one for each core)"
    )
    format_argument(command, "report")


def _release_arguments(commands: Any) -> None:
    release = "mark a generation as in use: it is kept, and later ones keep its slugs and addresses"
    back = "point out/current at the previous generation again"
    for name, run, help_, default in (
        ("release", _release, release, "current"),
        ("rollback", _rollback, back, "previous"),
    ):
        command = add_command(commands, name, run, help_, f"wiki-etl {name} --out out")
        command.add_argument(
            "number",
            nargs="?",
            type=count,
            metavar="NUMBER",
            help=f"number of a generation (default: the {default} one)",
        )
        command.add_argument(
            "--out", type=named_path, default=OUT, metavar="FOLDER", help="where generations are (default: out)"
        )


def _schema_arguments(commands: Any) -> None:
    command = add_command(
        commands,
        "schema",
        _schema,
        "print a JSON schema of the output, or the names of all",
        "wiki-etl schema document",
    )
    command.add_argument("name", nargs="?", metavar="NAME", help="such as document (default: list all names)")


def _settings_arguments(commands: Any) -> None:
    command = add_command(
        commands,
        "settings",
        _settings,
        "print each setting in effect and where it comes from",
        "wiki-etl settings --config wiki-etl.toml",
    )
    command.add_argument(
        "source", type=named, nargs="*", metavar="SOURCE", help="source whose settings file is read (default: raw)"
    )
    command.add_argument("--config", type=named_path, metavar="FILE", help="settings file to read instead")


# --- commands ------------------------------------------------------------------------------


def _migrate(options: argparse.Namespace) -> int:
    from etl import report
    from etl.load.generations import published_before
    from etl.passes import Options
    from etl.pipeline import migrate

    sources, leave_out = _sources_to_read(options)
    run = _run(options, leave_out, sources, options.out)
    run.options = Options(options.changes, options.html, options.verify_text)
    run.tables, run.dry_run, run.allow_partial = options.tables, options.dry_run, options.allow_partial
    run.previous = options.previous
    migrate(run)
    if options.format == "json":
        import json

        try:
            # ASCII only: names of the data may hold control characters
            print(json.dumps(report.summary(run), indent=2), flush=True)
        except OSError as error:
            outcome = published_before(run.published if run.fresh else None)
            raise Trouble(f"standard output: {error.strerror}; {outcome}") from error
    if told := report.text(run, quiet=options.quiet):
        say(told)
    return report.exit_status(run)


def _validate(options: argparse.Namespace) -> int:
    from etl.validate import validate

    paths, leave_out = _sources_to_read(options)
    return validate(
        paths,
        lambda sources: loaded(options, sources)[0],
        partial(_run, options, leave_out),
        form=options.format,
        strict=options.strict,
        quiet=options.quiet,
        verbose=options.verbose,
        out=options.out,
        sha256=options.sha256,
        baseline=options.baseline,
    )


def _explain(options: argparse.Namespace) -> int:
    from etl.explain import REPORTS, explain

    map_file = options.generation / "redirects.jsonl"
    status = 0
    for told in explain(options.asked, map_file, settings_beside(options, map_file)):
        print(REPORTS[options.format](told))
        status = status if told.is_known else 1
    return status


def _replay(options: argparse.Namespace) -> int:
    from etl.made_with import origin
    from etl.replay import replay

    settings, origins = loaded(options, _sources_if_any([], quiet=True))
    done = replay(
        options.file,
        settings,
        out=options.out,
        origin=origin(origins),
        form=options.format,
        every=options.verbose,
        jobs=options.jobs,
        progress=progress(options),
    )
    if not options.quiet:
        say(done.summary)
    return done.status


def _release(options: argparse.Namespace) -> int:
    from etl.load.generations import Generations

    path, fresh = Generations(options.out).release(options.number)
    if not options.quiet:
        how = "is released" if fresh else "was released before"
        say(f"generation {path.name} {how}: {options.out / 'released'}; migrate keeps its slugs and addresses")
    return 0


def _rollback(options: argparse.Namespace) -> int:
    from etl.load.generations import Generations

    old, new = Generations(options.out).roll_back(options.number)
    if not options.quiet:
        say(f"{options.out / 'current'} is generation {new.name} now, no longer {old.name}")
    return 0


def _schema(options: argparse.Namespace) -> int:
    from etl import schemas
    from etl.settings import SettingsError

    if options.name is None:
        print("\n".join(schemas.MODELS))
        return 0
    if options.name not in schemas.MODELS:
        raise SettingsError(f"unknown schema {options.name!r}; one of {', '.join(schemas.MODELS)}")
    sys.stdout.write(schemas.published(options.name))
    return 0


def _settings(options: argparse.Namespace) -> int:
    from etl.settings import is_local

    for source in filter(is_local, options.source):
        Path(source).stat()  # a mistyped one has no settings, and is no reason to show the defaults
    settings, origins = loaded(options, _sources_if_any(options.source, quiet=options.quiet))
    if settings.redirects is not None:  # wherever the settings are written to
        settings = settings.model_copy(update={"redirects": str(Path(settings.redirects).absolute())})
    is_utf8 = codecs.lookup(sys.stdout.encoding).name == "utf-8"
    for key, value in settings.model_dump(mode="json").items():
        shown = f"# {key} = none" if value is None else f"{key} = {_toml(value)}"
        line = f"{shown}  # {one_line(origins[key])}"
        print(line if is_utf8 else _escaped(line, str.isascii))
    return 0


def _toml(value: Any) -> str:
    r"""A value as TOML writes it, on one line and without any control character.

    >>> print(_toml({"a b": ["\x9b", True, 5]}))
    {"a b" = ["\U0000009b", true, 5]}
    """
    import json

    if isinstance(value, dict):
        return "{" + ", ".join(f"{_toml(key)} = {_toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return _escaped(json.dumps(value, ensure_ascii=False), str.isprintable)


def _escaped(text: str, is_shown: Callable[[str], bool]) -> str:
    r"""TOML, which is UTF-8 in every file, with escapes of its own for the characters that are not shown.

    >>> print(_escaped('home = "Zoë"', str.isascii))
    home = "Zo\U000000eb"
    """
    return "".join(char if is_shown(char) else f"\\U{ord(char):08x}" for char in text)


# --- what commands share -------------------------------------------------------------------


def _sources(given: list[str], *, quiet: bool) -> tuple[list[str], list[Path]]:
    """The sources, and what to leave out of them: without SOURCE, the sample only while it is alone."""
    from etl.settings import CONFIG_NAME, SettingsError

    if given.count("-") > 1:
        raise SettingsError("standard input is read once: give - once")
    if given:
        return given, []
    raw, sample = Path("raw"), Path("raw/sample")
    if not raw.is_dir():
        raise SettingsError("no SOURCE given, and there is no folder raw here")
    others = (path.name for path in raw.iterdir() if path != sample)
    has_own = any(not name.startswith(".") and name != CONFIG_NAME for name in others)
    if sample.is_dir() and not has_own:
        return [str(sample)], []
    if sample.is_dir() and not quiet:
        say("raw holds an export of its own: raw/sample is left out")
    return [str(raw)], [sample]


def _sources_if_any(given: list[str], *, quiet: bool) -> list[str]:
    """The sources whose settings count, for a command that reads none: without SOURCE there need be no raw."""
    return _sources(given, quiet=quiet)[0] if given or Path("raw").is_dir() else []


def _run(options: argparse.Namespace, leave_out: Sequence[Path], sources: Sequence[str], out: Path) -> Run:
    """What `migrate` and `validate` alike ask of a run."""
    from etl.run import Run
    from etl.settings import files_in_use

    return Run(
        sources=sources,
        settings=loaded(options, sources)[0],
        out=out,
        jobs=options.jobs,
        leave_out=leave_out,
        sha256=options.sha256,
        in_use=files_in_use(options.config, sources),
        by_config=options.config is not None,
        progress=progress(options),
    )


def _sources_to_read(options: argparse.Namespace) -> tuple[list[str], list[Path]]:
    """As `_sources`, but what earlier runs wrote is left out, too.

    Raises SettingsError for ``--sha256`` with several sources, or with a folder.
    """
    from etl.load.generations import Generations

    sources, leave_out = _sources(options.source, quiet=options.quiet)
    leave_out = [*leave_out, *Generations(options.out or OUT).written]
    if options.sha256 and (len(sources) != 1 or Path(sources[0]).is_dir()):
        from etl.settings import SettingsError

        raise SettingsError("--sha256 is for one SOURCE that is a file, an address or -, not for folders")
    return sources, leave_out
