"""Expressions of nginx and Apache: the next turn of a group is no deeper call.

PCRE 1 (Debian 11, Ubuntu up to 22.04) makes one where a group may give back: a long request ended the process.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from etl.load.redirects import CompileOptions, compile_all
from tests.make import write_map

NAMES = ["Some Page", "A+B/", "C++", "a//b", "Who?", "x" * 300]


@pytest.mark.parametrize("server", ["nginx", "apache"])
@pytest.mark.parametrize("base", ["/", "/wiki/"])
def test_no_group_that_is_repeated_gives_back(tmp_path: Path, server: str, base: str) -> None:
    write_map(tmp_path / "redirects.jsonl", [(("name", name), f"/pages/{at}/") for at, name in enumerate(NAMES)])
    compile_all(tmp_path / "redirects.jsonl", tmp_path, CompileOptions(legacy_base=base), [server])
    files = [path for path in (tmp_path / server / "wiki-etl").iterdir() if path.suffix in {".conf", ".map"}]
    assert re.findall(r"(?<!\\)\)[*+](?!\+).*", "\n".join(path.read_text("utf-8") for path in files)) == []
