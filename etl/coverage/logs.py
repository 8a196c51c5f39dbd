"""Access logs in the combined format, plain or gzip: their requests, a line at a time."""

from __future__ import annotations

import gzip
import io
import re
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import NamedTuple

from etl.long_lines import bounded
from etl.trouble import Trouble, why

LONGEST_LINE = 64 * 1024
_AFTER_DATE = b'] "'
_REQUEST = re.compile(rb'((?:[^"\\]|\\.)*)" ([0-9]{3})(?: |$)')
_ESCAPE = re.compile(rb"\\(?:x([0-9A-Fa-f]{2})|(.))")

_Stream = io.BufferedReader | gzip.GzipFile


class LogError(Trouble):
    """A log that cannot be read, or is none; names it: status 3."""


@contextmanager
def opened(log: str) -> Iterator[tuple[_Stream, Callable[[], int]]]:
    """The lines of a log, unpacked where it is gzip; and how many bytes of the file were read."""
    try:
        with nullcontext(sys.stdin.buffer) if log == "-" else Path(log).open("rb") as raw:
            assert isinstance(raw, io.BufferedReader)
            position = raw.tell if raw.seekable() else lambda: 0  # not in a pipe
            if raw.peek(2)[:2] != b"\x1f\x8b":
                yield raw, position
                return
            with gzip.open(raw) as stream:
                yield stream, position
    except (OSError, EOFError, zlib.error) as error:
        raise LogError(f"{log}: cannot be read to its end: {why(error)}") from error


def lines_of(stream: _Stream) -> Iterator[bytes]:
    """Lines without their ends; of one that is too long, the beginning."""
    for line in bounded(stream.readline, LONGEST_LINE):
        if line.strip():
            yield line.rstrip(b"\r\n")


class Request(NamedTuple):
    """What a line says of a request."""

    target: str | None
    """None: no GET or HEAD."""
    status: int


def request_of(line: bytes) -> Request | None:
    r"""The request of a line; None for a line in another format.

    >>> request_of(b'::1 - - [21/Nov/2025:10:00:00 +0000] "GET /A\\x22+B HTTP/1.1" 404 9 "-" "Mozilla"')
    Request(target='/A"+B', status=404)
    >>> request_of(b'old.example:80 ::1 - - [21/Nov/2025:10:00:00 +0000] "-" 408 0 "-" "-"')
    Request(target=None, status=408)
    >>> request_of(b'::1 GET /A HTTP/1.1" 404 9')
    """
    start = line.find(_AFTER_DATE)
    match = _REQUEST.match(line, start + len(_AFTER_DATE)) if start >= 0 else None
    if match is None:
        return None
    words = match[1].split(b" ")
    if len(words) != 3 or words[0] not in {b"GET", b"HEAD"}:
        return Request(None, int(match[2]))
    target = words[1]
    if b"\\" in target:
        target = _ESCAPE.sub(lambda part: bytes.fromhex(part[1].decode()) if part[1] else part[2], target)
    return Request(target.decode("utf-8", "surrogateescape"), int(match[2]))
