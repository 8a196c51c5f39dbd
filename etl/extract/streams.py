"""Compressed streams: unpacked a bounded piece at a time; one that is cut off is never taken for a whole one."""

from __future__ import annotations

import bz2
import lzma
import re
import zlib
from collections.abc import Callable
from functools import partial
from typing import BinaryIO, Protocol

from etl.extract.trouble import DamageError, SourceError
from etl.settings import MIB
from etl.trouble import why

PIECE = 1 << 16
"""The most bytes that are unpacked at once, but by zstd: see `_DECODERS`."""
MAGIC = re.compile(
    rb"(?P<zip>PK(\x03\x04|\x05\x06|\x07\x08))|(?P<gzip>\x1f\x8b\x08)|(?P<xz>\xfd7zXZ\x00)"
    rb"|(?P<bzip2>BZh[1-9](1AY&SY|\x17rE8P\x90))|(?P<zstd>\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18)"
)


class _Decoder(Protocol):
    """What bz2 and lzma offer: one stream, a bounded piece at a time, that knows whether it has ended."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """Up to so many bytes."""


class _Gzip:
    """A member of a gzip file, in the manner of bz2 and lzma."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(31)  # 31: with the header, and its checksum and length are tested

    @property
    def eof(self) -> bool:
        return self._stream.eof

    @property
    def needs_input(self) -> bool:
        return not self._stream.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._stream.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        return self._stream.decompress(self._stream.unconsumed_tail + data, max_length)


class _Zstd:
    """A frame of a zstd file. A stream_reader would end at a cut as if all were well; this knows its frame's end."""

    needs_input = True

    def __init__(self) -> None:
        import zstandard

        self._frame = zstandard.ZstdDecompressor(max_window_size=128 * MIB).decompressobj()
        self._error = zstandard.ZstdError

    @property
    def eof(self) -> bool:
        return self._frame.eof

    @property
    def unused_data(self) -> bytes:
        return self._frame.unused_data

    def decompress(self, data: bytes, _max_length: int = -1) -> bytes:
        try:
            return self._frame.decompress(data)
        except self._error as error:
            raise ValueError(str(error)) from error


_DECODERS: dict[str, tuple[Callable[[], _Decoder], int]] = {
    "gzip": (_Gzip, 4096),
    "bzip2": (bz2.BZ2Decompressor, 4096),
    "xz": (partial(lzma.LZMADecompressor, lzma.FORMAT_XZ, memlimit=256 * MIB), 4096),
    "zstd": (_Zstd, 1024),  # 4 bytes can stand for 128 KiB, and a frame gives all that its input stands for
}
"""For each codec its decoder and how many bytes it is fed at a time."""


class Unpacked:
    """The bytes in a compressed file of one or more streams; DamageError unless the last one ends with the file."""

    def __init__(self, file: BinaryIO, codec: str, limit: int, shown: str) -> None:
        self._file = file
        self._codec = codec
        self._new, self.chunk = _DECODERS[codec]
        self._decoder = self._new()
        self._pending = b""
        self._ready = b""
        self._at = 0
        self._left = limit
        self._shown = shown
        self.fed = 0
        """Compressed bytes taken so far."""

    def some(self, limit: int) -> bytes:
        """One to ``limit`` bytes, none at the end."""
        if self._at == len(self._ready):
            self._ready, self._at = self._piece(), 0
            self._left -= len(self._ready)
            if self._left < 0:
                raise SourceError(f"{self._shown}: unpacks to more bytes than a run may have (max_total_bytes)")
        piece = self._ready[self._at : self._at + limit]
        self._at += len(piece)
        return piece

    def _piece(self) -> bytes:
        try:
            while not self._decoder.eof or self._next_stream():
                data = self._take() if self._decoder.needs_input else b""
                if piece := self._decoder.decompress(data, PIECE):
                    return piece
        except (zlib.error, lzma.LZMAError, OSError, ValueError) as error:
            raise DamageError(f"its {self._codec} data is damaged: {why(error)}") from error
        return b""

    def _take(self) -> bytes:
        """The next compressed bytes of a stream that has not ended."""
        data, self._pending = self._pending or self._file.read(self.chunk), b""
        if not data:
            raise DamageError(f"its {self._codec} data is cut off")
        self.fed += len(data)
        return data

    def _next_stream(self) -> bool:
        """Whether another stream follows; zeros at the end are padding."""
        rest = self._decoder.unused_data
        while not rest.strip(b"\0"):
            rest = self._file.read(self.chunk)
            if not rest:
                return False
        rest = rest.lstrip(b"\0")
        rest += self._file.read(self.chunk - len(rest))
        magic = MAGIC.match(rest)
        if magic is None or magic.lastgroup != self._codec:
            raise DamageError("bytes follow its end")
        self._decoder, self._pending = self._new(), rest
        return True
