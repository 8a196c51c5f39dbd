"""The commands that say what the tool goes by: ``schema`` and ``settings``."""

from __future__ import annotations

import argparse
import codecs
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from etl.cli.commands import add_command, loaded, named, named_path, sources_if_any
from etl.plain import one_line


def add(commands: Any) -> None:
    """Adds both to the commands."""
    _schema_arguments(commands)
    _settings_arguments(commands)


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
    settings, origins = loaded(options, sources_if_any(options.source, quiet=options.quiet))
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
    return _escaped(json.dumps(value, ensure_ascii=False), str.isprintable)


def _escaped(text: str, is_shown: Callable[[str], bool]) -> str:
    r"""TOML, which is UTF-8 in every file, with escapes of its own for the characters that are not shown.

    >>> print(_escaped('home = "Zoë"', str.isascii))
    home = "Zo\U000000eb"
    """
    return "".join(char if is_shown(char) else f"\\U{ord(char):08x}" for char in text)
