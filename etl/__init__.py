"""wiki-etl: moves a legacy wiki to a new platform and loses nothing on the way.

    source ──extract──▶ RawRecord ──transform──▶ facts ──resolve──▶ decisions
                            └──────────────────────────────────────────┴──transform──▶ Document ──load──▶ out/

``extract`` reads containers and members and judges nothing; ``transform`` is pure; ``resolve`` decides what needs all
documents; ``load`` writes and decides nothing. ``pipeline`` is the run, ``run`` what it was asked and what came of it,
``refusal`` what keeps that from being published, ``summary`` how it is told; ``cli`` turns arguments into it.
``report`` shows a generation to people, ``validate`` says every fault of what comes in or went out, ``explain`` what
became of one page or address, ``replay`` which rejects pass by now; ``servers``, ``verify``, ``comparison`` and
``coverage`` hold the redirect map against real servers, running sites, another map and access logs. Imports go one way
only, held by import-linter: its layers in ``pyproject.toml`` have every module in its place, and those that all may use
at the bottom.
"""

__version__ = "0.1.0"
