"""Arguments in, exit status out."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from etl import __version__
from etl.load.report import plain

if TYPE_CHECKING:
    from etl.settings import Settings

STATUSES = """exit statuses:
  0    done
  1    done, with rejects or findings of severity error
  2    wrong usage or settings
  3    input or output trouble: unreadable or cut-off source, full disk, locked, unreachable
  4    a bug in the tool
  5    refused: a threshold was passed, nothing was published
  130  interrupted"""

SERVERS = ("nginx",)
NOT_READ_YET = ("redirects", "home")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns its exit status (contract, section 3)."""
    signal.signal(signal.SIGINT, _interrupt)
    try:
        options = parser().parse_args(arguments)
        return int(options.run(options))
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 2
    except KeyboardInterrupt:
        return _interrupted_status()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 3
    except Exception as error:  # noqa: BLE001  # the last resort: everything has its exit status
        return _interrupted_status() if _interrupted else _failed(error)


_interrupted: list[int] = []


def _interrupt(number: int, _frame: object) -> None:
    """Note the signal, for SQLite turns an exception inside its call-backs into one of its own."""
    _interrupted.append(number)
    raise KeyboardInterrupt


def _interrupted_status() -> int:
    _interrupted.clear()
    say("interrupted; nothing was published")
    return 130


def _failed(error: Exception) -> int:
    """The status of an error; a trace back only for a bug of ours."""
    from etl.extract.bundle import SourceError
    from etl.load.generations import OutputError
    from etl.load.redirects import MapError
    from etl.servers import ServerError
    from etl.settings import SettingsError

    if isinstance(error, SettingsError):
        say(f"error: {error}")
        return 2
    if isinstance(error, SourceError | OutputError | ServerError | MapError):
        say(f"error: {error}")
        return 3
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        say(f"error: {where}{error.strerror or error}; nothing was published")
        return 3
    import sqlite3

    if getattr(error, "sqlite_errorcode", 0) & 0xFF in (
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CANTOPEN,
    ):
        say(f"error: the facts file of this run: {error}; nothing was published")
        return 3
    import traceback

    say("".join(traceback.format_exception(error)).rstrip())
    say("this is a bug in wiki-etl: please report it with the lines above")
    return 4


def say(text: str) -> None:
    """A line on standard error; no control character of the data reaches the terminal."""
    print(plain(text), file=sys.stderr)


# --- arguments -----------------------------------------------------------------------------


def parser() -> argparse.ArgumentParser:
    """All commands, with examples and exit statuses."""
    top = argparse.ArgumentParser(
        prog="wiki-etl",
        description="moves a legacy wiki to a new platform and loses nothing on the way",
        epilog="examples:\n  wiki-etl migrate export.zip\n  wiki-etl validate --format github export.zip\n"
        f"  wiki-etl redirects serve nginx\n\n{STATUSES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"wiki-etl {__version__}")
    commands = top.add_subparsers(metavar="COMMAND", required=True)
    _migrate_arguments(commands)
    _validate_arguments(commands)
    _redirects_arguments(commands)
    _schema_arguments(commands)
    _settings_arguments(commands)
    return top


def _command(
    commands: Any, name: str, run: Callable[[argparse.Namespace], int], help_: str, example: str
) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(
        name,
        help=help_,
        description=help_,
        epilog=f"example:\n  {example}\n\n{STATUSES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.set_defaults(run=run)
    command.add_argument("-q", "--quiet", action="store_true", help="say nothing but errors")
    command.add_argument("-v", "--verbose", action="store_true", help="say more")
    command.add_argument("--no-progress", action="store_true", help="no progress bar (there is one on a terminal only)")
    return command


def _source_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--config", type=Path, metavar="FILE", help="settings file (default: wiki-etl.toml beside the source)"
    )
    command.add_argument(
        "--jobs", type=_count, metavar="N", help="processes (default: the cores that this process may use)"
    )
    command.add_argument("--max-rejects", metavar="N|P%%", help="rejects that are still published (default: 1%%)")
    command.add_argument(
        "--max-shrink", metavar="N|P%%", help="loss of documents that is still published (default: 5%%)"
    )


def _migrate_arguments(commands: Any) -> None:
    help_ = "extract, transform, load, publish: everything in SOURCE becomes clean JSON Lines and a redirect map"
    command = _command(commands, "migrate", _migrate, help_, "wiki-etl migrate export.tar.zst --out out --tables")
    command.add_argument(
        "source", nargs="*", metavar="SOURCE", help="folder, archive, member file, http(s) address or - (default: raw)"
    )
    command.add_argument(
        "--out", type=Path, default=Path("out"), metavar="FOLDER", help="where generations go (default: out)"
    )
    _source_arguments(command)
    command.add_argument("--tables", action="store_true", help="also write tables/*.csv")
    command.add_argument("--changes", action="store_true", help="also write changes.jsonl, every edit of every body")
    command.add_argument("--html", action="store_true", help="also render each body")
    command.add_argument(
        "--verify-text", action="store_true", help="compare the words of source and result as rendered"
    )
    command.add_argument("--dry-run", action="store_true", help="publish nothing; say what would change")
    command.add_argument("--allow-partial", action="store_true", help="publish what could be read of a cut-off source")
    command.add_argument(
        "--format", choices=("text", "json"), default="text", help="form of the summary (default: text)"
    )


def _validate_arguments(commands: Any) -> None:
    help_ = "every fault of a bundle, a documents.jsonl, a redirects.jsonl or a generation"
    command = _command(commands, "validate", _validate, help_, "wiki-etl validate export.zip --format github")
    command.add_argument(
        "source", nargs="*", metavar="PATH", help="bundle, file of lines, or generation (default: raw)"
    )
    command.add_argument(
        "--out", type=Path, metavar="FOLDER", help="generations that --max-shrink compares with (default: none)"
    )
    _source_arguments(command)
    command.add_argument(
        "--format", choices=("text", "json", "github"), default="text", help="form of the faults (default: text)"
    )
    command.add_argument("--strict", action="store_true", help="warnings count as faults")


def _redirects_arguments(commands: Any) -> None:
    group = commands.add_parser("redirects", help="compile the redirect map, serve it with a real server")
    actions = group.add_subparsers(metavar="ACTION", required=True)
    build = _command(
        actions,
        "build",
        _build,
        "compile the map for web servers again",
        "wiki-etl redirects build --site https://new.example",
    )
    build.add_argument(
        "--map",
        type=Path,
        default=Path("out/current/redirects.jsonl"),
        metavar="FILE",
        help="default: out/current/redirects.jsonl",
    )
    build.add_argument("--site", metavar="URL", help="base address of the new site, for absolute targets")
    build.add_argument(
        "--server", action="append", choices=SERVERS, metavar="S", help=f"one of {', '.join(SERVERS)} (default: all)"
    )
    build.add_argument(
        "--out",
        type=Path,
        default=Path("redirects"),
        metavar="FOLDER",
        help="where the folders go (default: redirects)",
    )
    serve = _command(
        actions,
        "serve",
        _serve,
        "start a real server on loopback with the compiled map",
        "wiki-etl redirects serve nginx --port 8080",
    )
    serve.add_argument("server", choices=SERVERS, metavar="SERVER", help=f"one of {', '.join(SERVERS)}")
    serve.add_argument("--port", type=int, metavar="N", help="default: a free one, printed")
    serve.add_argument(
        "--map",
        type=Path,
        default=Path("out/current"),
        metavar="FOLDER",
        help="generation or its redirects folder (default: out/current)",
    )


def _schema_arguments(commands: Any) -> None:
    command = _command(
        commands, "schema", _schema, "print a published schema, or the names of all", "wiki-etl schema document"
    )
    command.add_argument("name", nargs="?", metavar="NAME")


def _settings_arguments(commands: Any) -> None:
    command = _command(
        commands,
        "settings",
        _settings,
        "print each effective setting with its origin",
        "wiki-etl settings --config wiki-etl.toml",
    )
    command.add_argument("source", nargs="*", metavar="SOURCE", help="source whose settings file counts (default: raw)")
    command.add_argument("--config", type=Path, metavar="FILE")


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1")
    return int(text)


# --- commands ------------------------------------------------------------------------------


def _migrate(options: argparse.Namespace) -> int:
    from etl.load import report
    from etl.passes import Options
    from etl.pipeline import Run, migrate

    sources, leave_out = _sources(options)
    run = Run(
        sources=sources,
        settings=_loaded(options, sources)[0],
        out=options.out,
        jobs=options.jobs,
        options=Options(options.changes, options.html, options.verify_text),
        tables=options.tables,
        dry_run=options.dry_run,
        allow_partial=options.allow_partial,
        leave_out=leave_out,
        progress=_progress(options),
    )
    migrate(run)
    if options.format == "json":
        import json

        print(json.dumps(report.summary(run), indent=2))  # ASCII only: names of the data may hold control characters
    if not options.quiet:
        say(report.text(run))
    return report.exit_status(run)


def _validate(options: argparse.Namespace) -> int:
    from etl.validate import validate

    paths, leave_out = _sources(options)
    return validate(
        paths,
        lambda sources: _loaded(options, sources)[0],
        form=options.format,
        strict=options.strict,
        jobs=options.jobs,
        progress=_progress(options),
        quiet=options.quiet,
        verbose=options.verbose,
        out=options.out,
        leave_out=leave_out,
    )


def _build(options: argparse.Namespace) -> int:
    from etl.load.redirects import CompileOptions, compile_all
    from etl.settings import load_settings

    flags = {"site": options.site} if options.site else {}
    settings, _ = load_settings(None, [], flags)
    compile_options = CompileOptions(
        site=settings.site, legacy_base=settings.legacy_base, path_prefixes=settings.path_prefixes
    )
    findings = compile_all(options.map, options.out, compile_options, options.server or SERVERS)
    for finding in findings:
        say(f"{finding.code}: {finding.message}; {finding.action}")
    if not options.quiet:
        say(f"compiled for {', '.join(options.server or SERVERS)} in {options.out}")
    return 0


def _serve(options: argparse.Namespace) -> int:
    from etl.servers import serve

    return serve(options.server, options.port, options.map)


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
    sources, _ = _sources(options)
    settings, origins = _loaded(options, sources)
    import json

    for key, value in settings.model_dump(mode="json").items():
        print(plain(f"{key} = {json.dumps(value, ensure_ascii=False)}  # {origins[key]}"))
    return 0


# --- what commands share -------------------------------------------------------------------


def _sources(options: argparse.Namespace) -> tuple[list[str], list[Path]]:
    """The sources, and the folders to leave out: without SOURCE, the sample only while it is alone."""
    if options.source:
        return options.source, []
    raw, sample = Path("raw"), Path("raw/sample")
    if not raw.is_dir():
        from etl.settings import SettingsError

        raise SettingsError("no SOURCE given, and there is no folder raw here")
    own = [
        path
        for path in raw.iterdir()
        if path != sample and not path.name.startswith(".") and path.name != "wiki-etl.toml"
    ]
    if sample.is_dir() and not own:
        return [str(sample)], []
    if sample.is_dir() and not getattr(options, "quiet", False):
        say("raw holds an export of its own: raw/sample is left out")
    return [str(raw)], [sample]


def _loaded(options: argparse.Namespace, sources: Sequence[str]) -> tuple[Settings, dict[str, str]]:
    from etl.settings import load_settings

    names = ("max_rejects", "max_shrink")
    flags = {name: getattr(options, name) for name in names if getattr(options, name, None) is not None}
    settings, origins = load_settings(options.config, sources, flags)
    for name in NOT_READ_YET:
        if origins[name] != "default":
            say(f"note: the setting {name!r} is accepted, but no command reads it yet")
    return settings, origins


def _progress(options: argparse.Namespace) -> Callable[[str, int], Any]:
    """A bar with documents per second and the time left, on a terminal only."""
    hidden = options.no_progress or options.quiet or not sys.stderr.isatty()

    @contextmanager
    def progress(name: str, total: int) -> Iterator[Callable[[int], Any]]:
        if hidden:
            yield lambda _done: None
            return
        from tqdm import tqdm

        with tqdm(total=total, desc=name, unit=" doc", leave=False) as bar:
            yield bar.update

    return progress
