"""Every setting: its default, its sentence, and where its value came from.

Read from ``--config FILE``, else ``wiki-etl.toml`` beside the source, else ``[tool.wiki-etl]`` of
the nearest ``pyproject.toml``; flags win (contract, section 2). Defaults are neutral: nothing of
one site is in the code.
"""

from __future__ import annotations

import difflib
import hashlib
import os
import re
import reprlib
import tomllib
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from etl.routes import FAMILIES, fault, matching, routes
from etl.server_names import WEB_SERVERS, ServerName
from etl.trouble import Trouble

CONFIG_NAME = "wiki-etl.toml"
MIB = 1024 * 1024
MEMBERS_IN_A_LINE = 8
"""A line of ours holds a body three times (Markdown, text and HTML), escaped. One that is longer than this many of the
largest members is damaged."""

Finders = Sequence[Callable[[str], object]]
"""What finds the parts of a text that patterns name."""

_SITE = r"^https?://(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?/?$"
_HOST = re.compile(r"(?:(?:[A-Za-z0-9._-]|[^\x00-\x7f\s])+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_IN_ADDRESS = re.compile(r"\A(?:[^/?#]*//)?(?:[^/?#]*@)?|[/?#].*", re.DOTALL)
"""What stands around the host of an address."""
_PATH = re.compile(r"/(?:[^\s/?#*\\][^\s?#*\\]*)?")
_VANISHING = re.compile(r"/(?=/)|/\.{1,2}(?:/|\Z)")
_SEGMENT = re.compile(r"[^\s/?#](?:[^/?#]*[^\s/?#])?")
_LANGUAGE = re.compile(r"(?:[A-Za-z]{2,3}|[ix])(?:-[A-Za-z0-9]{1,8})*")
_BRIEF = reprlib.Repr()
_BRIEF.maxstring = _BRIEF.maxother = 200
"""Quotes a value that may be long or deep."""
_FOLDER = r"^(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*/?$"
"""As it is sent, without encoding: it becomes part of the patterns of every web server."""


class SettingsError(Trouble):
    """A mistake of the operator in arguments or settings."""

    status = 2


class Settings(BaseModel):
    """All settings, frozen; each field's description is its documentation."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    site: str | None = Field(
        None,
        description="`https://` and the host of the new site, for absolute targets; folders belong in `path_template`",
        pattern=_SITE,
    )
    hosts: tuple[str, ...] = Field((), description="host names of the old site; the first one is used in `legacy.url`")
    legacy_base: str = Field(
        "/", description="folder of the old wiki, such as `/wiki/`", pattern=_FOLDER, max_length=100
    )
    legacy_template: str = Field(
        "/posts/{slug}",
        description="path of a page on the old site, with and without `.html`; empty if slugs were no addresses",
    )
    blanks: tuple[Literal["-", "_"], ...] = Field(
        (), description="what the old wiki wrote for blanks in addresses, besides `+`: `_` as MediaWiki, `-` as GitHub"
    )
    path_template: str = Field("/pages/{slug}/", description="path of a document on the new site")
    tag_template: str = Field("/tags/{slug}/", description="path of a category or tag on the new site")
    path_prefixes: tuple[str, ...] = Field(
        ("posts", "pages", "tags", "categories"),
        description="first segments that make a legacy address a path, not a name; add that of `legacy_template`",
    )
    publish: tuple[Literal["published", "stub", "draft"], ...] = Field(
        ("published",), description="statuses of the documents to publish"
    )
    draft_categories: tuple[str, ...] = Field((), description="categories and tags that make a page a draft")
    category_renames: dict[str, str] = Field({}, description="categories and tags to rename, old name to new name")
    category_junk: tuple[str, ...] = Field((), description="categories and tags to drop")
    drop_lines: tuple[str, ...] = Field((), description="boilerplate lines to remove, as regular expressions")
    boxes: Literal["div", "quote", "unwrap"] = Field(
        "div", description="form of boxes: `div`, `quote`, or `unwrap` (no box)"
    )
    gone: tuple[str, ...] = Field(
        (), description="legacy addresses that answer 410: an id (digits), a path (leading `/`), or a name"
    )
    redirects: str | None = Field(
        None, description="file of reviewed redirects (TOML or CSV), beside the settings", pattern=r"^[^\x00]+$"
    )
    reserved: tuple[str, ...] = Field((), description="paths of the new site that no redirect may hide")
    servers: tuple[ServerName, ...] = Field(
        WEB_SERVERS,
        description="web servers and static hosts to compile the redirect map for",
    )
    home: str | None = Field(
        None,
        description="page name of the old home page, the target of `tiki-index.php` alone, and of `/` on a host that "
        "serves the old site only",
    )
    status: Literal[301, 302, 308] = Field(301, description="status of redirects: 301, 302 or 308")
    max_age: int | None = Field(
        None, ge=0, le=2**31 - 1, description="seconds that browsers may cache a redirect (`Cache-Control`)"
    )
    routes: dict[str, str] = Field(
        {},
        description="targets of legacy addresses that are no pages, by family ("
        + ", ".join(f"`{key}`" for key in FAMILIES)
        + "): a path of the new site, or `gone`; families not named here are not answered",
    )
    language: str | None = Field(None, description="language of documents without one")
    ignore: tuple[str, ...] = Field((), description="globs of members to skip")
    duplicates: Literal["reject", "last"] = Field(
        "reject", description="of members with one id, `reject` keeps the first, `last` the last"
    )
    keep_generations: int = Field(3, ge=1, description="generations to keep in out/, with the new one")
    max_rejects: str = Field(
        "1%",
        description="rejects up to which a run publishes: a number, or a percentage (one is always allowed)",
        pattern=r"^\d+(\.\d+)?%?$",
    )
    max_shrink: str = Field(
        "5%",
        description="loss of documents, compared with the current generation, up to which a run publishes: a number, "
        "or a percentage",
        pattern=r"^\d+(\.\d+)?%?$",
    )
    max_member_bytes: int = Field(32 * MIB, ge=1, le=MIB * MIB, description="size of the largest member allowed")
    max_members: int = Field(5_000_000, ge=1, description="number of members allowed in a run")
    max_total_bytes: int = Field(64 * 1024 * MIB, ge=1, description="size allowed for all members together")
    max_ratio: int = Field(200, ge=1, description="compression ratio allowed for a member above 1 MiB")
    max_raw_bytes: int = Field(1 * MIB, ge=0, description="bytes of a reject to keep")
    image_hosts: tuple[str, ...] = Field(
        (), description="further hosts whose files belong to the wiki and move with it"
    )
    missing_images: tuple[str, ...] = Field(
        (r"/d3\.mock\.\w+$", r"/unknown\.txt$"),
        description="addresses that stand for a lost file, as regular expressions",
    )
    address_rewrites: dict[str, str] = Field(
        {}, description="literal replacements in addresses of images and files, old part to new part"
    )

    def __hash__(self) -> int:
        return id(self)  # not all values have a hash: what is derived from settings is kept by identity

    @field_validator("hosts", "image_hosts")
    @classmethod
    def _hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(host, value))

    @field_validator("max_rejects", "max_shrink", mode="before")
    @classmethod
    def _number_or_share(cls, value: object) -> object:
        """TOML has numbers of its own: `5` is as good as `"5"`."""
        return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value

    @field_validator("legacy_template", "path_template", "tag_template")
    @classmethod
    def _template(cls, value: str, info: ValidationInfo) -> str:
        if info.field_name == "legacy_template" and not value:
            return value
        if not re.fullmatch(r"/[A-Za-z0-9._~/-]*\{slug\}[A-Za-z0-9._~/-]*", value):
            raise ValueError(f"{value!r} is not a path with {{slug}} in it")
        if _VANISHING.search(value):
            raise ValueError(f"{value!r} has a segment that browsers and servers take away")
        return value

    @field_validator("reserved")
    @classmethod
    def _reserved(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for path in value:
            if not _PATH.fullmatch(path):
                hint = f"/{path.partition('//')[2].partition('/')[2] if '://' in path else path.lstrip('/')}"
                raise ValueError(f"{path!r} is no path of the new site" + _write(hint, _PATH))
        return value

    @field_validator("path_prefixes")
    @classmethod
    def _prefixes(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for prefix in value:
            if not _SEGMENT.fullmatch(prefix):
                raise ValueError(f"{prefix!r} is no first segment of a path" + _write(prefix.strip("/ "), _SEGMENT))
        return value

    @field_validator("language")
    @classmethod
    def _language(cls, value: str | None) -> str | None:
        if value is not None and not _LANGUAGE.fullmatch(value):
            raise ValueError(f"{value!r} is no language: write its tag, such as 'en' or 'pt-BR'")
        return value

    @field_validator("routes")
    @classmethod
    def _routes(cls, value: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        rows = routes(value, info.data.get("legacy_base", "/"))
        for key, target in value.items():
            why = fault(key, target)
            if why is not None:
                raise ValueError(why)
            if matching(rows, target.partition("?")[0].rstrip("/")) is not None:
                raise ValueError(f"{target!r} is a legacy address of routes itself")
        return value

    @field_validator("address_rewrites")
    @classmethod
    def _rewrites(cls, value: dict[str, str]) -> dict[str, str]:
        for old, new in value.items():
            if any(each in new for each in value):
                raise ValueError(f"{old!r} = {new!r} would be rewritten again")
        return value

    @field_validator("drop_lines", "missing_images")
    @classmethod
    def _patterns(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in value:
            compiled = _compiled(pattern)
            if all(map(compiled.search, ("", "Peas grow."))):  # as a part too many does: `^Ads|`
                raise ValueError(f"{pattern!r} finds something in every text")
        return value

    def legacy_path(self, slug: str) -> str | None:
        """Path of a page on the old site, without all of `legacy_ends`; None when it had none."""
        path = self.legacy_template.rstrip("/").removesuffix("/index.html").removesuffix(".html")
        return path.replace("{slug}", slug) or None

    def legacy_ends(self) -> tuple[str, ...]:
        """What the path of a page on the old site may end in."""
        return ("", ".html", "/index.html") if self.legacy_template.endswith("/index.html") else ("", ".html")

    def path(self, slug: str) -> str:
        """Path of a document on the new site."""
        return self.path_template.replace("{slug}", slug)

    def tag_path(self, slug: str) -> str:
        """Path of a category or tag on the new site."""
        return self.tag_template.replace("{slug}", slug)

    def rewritten(self, address: str) -> str:
        """The address of a file as the new site has it (``address_rewrites``)."""
        for old, new in self.address_rewrites.items():
            address = address.replace(old, new)
        return address

    def is_lost(self, address: str) -> bool:
        """Whether an address stands for a file that the export lost (``missing_images``)."""
        for finds in finders(self.missing_images):  # noqa: SIM110 -- each link is asked: a generator costs more
            if finds(address):
                return True
        return False

    def digest(self) -> str:
        """SHA-256 of all effective values, but for those that only decide what is published or kept."""
        of_output = self.model_dump_json(exclude={"max_rejects", "max_shrink", "keep_generations"})
        return hashlib.sha256(of_output.encode()).hexdigest()


def host(text: str) -> str:
    """A host, perhaps with its port. Raises ValueError, with what to write instead.

    >>> host("old.example:8080"), host("[::1]")
    ('old.example:8080', '[::1]')
    >>> host("https://me@old.example/wiki")
    Traceback (most recent call last):
    ValueError: 'https://me@old.example/wiki' is no host name: write 'old.example'
    """
    if not _HOST.fullmatch(text):
        raise ValueError(f"{text!r} is no host name" + _write(_IN_ADDRESS.sub("", text), _HOST))
    return text


def _write(hint: str, form: re.Pattern[str]) -> str:
    """What to write instead, where that has the form that is asked for."""
    return f": write {hint!r}" if form.fullmatch(hint) else ""


def _compiled(pattern: str) -> re.Pattern[str]:
    """A regular expression. Raises ValueError for none, and for one whose meaning Python will change.

    >>> _compiled("[[Ads]]")
    Traceback (most recent call last):
    ValueError: '[[Ads]]': Possible nested set at position 1; write a backslash before what stands for itself
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", FutureWarning)
            return re.compile(pattern)
    except FutureWarning as error:
        raise ValueError(f"{pattern!r}: {error}; write a backslash before what stands for itself") from error
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"{pattern!r} is not a regular expression: {error}") from error


@lru_cache(maxsize=8)
def finders(patterns: tuple[str, ...]) -> Finders:
    """What finds what patterns name; each of them has its own flags, such as ``(?i)``, and its own groups."""
    return [re.compile(pattern).search for pattern in patterns]


def share(limit: str, whole: int) -> float:
    """What a limit such as ``"5%"`` or ``"12"`` allows of a whole.

    >>> share("5%", 200), share("12", 200)
    (10.0, 12.0)
    """
    return float(limit[:-1]) * whole / 100 if limit.endswith("%") else float(limit)


def _unknown_key(key: str) -> str:
    """A sentence that says that a key is unknown and names the nearest one."""
    near = difflib.get_close_matches(key, Settings.model_fields, n=1)
    return f"unknown setting {key!r}" + (f"; did you mean {near[0]!r}?" if near else "; `wiki-etl settings` lists all")


def load_settings(
    config: Path | None, sources: Sequence[str], flags: Mapping[str, Any]
) -> tuple[Settings, dict[str, str]]:
    """The effective settings and the origin of each value ("default", a file's name, "flag").

    Raises SettingsError with the file, the key and the value quoted; also when the sources bring settings that differ.
    """
    found = _files(config, sources)
    if config and not found:
        raise SettingsError(f"{config}: no such settings file")
    path = found[0] if found else None
    settings, origins = _of_file(path, flags)
    for other in found[1:]:
        one, two = _values(settings, path), _values(_of_file(other, flags)[0], other)
        if unlike := [key for key in one if one[key] != two[key]]:
            which = "one run has one set of settings: name the file that counts with --config"
            raise SettingsError(f"{path} and {other} differ in {', '.join(unlike)}; {which}")
    return settings, origins


def is_local(source: str) -> bool:
    """Whether a source is a path: neither standard input nor an address."""
    return source != "-" and "://" not in source


def files_in_use(config: Path | None, sources: Sequence[str]) -> frozenset[Path]:
    """Settings files that count, or say the same as the one that does, each with its file of reviewed redirects."""
    found = _files(config, sources)
    named = ((path, _read(path).get("redirects")) for path in found)
    return frozenset(path.resolve() for path in [*found, *(path.parent / name for path, name in named if name)])


def _files(config: Path | None, sources: Sequence[str]) -> list[Path]:
    """The settings files that there are, each once, of the first place that has any (contract, section 2).

    A link to nowhere beside a source is one, that cannot be read: a run without its settings would be another one.
    """
    local = [Path(source) for source in sources if is_local(source)]
    beside = [(path if path.is_dir() else path.parent) / CONFIG_NAME for path in local]
    found: dict[str, Path] = {}
    for path in [config] if config else beside:
        if path.is_file() or (path != config and path.is_symlink()):
            found.setdefault(os.path.realpath(path), path)  # `resolve` has no answer to a link to itself
    if found or config:
        return list(found.values())
    projects = (folder / "pyproject.toml" for folder in (Path.cwd(), *Path.cwd().parents))
    return [path for path in projects if path.is_file()][:1]


def _of_file(path: Path | None, flags: Mapping[str, Any]) -> tuple[Settings, dict[str, str]]:
    """The settings of one file, and the origin of each value."""
    values = {} if path is None else _read(path)
    origins = dict.fromkeys(Settings.model_fields, "default")
    for key in values:
        if key not in Settings.model_fields:
            raise SettingsError(f"{path}: {_unknown_key(key)}")
        origins[key] = str(path)
    for key, value in flags.items():
        values[key] = value
        origins[key] = "flag"
    try:
        return Settings(**values), origins
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        name = str(first["loc"][0])
        why = {  # where the model speaks of its code
            "string_pattern_mismatch": f"should be: {Settings.model_fields[name].description}",
            "tuple_type": "should be a list",
            "dict_type": "should be a table",
        }.get(first["type"], first["msg"].removeprefix("Value error, "))
        is_flag = origins[name] == "flag"
        where = f"--{key.replace('_', '-')}" if is_flag else f"{origins[name]}: setting {key!r}"
        raise SettingsError(f"{where}: {why} (got {_BRIEF.repr(first['input'])})") from error


def _values(settings: Settings, path: Path | None) -> dict[str, Any]:
    """All values, to be compared: of a file of redirects its name and content count, not where it lies."""
    values = settings.model_dump()
    if settings.redirects is not None and path is not None:
        file = path.parent / settings.redirects
        values["redirects"] = (file.name, file.read_bytes()) if file.is_file() else file
    return values


def toml(text: str) -> dict[str, Any]:
    """What a text says as TOML. Raises ValueError, also where it is deeper, or a number longer, than Python reads."""
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise ValueError("a value is nested too deep") from error


def _read(path: Path) -> dict[str, Any]:
    """What a settings file says."""
    try:
        data = toml(path.read_text("utf-8-sig"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path}: cannot read settings: {error}") from error
    values: Any = data
    for table in ("tool", "wiki-etl") if path.name == "pyproject.toml" else ():
        values = values.get(table, {}) if isinstance(values, dict) else None
    if not isinstance(values, dict):
        raise SettingsError(f"{path}: [tool.wiki-etl] is not a table")
    return dict(values)
