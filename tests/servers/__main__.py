"""The matrix as a table for the README: ``python -m tests.servers``; status 1 when an answer is wrong."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from etl.servers import SERVERS
from tests.servers.matrix import GLOBALS, MAP, NAMES, asked, parts, table
from tests.servers.stage import serving


def main() -> int:
    """Asks every server everything."""
    print(f"{len(NAMES)} names, {len(MAP)} entries, {len(GLOBALS)} requests that are none\n", file=sys.stderr)
    print("| server | requests | right | entries refused, with a finding |\n| --- | ---: | ---: | ---: |")
    faults = 0
    for name in SERVERS:
        with tempfile.TemporaryDirectory() as folder, serving(name, Path(folder), MAP) as server:
            found = [asked(server, requests, right) for _, _, requests, right in parts(server)]
            refused = len(server.refused)
        count, wrong = sum(count for count, _ in found), [one for _, faulty in found for one in faulty]
        print(f"| {name} | {count:,} | {count - len(wrong):,} | {refused} |", flush=True)
        print(table(wrong), end="\n" * bool(wrong), file=sys.stderr)
        faults += len(wrong)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
