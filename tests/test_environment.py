"""`make` on a machine of another kind: which Python it takes, and when it makes the environment anew."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.make import ROOT, need


def script(path: Path, *lines: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(["#!/bin/sh", *lines, ""]), "utf-8")
    path.chmod(0o755)


def tree(place: Path) -> Path:
    """What `make` reads, of a checkout whose environment was made before."""
    (place / ".venv").mkdir(parents=True)
    for name in ("Makefile", "pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, place)
    (place / ".venv" / ".ready").touch()
    return place


def planned(place: Path) -> str:
    """What ``make test`` would do."""
    need("make")
    clean = {key: value for key, value in os.environ.items() if key not in {"MAKEFLAGS", "MAKELEVEL", "MFLAGS"}}
    return subprocess.run(
        ["make", "-n", "test"], cwd=place, env=clean, capture_output=True, text=True, check=True, timeout=60
    ).stdout


def test_an_environment_that_works_stays(tmp_path: Path) -> None:
    script(tree(tmp_path) / ".venv" / "bin" / "python")
    assert ".ci/environment" not in planned(tmp_path)


def test_an_environment_whose_python_was_removed_is_made_anew(tmp_path: Path) -> None:
    python = tree(tmp_path) / ".venv" / "bin" / "python"
    python.parent.mkdir()
    python.symlink_to("/nowhere/python3")
    assert ".ci/environment" in planned(tmp_path)


def test_an_environment_whose_python_is_another_one_by_now_is_made_anew(tmp_path: Path) -> None:
    """Its libraries are in the folder of the former version."""
    script(tree(tmp_path) / ".venv" / "bin" / "python", "echo No module named orjson >&2", "exit 1")
    assert ".ci/environment" in planned(tmp_path)


def made(place: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """`.ci/environment` where nothing is installed but what ``bin`` holds."""
    (place / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "environment", place / ".ci")
    dirname = shutil.which("dirname")
    assert dirname
    (place / "bin" / "dirname").symlink_to(dirname)
    return subprocess.run(
        [".ci/environment"],
        cwd=place,
        env={"PATH": str(place / "bin")} | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


OLD = ["sys.version_info = (3, 10, 12, 'final', 0)", "sys.version_info = (3, 11, 0, 'candidate', 1)"]
LACKS = [f"sys.modules[{module!r}] = None" for module in ("bz2", "lzma", "sqlite3")]
HAS_NO_WHEELS = ["sys.version_info = (3, 15)", "sys.abiflags = 't'", "sys.implementation.name = 'pypy'"]


def pretend(python: Path, difference: str) -> None:
    """A Python that differs in something; it notes that an environment is to be made with it."""
    other = f"import sys; {difference}; exec(sys.argv[1])"
    asked = f'exec \'{sys.executable}\' -c "{other}" "$2"'
    script(
        python,
        f'[ "$1" = -VV ] && echo Python {difference!r}',
        'case "$2" in *ensurepip*) exit 0;; esac',
        f'[ "$1" = -c ] && {asked}',
        f"echo > {python}.said",
    )


@pytest.mark.parametrize("difference", [*OLD, *LACKS])
def test_a_python_that_cannot_run_it_is_not_taken(difference: str, tmp_path: Path) -> None:
    for name in ("python3", "python3.11"):
        pretend(tmp_path / "bin" / name, difference)
    done = made(tmp_path)
    assert done.returncode == 3
    assert re.search(r"Python 3\.11\.0 or newer with bz2, lzma and sqlite3; .*; here is (Python .*\n){2}", done.stderr)


@pytest.mark.parametrize("difference", HAS_NO_WHEELS)
@pytest.mark.parametrize(("others", "taken"), [(["python3.12"], "python3.12"), ([], "python3")])
def test_a_python_without_wheels_is_taken_where_there_is_no_other(
    others: list[str], taken: str, difference: str, tmp_path: Path
) -> None:
    pretend(tmp_path / "bin" / "python3", difference)
    for name in others:
        pretend(tmp_path / "bin" / name, "pass")
    made(tmp_path)
    assert (tmp_path / "bin" / f"{taken}.said").exists()


def test_the_environment_is_that_of_this_tree_wherever_cd_looks(tmp_path: Path) -> None:
    (tmp_path / "another" / ".ci").mkdir(parents=True)
    script(tmp_path / "bin" / "python3", f"pwd > {tmp_path}/said")
    made(tmp_path, CDPATH=str(tmp_path / "another"))
    assert (tmp_path / "said").read_text().split() == [str(tmp_path)]


def test_the_package_with_venv_is_that_of_the_python_taken(tmp_path: Path) -> None:
    """On Ubuntu 22.04 the package python3-venv is for Python 3.10."""
    script(tmp_path / "bin" / "python3", "exit 1")
    script(tmp_path / "bin" / "python3.11", 'case "$2" in *ensurepip*) exit 1; esac')
    assert "package python3.11-venv" in made(tmp_path).stderr


def test_what_a_failed_installation_needs_is_said(tmp_path: Path) -> None:
    script(tmp_path / "bin" / "python3")
    script(tmp_path / ".venv" / "bin" / "python", '[ "$3" = --version ]')
    done = made(tmp_path)
    assert done.returncode == 3
    assert "package index" in done.stderr


@pytest.mark.parametrize(("environment", "said"), [({}, "uv"), ({"PIP_NO_INDEX": "1"}, "python3")])
def test_wheels_that_pip_is_told_of_are_taken_where_uv_is_installed_too(
    environment: dict[str, str], said: str, tmp_path: Path
) -> None:
    for name in ("uv", "python3"):
        script(tmp_path / "bin" / name, f"echo {name} >> {tmp_path}/said", "exit 7")
    made(tmp_path, **environment)
    assert (tmp_path / "said").read_text().split()[0] == said


def test_tests_pass_in_a_tree_that_may_only_be_read() -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-o", "cache_dir=/dev/null/cache", "etl/room.py"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
