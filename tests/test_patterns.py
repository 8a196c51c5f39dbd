"""What all regular expressions of the tool keep to."""

from __future__ import annotations

import json
import re
import subprocess
import sys

from tests.make import ROOT

COLLECTING = """
import importlib, json, pkgutil, re
import etl

patterns, compiled = set(), re.compile

def noting(pattern, flags=0):
    patterns.add(pattern if isinstance(pattern, str) else pattern.decode("latin-1"))
    return compiled(pattern, flags)

re.compile = noting
for module in pkgutil.walk_packages(etl.__path__, "etl."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
print(json.dumps(sorted(patterns)))
"""
PARTS = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|(?P<possessive>\)(?:[*+?]|\{[\d,]+\})\+)|.", re.DOTALL)


def has_possessive_group(pattern: str) -> bool:
    return any(part["possessive"] for part in PARTS.finditer(pattern))


def test_possessive_groups_are_told_from_what_looks_so() -> None:
    assert all(map(has_possessive_group, ["(?:ab)*+", "([)])++", "(a){2,3}+", "(a)?+b"]))
    assert not any(map(has_possessive_group, ["[)]++", r"\)++", "(?>(?:ab)*)", "a++(b)+", r"(a)+\+", "[])*+]"]))


def test_no_pattern_has_a_possessive_group() -> None:
    """Python before 3.11.5 takes for matched what such a group gave up: `(?:/(?!x)[a-z])++` matches all of `/a/`.

    `(?>(?:…)+)` means the same, everywhere.
    """
    done = subprocess.run([sys.executable, "-c", COLLECTING], cwd=ROOT, capture_output=True, text=True, check=True)
    patterns = json.loads(done.stdout)
    assert len(patterns) > 400
    assert [pattern for pattern in patterns if has_possessive_group(pattern)] == []
