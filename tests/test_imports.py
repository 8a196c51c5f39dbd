"""Who imports whom, and what nobody has to wait for."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.make import ROOT, folder, lacking, pages

HEAVY = ("pandas", "numpy", "requests", "jsonschema", "tqdm")


def modules_after(code: str, *arguments: object) -> set[str]:
    """Top-level names of all modules that a process has loaded when some code has run."""
    script = f"import sys, json\n{code}\nprint(json.dumps(sorted({{name.split('.')[0] for name in sys.modules}})))"
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_the_layers_hold() -> None:
    command = Path(sys.executable).with_name("lint-imports")
    if not command.exists():
        lacking("import-linter is not installed")
    done = subprocess.run([command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["migrate", "--help"], ["migrate", "--nonsense"]], ids=" ".join
)
def test_help_waits_for_nothing_heavy(arguments: list[str]) -> None:
    loaded = modules_after(f"from etl.cli import main; main({arguments!r})")
    assert loaded.isdisjoint({*HEAVY, "pydantic", "orjson", "yaml", "sqlite3", "pyromark", "jsonschema_rs"})


def test_migrating_sound_pages_loads_nothing_heavy(tmp_path: Path) -> None:
    """Workers load a part of what this process loads: with one job it does all their work itself."""
    source = folder(tmp_path / "wiki", pages(70))
    code = (
        "from pathlib import Path\nfrom etl.pipeline import migrate\nfrom etl.run import Run\n"
        "from etl.settings import Settings\n"
        "migrate(Run([sys.argv[1]], Settings(), Path(sys.argv[2]), jobs=1))"
    )
    assert modules_after(code, source, tmp_path / "out").isdisjoint(HEAVY)


def test_what_a_worker_imports_to_begin_is_not_heavy() -> None:
    assert modules_after("import etl.passes, etl.workers").isdisjoint({*HEAVY, "yaml"})


def test_transform_knows_no_clock_no_files_and_no_network() -> None:
    """The modules of transform name none of these; what pydantic loads behind them is its own matter."""
    banned = {
        "os",
        "pathlib",
        "shutil",
        "sqlite3",
        "subprocess",
        "tempfile",
        "http",
        "requests",
        "socket",
        "time",
        "random",
        "secrets",
        "uuid",
        "locale",
    }
    for path in sorted((ROOT / "etl" / "transform").rglob("*.py")):
        names = {
            line.split()[1].split(".")[0]
            for line in path.read_text().splitlines()
            if line.startswith(("import ", "from "))
        }
        assert names.isdisjoint(banned), path
