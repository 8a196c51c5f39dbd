"""The commands that read generations or point at them: ``explain``, ``replay``, ``release`` and the like."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from etl.cli.commands import (
    OUT,
    add_command,
    count,
    format_argument,
    loaded,
    named,
    named_path,
    progress,
    say,
    settings_beside,
    sources_if_any,
)


def add(commands: Any) -> None:
    """Adds all of them to the commands."""
    _report_arguments(commands)
    _explain_arguments(commands)
    _replay_arguments(commands)
    _release_arguments(commands)


def _report_arguments(commands: Any) -> None:
    help_ = "print a page of HTML about a generation, for the people who own the wiki"
    command = add_command(commands, "report", _report, help_, "wiki-etl report > report.html")
    command.add_argument(
        "generation",
        nargs="?",
        type=named_path,
        default=OUT / "current",
        metavar="FOLDER",
        help="what it is about: a generation, or out/refused (default: out/current)",
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


# --- commands ------------------------------------------------------------------------------


def _report(options: argparse.Namespace) -> int:
    from etl.report import report

    with progress(options)("reading", 0):
        sys.stdout.writelines(report(options.generation))
    return 0


def _explain(options: argparse.Namespace) -> int:
    from etl.explain import REPORTS, explain
    from etl.load.redirects.neutral import map_at

    map_file = map_at(options.generation)
    status, bar = 0, progress(options)
    answers = explain(options.asked, map_file, settings_beside(options, map_file))
    for _ in options.asked:
        with bar("searching", 0):
            told = next(answers)
        print(REPORTS[options.format](told, every=options.verbose))
        status = status if told.is_known else 1
    return status


def _replay(options: argparse.Namespace) -> int:
    from etl.made_with import settings_file
    from etl.replay import replay

    settings, origins = loaded(options, sources_if_any([], quiet=True))
    done = replay(
        options.file,
        settings,
        out=options.out,
        config=settings_file(origins),
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
        how = "already" if new.name == old.name else f"now, no longer {old.name}"
        say(f"{options.out / 'current'} is generation {new.name} {how}")
    return 0
