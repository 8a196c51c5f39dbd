"""`wiki-etl redirects …`: what its help says, and that its lists are those of the code."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from pydantic import ValidationError

from etl import servers
from etl.cli import redirects as cli_redirects
from etl.load.redirects import COMPILERS, STATIC_HOSTS
from etl.settings import Settings
from tests.make import Outcome

Run = Callable[..., Outcome]


def test_help_lists_every_server_that_can_be_run_and_every_target_that_is_compiled_for() -> None:
    """Help does not wait for the modules that know, so the names are written twice."""
    assert set(cli_redirects.SERVERS) == set(servers.SERVERS)
    assert set(cli_redirects.TARGETS) == set(COMPILERS) | set(STATIC_HOSTS)


def test_the_setting_takes_every_server_that_is_compiled_for() -> None:
    names = list(COMPILERS | STATIC_HOSTS)
    assert list(Settings.model_validate({"servers": names}).servers) == names
    with pytest.raises(ValidationError):
        Settings.model_validate({"servers": [*names, "unknown"]})


@pytest.mark.parametrize("action", ["build", "serve", "verify", "diff", "coverage"])
def test_help_has_an_example_and_every_exit_status(action: str, run: Run) -> None:
    outcome = run("redirects", action, "--help")
    assert outcome.status == 0
    assert re.search(rf"examples?:\n +(?:zcat .* \| )?wiki-etl redirects {action} ", outcome.out)
    assert [int(line.split()[0]) for line in outcome.out.partition("exit statuses:\n")[2].splitlines()] == [
        *range(6),
        130,
    ]


def test_every_action_is_listed(run: Run) -> None:
    listed = run("redirects", "--help").out
    for action in ("build", "serve", "verify", "diff", "coverage"):
        assert re.search(rf"^    {action} ", listed, re.MULTILINE)
