"""Whether settings are those that a generation was made with, and how commands that read a generation say so."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from etl.extract.reviewed import read_reviewed, settings_digest
from etl.model import MANIFEST
from etl.settings import Settings, SettingsError

_MADE_WITH = "those that the generation was made with"


def is_made_with(manifest: Mapping[str, Any], settings: Settings) -> bool:
    """Whether a manifest names these settings. Raises SettingsError where the file of decisions cannot be read."""
    return bool(manifest["settings_sha256"] == settings_digest(settings, read_reviewed(settings)))


def is_beside(map_file: Path, settings: Settings) -> bool | None:
    """Whether the manifest beside a map names these settings; None where none is there that can be compared."""
    try:
        return is_made_with(orjson.loads(map_file.with_name(MANIFEST).read_bytes()), settings)
    except (OSError, ValueError, KeyError, TypeError, SettingsError):
        return None


def settings_file(origins: Mapping[str, str]) -> str | None:
    """The file that settings come from; None where all are defaults or flags.

    >>> settings_file({"site": "default", "home": "wiki-etl.toml", "jobs": "flag"}), settings_file({"site": "flag"})
    ('wiki-etl.toml', None)
    """
    return next((place for place in origins.values() if place not in {"default", "flag"}), None)


def sentence(file: str | None, *, same: bool | None) -> str:
    """What a person should know of the settings of a command: their file, and whether a generation was made with them.

    >>> sentence(None, same=None), sentence("wiki-etl.toml", same=True)
    ('settings: defaults', 'settings: wiki-etl.toml, those that the generation was made with')
    """
    told = f"settings: {file or 'defaults'}"
    if same is None:
        return told
    return f"{told}, {_MADE_WITH}" if same else f"{told}, not {_MADE_WITH}; --config names others"
