"""What commands share: flags and exit statuses, a line for a person, a bar, sources and settings."""

from __future__ import annotations

import argparse
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from etl.plain import plain
from etl.progress import Progress

if TYPE_CHECKING:
    from etl.settings import Settings

OUT = Path("out")
"""Where generations go, and come from, unless another folder is named."""

STATUSES = """exit statuses:
  0    done
  1    done, with rejects, findings of severity error, wrong answers, or something unknown
  2    wrong usage or settings
  3    input or output trouble: unreadable or cut-off source, full disk, locked output, unreachable
  4    a bug in the tool
  5    refused: a threshold was passed, nothing was published
  130  interrupted"""


def say(text: str) -> None:
    """A line on standard error; no control character of the data reaches the terminal.

    Where it cannot be written, it is lost: there is nobody else to tell, and the exit status still says the main thing.
    """
    with suppress(OSError):
        print(plain(text), file=sys.stderr, flush=True)


def described(description: str, *examples: str) -> dict[str, Any]:
    """What every help says: what the command is for, with examples and exit statuses."""
    shown = "".join(f"  {example}\n" for example in examples)
    return {
        "description": description,
        "epilog": f"example{'s'[: len(examples) > 1]}:\n{shown}\n{STATUSES}",
        "formatter_class": argparse.RawDescriptionHelpFormatter,
    }


def add_command(
    commands: Any, name: str, run: Callable[[argparse.Namespace], int], help_: str, *examples: str
) -> argparse.ArgumentParser:
    """A command with the flags that all have."""
    command: argparse.ArgumentParser = commands.add_parser(name, help=help_, **described(help_, *examples))
    command.set_defaults(run=run)
    command.add_argument("-q", "--quiet", action="store_true", help="print errors only")
    command.add_argument("-v", "--verbose", action="store_true", help="list what is shortened or left out otherwise")
    command.add_argument("--no-progress", action="store_true", help="no progress bar (shown on a terminal only)")
    return command


def format_argument(command: argparse.ArgumentParser, of: str, *more: str) -> None:
    """``--format`` of what a command says: text for people, JSON for programs, and what ``more`` names."""
    command.add_argument(
        "--format", choices=("text", "json", *more), default="text", help=f"form of the {of} (default: text)"
    )


def count(text: str) -> int:
    """A number from 1, for ``type=`` of an argument."""
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1")
    return int(text)


def named(text: str) -> str:
    """A path or an address, for ``type=`` of an argument; not the empty text, which would mean the current folder."""
    if not text:
        raise argparse.ArgumentTypeError("nothing is named: is a variable of a script empty?")
    return text


def named_path(text: str) -> Path:
    """What is `named`, where it can only be a path."""
    return Path(named(text))


TICK = 0.2
"""Seconds after which a bar is drawn again, with the time since its start, though nothing more was done."""


@contextmanager
def _bar(name: str, total: int, unit: str) -> Iterator[Callable[[int], None]]:
    """Only a thread of its own draws: an interrupt ends the main one anywhere, and would leave tqdm's lock held."""
    from tqdm import tqdm

    ended, counted = threading.Event(), 0

    def add(more: int) -> None:
        nonlocal counted
        counted += more

    def draw() -> None:
        uncounted = None if total else "{desc} [{elapsed}]"
        with tqdm(total=total, desc=name, unit=f" {unit}", leave=False, bar_format=uncounted) as bar:
            while not ended.wait(TICK):
                bar.n = counted
                bar.refresh()

    drawing = threading.Thread(target=draw, daemon=True)
    try:
        drawing.start()
        yield add
    finally:
        ended.set()
        if drawing.is_alive():  # an interrupt may come before it is
            drawing.join()


interrupted: list[int] = []
"""Signals that asked the command to end; an exception alone may get lost inside a call-back of a library."""


def progress(options: argparse.Namespace, unit: str = "doc") -> Progress:
    """A bar with documents (or what ``unit`` says) per second and the time left, on a terminal only.

    Its call-back, and its end, raise KeyboardInterrupt again where that of a signal got lost.
    """
    hidden = options.no_progress or options.quiet or not sys.stderr.isatty()

    @contextmanager
    def bar(name: str, total: int) -> Iterator[Callable[[int], Any]]:
        with nullcontext() if hidden else _bar(name, total, unit) as add:

            def done(more: int) -> None:
                if interrupted:
                    raise KeyboardInterrupt
                if add is not None:
                    add(more)

            yield done
            done(0)

    return bar


def sources(given: list[str], *, quiet: bool) -> tuple[list[str], list[Path]]:
    """The sources, and what to leave out of them: without SOURCE, the sample only while it is alone."""
    from etl.settings import CONFIG_NAME, SettingsError

    if given.count("-") > 1:
        raise SettingsError("standard input is read once: give - once")
    if given:
        return given, []
    raw, sample = Path("raw"), Path("raw/sample")
    if not raw.is_dir():
        raise SettingsError(
            "nothing is named, and there is no folder raw here; name a folder, an archive or an address"
        )
    others = (path.name for path in raw.iterdir() if path != sample)
    has_own = any(not name.startswith(".") and name != CONFIG_NAME for name in others)
    if sample.is_dir() and not has_own:
        return [str(sample)], []
    if sample.is_dir() and not quiet:
        say("raw holds an export of its own: raw/sample is left out")
    return [str(raw)], [sample]


def sources_if_any(given: list[str], *, quiet: bool) -> list[str]:
    """The sources whose settings count, for a command that reads none: without SOURCE there need be no raw."""
    return sources(given, quiet=quiet)[0] if given or Path("raw").is_dir() else []


def loaded(
    options: argparse.Namespace, sources: Sequence[str], flags: Mapping[str, Any] | None = None
) -> tuple[Settings, dict[str, str]]:
    """The settings of a command, and the origin of each. Raises SettingsError."""
    from etl.settings import load_settings

    names = ("max_rejects", "max_shrink")
    given = {name: getattr(options, name) for name in names if getattr(options, name, None) is not None}
    settings, origins = load_settings(options.config, sources, {**given, **(flags or {})})
    if settings.redirects is not None:  # a file beside the settings, wherever the command is run
        beside = Path(origins["redirects"]).parent / settings.redirects
        settings = settings.model_copy(update={"redirects": str(beside)})
    return settings, origins


def settings_beside(options: argparse.Namespace, map_file: Path, flags: Mapping[str, Any] | None = None) -> Settings:
    """The settings of a command that reads a map; says whether its generation was made with them, but for the flags."""
    from etl.made_with import is_beside, sentence, settings_file

    settings, origins = loaded(options, [])
    same = is_beside(map_file, settings)
    if same is not None and not options.quiet:
        say(sentence(settings_file(origins), same=same))
    return loaded(options, [], flags)[0] if flags else settings
