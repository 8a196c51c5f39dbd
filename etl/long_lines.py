"""Lines of files that may be damaged or hostile: no line takes more memory than a limit allows."""

from __future__ import annotations

from collections.abc import Callable, Iterator


def bounded(readline: Callable[[int], bytes], limit: int) -> Iterator[bytes]:
    r"""The lines of a file; of a longer one its first ``limit`` bytes, so without a line end.

    >>> from io import BytesIO
    >>> list(bounded(BytesIO(b"bed\nbeehive\n\nbee").readline, 4))
    [b'bed\n', b'beeh', b'\n', b'bee']
    """
    while line := readline(limit):
        yield line
        while len(line) == limit and not line.endswith(b"\n"):
            line = readline(limit)


def numbered(readline: Callable[[int], bytes], limit: int) -> Iterator[tuple[int, bytes | None]]:
    r"""The lines of a file with their numbers, from 1; None for one that is longer, which is passed over.

    >>> from io import BytesIO
    >>> list(numbered(BytesIO(b"bed\nbeehive\nbee").readline, 4))
    [(1, b'bed\n'), (2, None), (3, b'bee')]
    """
    for number, line in enumerate(bounded(readline, limit), 1):
        yield number, line if len(line) < limit or line.endswith(b"\n") else None
