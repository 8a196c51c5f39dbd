"""Workers that the system ends in the middle of a run: nothing is lost, and a member that does it again is a reject."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.make import ROOT, Outcome, command, files, folder, lines, name, page, pages, wiki_etl

PASSES = {"reading": "facts_pass.read_record", "cleaning": "transform_pass.read_body"}
ENDS_WORKERS = """
import multiprocessing, os, pathlib, signal
from etl.passes import facts_pass, transform_pass

plain, deaths, most = {reader}, pathlib.Path({deaths!r}), {most}

def deadly(data, *arguments):
    if b"deadly" in data and multiprocessing.parent_process():
        with deaths.open("a+") as file:
            file.seek(0)
            if len(file.read()) < most:
                file.write("x")
                file.flush()
                os.kill(os.getpid(), signal.SIGKILL)
    return plain(data, *arguments)

{reader} = deadly
"""
"""Every process imports it at its start; a worker that comes to the word ends as the kernel would end it."""


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """Pages, one of them deadly; another one wishes for its slug and its name.

    Of the first one, which is cleaned before them, there is something to count.
    """
    members = pages(150) | {
        name(1): page("Well number 1", page_id=1, body="''Rain'' of [ours](/posts/nobody.html)."),
        name(200): page("Deep water", page_id=200, slug="deep-water", body="This is deadly."),
        name(201): page("Deep water", page_id=201, slug="deep-water", body="See [it](/posts/deep-water.html)."),
    }
    return folder(tmp_path / "wiki", members)


def migrate(bundle: Path, out: Path, *, most: int, during: str) -> Outcome:
    """A run of two workers, of which so many are ended in one of the passes."""
    site = out.parent / "site"
    site.mkdir()
    script = ENDS_WORKERS.format(deaths=str(site / "deaths"), most=most, reader=PASSES[during])
    (site / "sitecustomize.py").write_text(script)
    environment = {"PYTHONPATH": os.pathsep.join([str(site), str(ROOT)])}
    return command("migrate", bundle, "--out", out, "--jobs", 2, "--changes", environment=environment)


@pytest.mark.parametrize("during", PASSES)
def test_a_death_costs_nothing(during: str, bundle: Path, tmp_path: Path) -> None:
    undisturbed = wiki_etl("migrate", bundle, "--out", tmp_path / "undisturbed", "--changes")
    outcome = migrate(bundle, tmp_path / "out", most=1, during=during)
    assert (outcome.status, undisturbed.status) == (0, 0), outcome.err
    assert "the system ended 1 worker processes" in outcome.err
    assert files(tmp_path / "out" / "current") == files(tmp_path / "undisturbed" / "current")


@pytest.mark.parametrize("during", PASSES)
def test_a_member_that_ends_every_worker_is_a_reject_and_its_claims_go_to_others(
    during: str, bundle: Path, tmp_path: Path
) -> None:
    outcome = migrate(bundle, tmp_path / "out", most=1000, during=during)
    current = tmp_path / "out" / "current"
    assert outcome.status == 1, outcome.err
    (reject,) = lines(current / "rejects.jsonl")
    assert (reject["code"], reject["member"], reject["raw_complete"]) == ("member.deadly", name(200), True)
    documents = {document["id"]: document for document in lines(current / "documents.jsonl")}
    assert len(documents) == 151
    assert documents["tiki-201"]["slug"] == "deep-water"
    assert {line["document"] for line in lines(current / "redirects.jsonl") if "deep" in line["value"].lower()} == {
        "tiki-201"
    }
    assert wiki_etl("validate", current).status == 0
