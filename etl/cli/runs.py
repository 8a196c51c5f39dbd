"""The commands ``migrate`` and ``validate``, which go through sources: arguments in, exit status out."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from etl.cli.commands import OUT, add_command, count, format_argument, loaded, named, named_path, progress, say, sources
from etl.trouble import Trouble

if TYPE_CHECKING:
    from etl.run import Run


def add(commands: Any) -> None:
    """Adds both to the commands."""
    _migrate_arguments(commands)
    _validate_arguments(commands)


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
    format_argument(command, "faults", "github", "junit")
    command.add_argument("--strict", action="store_true", help="warnings count as faults")
    command.add_argument(
        "--baseline",
        type=named_path,
        metavar="FILE",
        help="findings.jsonl or JSON output of an earlier run: what is in it is only counted, and no fault",
    )


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


# --- commands ------------------------------------------------------------------------------


def _migrate(options: argparse.Namespace) -> int:
    from etl import summary
    from etl.load.generations import published_before
    from etl.passes import Options
    from etl.pipeline import migrate

    paths, leave_out = _sources_to_read(options)
    run = _run(options, leave_out, paths, options.out)
    run.options = Options(options.changes, options.html, options.verify_text)
    run.tables, run.dry_run, run.allow_partial = options.tables, options.dry_run, options.allow_partial
    run.previous = options.previous
    migrate(run)
    if options.format == "json":
        import json

        try:
            # ASCII only: names of the data may hold control characters
            print(json.dumps(summary.data(run), indent=2), flush=True)
        except OSError as error:
            outcome = published_before(run.published if run.fresh else None)
            raise Trouble(f"standard output: {error.strerror}; {outcome}") from error
    if told := summary.text(run, quiet=options.quiet, verbose=options.verbose):
        say(told)
    return summary.exit_status(run)


def _validate(options: argparse.Namespace) -> int:
    from etl.validate import validate
    from etl.validate.faults import View

    paths, leave_out = _sources_to_read(options)
    return validate(
        paths,
        lambda given: loaded(options, given)[0],
        partial(_run, options, leave_out),
        view=View(options.format, options.quiet, options.verbose),
        strict=options.strict,
        out=options.out,
        sha256=options.sha256,
        baseline=options.baseline,
        progress=progress(options),
    )


def _run(options: argparse.Namespace, leave_out: Sequence[Path], paths: Sequence[str], out: Path) -> Run:
    """What `migrate` and `validate` alike ask of a run."""
    from etl.made_with import settings_file
    from etl.run import Run
    from etl.settings import files_in_use

    settings, origins = loaded(options, paths)
    return Run(
        sources=paths,
        settings=settings,
        out=out,
        jobs=options.jobs,
        leave_out=leave_out,
        sha256=options.sha256,
        config=settings_file(origins),
        in_use=files_in_use(options.config, paths),
        by_config=options.config is not None,
        progress=progress(options),
        say=(lambda _text: None) if options.quiet else say,
    )


def _sources_to_read(options: argparse.Namespace) -> tuple[list[str], list[Path]]:
    """As `sources`, but what earlier runs wrote is left out, too.

    Raises SettingsError for ``--sha256`` with several sources, or with a folder.
    """
    from etl.load.generations import Generations

    paths, leave_out = sources(options.source, quiet=options.quiet)
    leave_out = [*leave_out, *Generations(options.out or OUT).written]
    if options.sha256 and (len(paths) != 1 or Path(paths[0]).is_dir()):
        from etl.settings import SettingsError

        raise SettingsError("--sha256 is for one SOURCE that is a file, an address or -, not for folders")
    return paths, leave_out
