"""The commands ``wiki-etl redirects …``: arguments in, exit status out."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from etl.cli.commands import (
    add_command,
    count,
    described,
    format_argument,
    named,
    named_path,
    progress,
    say,
    settings_beside,
)
from etl.server_names import SERVER_NAMES, WEB_SERVERS


def add(commands: Any) -> None:
    """Adds ``redirects`` and its actions to the commands."""
    help_ = "compile the redirect map, serve it, check servers, read access logs, compare maps"
    examples = "wiki-etl redirects serve nginx", "wiki-etl redirects verify --base-url http://127.0.0.1:8080"
    group = commands.add_parser("redirects", help=help_, **described(help_, *examples))
    actions = group.add_subparsers(metavar="ACTION", required=True)
    _build_arguments(actions)
    _serve_arguments(actions)
    _verify_arguments(actions)
    _diff_arguments(actions)
    _coverage_arguments(actions)


def _map_argument(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--map",
        type=named_path,
        default=Path("out/current"),
        metavar="PATH",
        help="redirects.jsonl, or a generation (default: out/current)",
    )
    command.add_argument("--config", type=named_path, metavar="FILE", help="settings file of the generation")


def _site_argument(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--site", metavar="URL", help="address of the new site, for absolute targets (default: setting site)"
    )


def _build_arguments(actions: Any) -> None:
    help_ = "compile the map again for web servers and static hosts"
    build = add_command(actions, "build", _build, help_, "wiki-etl redirects build --site https://new.example")
    _map_argument(build)
    _site_argument(build)
    build.add_argument(
        "--server",
        action="append",
        choices=SERVER_NAMES,
        metavar="S",
        help=f"one of {', '.join(SERVER_NAMES)} (default: setting servers)",
    )
    build.add_argument(
        "--out",
        type=named_path,
        default=Path("redirects"),
        metavar="FOLDER",
        help="where the folders of the servers go (default: redirects)",
    )


def _serve_arguments(actions: Any) -> None:
    help_ = "start a real server on this machine with the compiled map"
    serve = add_command(actions, "serve", _serve, help_, "wiki-etl redirects serve nginx --port 8080")
    serve.add_argument("server", choices=WEB_SERVERS, metavar="SERVER", help=f"one of {', '.join(WEB_SERVERS)}")
    serve.add_argument("--port", type=_port, metavar="N", help="port (default: a free one, printed)")
    serve.add_argument(
        "--map",
        type=named_path,
        default=Path("out/current"),
        metavar="FOLDER",
        help="generation or its redirects folder (default: out/current)",
    )


def _verify_arguments(actions: Any) -> None:
    help_ = "request every address of the map, in every spelling, from a running server"
    verify = add_command(
        actions,
        "verify",
        _verify,
        help_,
        "wiki-etl redirects verify --base-url http://127.0.0.1:8080",
        "wiki-etl redirects verify --base-url https://new.example --from www.old.example --sample 2%",
        "wiki-etl redirects verify --base-url https://old.example --resolve old.example:443:192.0.2.7 --format junit",
    )
    verify.add_argument("--base-url", required=True, metavar="URL", help="the server: scheme, host and port")
    _map_argument(verify)
    _right_arguments(verify)
    _asking_arguments(verify)
    verify.add_argument(
        "--resume", type=named_path, metavar="FILE", help="keep the progress in FILE, and continue from it"
    )
    verify.add_argument(
        "--examples", type=count, default=10, metavar="N", help="wrong answers to show of each cause (default: 10)"
    )
    format_argument(verify, "report", "junit")


def _right_arguments(verify: argparse.ArgumentParser) -> None:
    """What is asked, and what would be right."""
    _site_argument(verify)
    verify.add_argument(
        "--status", type=int, choices=(301, 302, 308), help="expected status (default: setting status, else 301)"
    )
    verify.add_argument("--sample", metavar="N|P%", help="request only so many addresses, always the same ones")
    verify.add_argument(
        "--spelling", action="append", metavar="S", help="request this spelling only, such as plus (default: all)"
    )
    verify.add_argument("--hostile", action="store_true", help="also send requests of attackers")
    verify.add_argument(
        "--strict-targets", action="store_true", help="a target that does not answer 200 is wrong, not only noted"
    )


def _asking_arguments(verify: argparse.ArgumentParser) -> None:
    """How it is asked."""
    verify.add_argument(
        "--from",
        dest="hosts",
        nargs="*",
        action="extend",
        metavar="HOST",
        help="request the whole map for each of these hosts (without HOST: those of setting hosts)",
    )
    verify.add_argument(
        "--resolve",
        action="append",
        default=[],
        metavar="HOST:PORT:ADDRESS",
        help="connect to ADDRESS, as curl does",
    )
    verify.add_argument(
        "--rate", type=_number, metavar="N", help="requests a second; 0: no limit (default: 0 on this machine, else 50)"
    )
    verify.add_argument("--connections", type=count, default=8, metavar="N", help="open connections (default: 8)")
    verify.add_argument(
        "--timeout",
        type=_number,
        default=30.0,
        metavar="S",
        help="seconds to wait for an answer; 0: no limit (default: 30)",
    )


def _diff_arguments(actions: Any) -> None:
    help_ = "list every address that is no longer answered, or leads elsewhere"
    diff = add_command(
        actions,
        "diff",
        _diff,
        help_,
        "wiki-etl redirects diff out/released out/current --fail-on-lost",
        "wiki-etl redirects diff old/redirects.jsonl new/redirects.jsonl --all --format json",
    )
    diff.add_argument("old", type=named_path, metavar="OLD", help="redirects.jsonl, or a generation")
    diff.add_argument("new", type=named_path, metavar="NEW", help="redirects.jsonl, or a generation")
    diff.add_argument("--all", action="store_true", help="list every address, not only the first few of each cause")
    diff.add_argument("--fail-on-lost", action="store_true", help="status 1 when an address is no longer answered")
    format_argument(diff, "report")


def _coverage_arguments(actions: Any) -> None:
    help_ = "compare access logs with the map: which requested addresses it does not answer"
    coverage = add_command(
        actions,
        "coverage",
        _coverage,
        help_,
        "wiki-etl redirects coverage /var/log/nginx/access.log*",
        "zcat logs/*.gz | wiki-etl redirects coverage - --review decisions.toml --limit 2000",
    )
    coverage.add_argument(
        "log",
        type=named,
        nargs="+",
        metavar="LOG",
        help="access log in combined format, plain or gzip; - is standard input",
    )
    _map_argument(coverage)
    coverage.add_argument(
        "--review",
        type=named_path,
        default=Path("redirects-review.toml"),
        metavar="FILE",
        help="new file for suggestions (default: redirects-review.toml)",
    )
    coverage.add_argument(
        "--limit", type=count, default=500, metavar="N", help="addresses in it, the most requested first (default: 500)"
    )
    format_argument(coverage, "report")


def _port(text: str) -> int:
    """A port, for ``type=`` of an argument; 0 is a free one.

    >>> _port("0"), _port("65535")
    (0, 65535)
    """
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port, which goes up to 65535")
    return int(text)


def _number(text: str) -> float:
    """A number from 0, for ``type=`` of an argument.

    >>> _number("0"), _number("2.5")
    (0.0, 2.5)
    """
    try:
        number = float(text)
    except ValueError:
        number = -1
    if not 0 <= number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0")
    return number


# --- commands ------------------------------------------------------------------------------


def _build(options: argparse.Namespace) -> int:
    from etl.load.redirects import compile_all, compile_options
    from etl.load.redirects.neutral import map_at
    from etl.room import room_in

    map_file = map_at(options.map)
    settings = settings_beside(options, map_file, {"site": options.site} if options.site else {})
    servers = options.server or settings.servers
    with room_in(options.out), progress(options)("compiling", 0):
        findings = compile_all(map_file, options.out, compile_options(settings), servers)
    for finding in findings:
        say(f"{finding.code}: {finding.message}; {finding.action}")
    if not options.quiet:
        say(f"compiled for {', '.join(servers)} in {options.out}")
    return 0


def _serve(options: argparse.Namespace) -> int:
    from etl.servers import serve

    return serve(options.server, options.port, options.map, progress(options, "page"))


def _verify(options: argparse.Namespace) -> int:
    from etl.addresses import canonical_name
    from etl.load.redirects.neutral import map_at
    from etl.routes import routes
    from etl.verify import verify
    from etl.verify.plan import Plan, forms, hosts, resolved
    from etl.verify.verdicts import REPORTS

    flags = {key: getattr(options, key) for key in ("site", "status") if getattr(options, key) is not None}
    map_file = map_at(options.map)
    settings = settings_beside(options, map_file, flags)
    plan = Plan(
        base_url=options.base_url,
        map_file=map_file,
        hosts=hosts(options.hosts, settings.hosts),
        site=settings.site,
        legacy_base=settings.legacy_base,
        path_prefixes=settings.path_prefixes,
        home=canonical_name(settings.home or ""),
        routes=routes(settings.routes, settings.legacy_base),
        status=settings.status,
        sample=options.sample,
        forms=forms(options.spelling),
        hostile=options.hostile,
        strict_targets=options.strict_targets,
        rate=options.rate,
        connections=options.connections,
        timeout=options.timeout,
        resolve=resolved(options.resolve),
        resume=options.resume,
        examples=options.examples,
        progress=progress(options, "address"),
        say=(lambda _text: None) if options.quiet else say,
    )
    tally = verify(plan)
    if options.format != "text" or tally.status or not options.quiet:
        print(REPORTS[options.format](tally))
    return tally.status


def _diff(options: argparse.Namespace) -> int:
    from etl.comparison import REPORTS, compare

    with progress(options)("comparing", 0):
        found = compare(options.old, options.new)
    if options.format != "text" or found.counts or not options.quiet:
        for line in REPORTS[options.format](found, every=options.all or options.verbose):
            print(line)
    return 1 if options.fail_on_lost and found.lost else 0


def _coverage(options: argparse.Namespace) -> int:
    from etl.coverage import cover
    from etl.coverage.report import REPORTS, review
    from etl.load.redirects.neutral import map_at
    from etl.settings import SettingsError

    if options.review.exists():
        raise SettingsError(f"--review: {options.review} exists and may hold decisions; name another file")
    if not options.review.parent.is_dir():  # told before logs are read, which takes its time
        raise SettingsError(f"--review: there is no folder {options.review.parent}; make it, or name another file")
    map_file = map_at(options.map)
    settings = settings_beside(options, map_file)
    found = cover(options.log, map_file, settings, limit=options.limit, progress=progress(options, "B"))
    print(REPORTS[options.format](found, every=options.verbose))
    if found.missing:
        with options.review.open("x", encoding="utf-8", newline="\n") as file:
            file.write(review(found))
    if found.missing and not options.quiet:
        say(f"suggestions for {len(found.missing):,} of {found.distinct:,} addresses: {options.review}")
    return 0
