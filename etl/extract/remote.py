"""Files at http(s) addresses, each over as many connections as it takes."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import ExitStack, suppress
from email.utils import mktime_tz, parsedate_tz
from functools import partial
from http import HTTPStatus
from queue import SimpleQueue
from time import sleep
from typing import TYPE_CHECKING, Any, Self, TypeVar
from urllib.parse import SplitResult, urljoin, urlsplit

from etl.extract.trouble import SourceError
from etl.plain import printable
from etl.trouble import why

if TYPE_CHECKING:
    from requests import Response

_PAUSES = 0.5, 1, 2, 4, 8  # seconds before each further try
_LONGEST_PAUSE = 30  # seconds, whatever a server asks for
_PATIENCE = 60  # seconds until the headers are there, and for each piece behind them: 1 KiB/s at least
_PIECE = 1 << 16
_MOST_REDIRECTS = 10
_BUSY = 408, 425, 429
_OTHERWISE = "fetch the file by other means and name it instead"
_RANGE = re.compile(r"bytes ([0-9]{1,18})-[0-9]{1,18}/([0-9]{1,18}|\*)")
_LENGTH = re.compile(r"[0-9]{1,18}")

Result = TypeVar("Result")


def is_address(source: str) -> bool:
    """Whether a source is an http(s) address and no path."""
    return re.match(r"https?://", source, re.IGNORECASE) is not None


def without_secrets(address: SplitResult) -> str:
    """An address as people may see it: no password, no token.

    >>> without_secrets(urlsplit("https://me:secret@old.example/export.zip?token=5"))
    'https://old.example/export.zip'
    """
    return f"{address.scheme}://{address.netloc.rpartition('@')[2]}{address.path}"


def downloaded(url: str, shown: str, most: int) -> Iterator[bytes]:
    """The bytes at an address, all of one version of the file; nothing when the server announces more than ``most``.

    What breaks off, stalls or is busy is tried again, until six tries in a row brought next to nothing. A server that
    sends ranges and says which version they are of sends only what is missing; any other one sends all, and what was
    handed over must be its beginning.

    Raises SourceError, whose text shows of the address only ``shown``.
    """
    download = _Download(url, printable(shown), most)
    failed = 0
    while not download.whole:
        had = download.had
        try:
            yield from download.connection()
        except _BrokenOffError as error:
            failed = 1 if download.had - had >= _PIECE else failed + 1
            if failed > len(_PAUSES):
                said = f"{download.shown}: {error}; tried {failed} times"
                raise SourceError(f"{said}; try again later, or {_OTHERWISE}") from error
            sleep(max(_PAUSES[failed - 1], min(error.pause, _LONGEST_PAUSE)))


class _BrokenOffError(Exception):
    """A connection did not bring all that is missing, but another one may; after so many seconds, says the server."""

    def __init__(self, reason: str, pause: float = 0) -> None:
        super().__init__(reason)
        self.pause = pause


class _Download:
    """One file, and what of it was handed over."""

    def __init__(self, url: str, shown: str, most: int) -> None:
        self.shown = shown
        self.had = 0
        self.whole = False
        self._url = url
        self._most = most
        self._digest = hashlib.sha256()
        self._total: int | None = None
        self._version: str | None = None
        self._ranges = True
        """Whether the server may be asked for the rest alone."""

    def connection(self) -> Iterator[bytes]:
        """What one connection brings of what is missing."""
        from urllib3.exceptions import HTTPError

        try:
            with _Thread() as thread:
                response = thread.call(partial(self._open, thread.opened))
                repeated = self._judged(response)
                piece_by_piece = partial(next, _pieces(response), b"")
                for piece in self._new(iter(partial(thread.call, piece_by_piece), b""), repeated):
                    self.had += len(piece)
                    self._digest.update(piece)
                    yield piece
        except (HTTPError, ValueError, OSError) as error:  # those of requests are OSErrors
            raise self._told(error) from error
        if self._total is not None and self.had < self._total:
            raise _BrokenOffError(f"the connection broke off after {self.had} bytes")
        if self._total is not None and self.had > self._total:
            raise self._trouble(f"{self.had} bytes came where {self._total} were announced; {_OTHERWISE}")
        self.whole = True

    def _open(self, opened: ExitStack) -> Response:
        """The server's answer, without its body, over any redirects."""
        import requests

        headers = {"Accept-Encoding": "identity"}  # the archive's own compression stays as it is
        if self._resumes():
            headers |= {"Range": f"bytes={self.had}-", "If-Range": str(self._version)}
        session = opened.enter_context(requests.Session())
        session.max_redirects = _MOST_REDIRECTS
        session.hooks["response"].append(self._redirect)
        return opened.enter_context(session.get(self._url, stream=True, timeout=_PATIENCE, headers=headers))

    def _redirect(self, response: Response, **_options: Any) -> None:
        if response.is_redirect:
            response.close()  # its body would be read, and may be endless
            scheme = urlsplit(urljoin(response.url, response.headers["Location"])).scheme[:20]
            if scheme not in ("http", "https"):
                raise self._trouble(f"the server redirects to another scheme, {scheme!r}; only http(s) is followed")

    def _resumes(self) -> bool:
        return self._ranges and self.had > 0 and self._version is not None

    def _judged(self, response: Response) -> int:
        """How many bytes that were handed over come once more."""
        status, headers = response.status_code, response.headers
        if status in _BUSY or status >= 500:
            raise _BrokenOffError(f"the server answered {_named(status)}", _retry_after(response))
        if self._resumes() and status in (206, 416):
            total = self._length_by_part(headers) if status == 206 else None
            if total is not None:  # the part may be the first to tell, and less than all of the rest
                self._total = total
                return 0
            self._ranges = False
            raise _BrokenOffError("the server did not send the part that it was asked for")
        if status != 200:
            raise self._trouble(f"the server answered {_named(status)}")
        coding = printable(headers.get("Content-Encoding", "identity")[:20]).strip().lower()
        packed = coding in ("gzip", "x-gzip") and urlsplit(self._url).path.lower().endswith((".gz", ".tgz"))
        if coding not in ("", "identity") and not packed:  # a name of its own says that it is packed as it lies there
            raise self._trouble(f"the server packed it on its way (Content-Encoding: {coding}); {_OTHERWISE}")
        self._total = _length(headers)
        self._version = None if self.had else _version(headers)  # of what was handed over, which this need not be
        if self._total is not None and self._total > self._most:
            raise self._trouble(f"more than {self._most} bytes in all (max_total_bytes): {self._total} are announced")
        return self.had

    def _length_by_part(self, headers: Mapping[str, str]) -> int | None:
        """How long the file is, by a part that goes on where the same version broke off; None if the part does not."""
        found = _RANGE.fullmatch(headers.get("Content-Range", ""))
        if found is None or int(found[1]) != self.had or _version(headers) not in (None, self._version):
            return None
        total = self._total if found[2] == "*" else int(found[2])
        return total if self._total in (None, total) else None

    def _new(self, pieces: Iterator[bytes], repeated: int) -> Iterator[bytes]:
        """The pieces behind so many bytes, which must be those that were handed over."""
        digest = hashlib.sha256()
        for piece in pieces:
            known = piece[:repeated]
            repeated -= len(known)
            digest.update(known)
            if known and not repeated and digest.digest() != self._digest.digest():
                break
            yield piece[len(known) :]
        else:
            if not repeated:
                return
        raise self._trouble("it was changed while it was fetched; try again when nobody writes to it")

    def _told(self, error: Exception) -> Exception:
        """What an error of the libraries means; their texts may hold the whole address."""
        from ssl import SSLCertVerificationError

        from requests import TooManyRedirects

        causes = list(_causes(error))
        for cause in causes:
            if isinstance(cause, SSLCertVerificationError):
                hint = "REQUESTS_CA_BUNDLE names a file of authorities that are trusted"
                return self._trouble(f"the server's certificate is not trusted: {cause.verify_message}; {hint}")
        if isinstance(error, TooManyRedirects):
            return self._trouble(f"the server redirects more than {_MOST_REDIRECTS} times")
        if isinstance(error, ValueError):
            return self._trouble("it, or what the server redirects to, is no address that can be fetched")
        if any(isinstance(cause, TimeoutError) for cause in causes):
            return _BrokenOffError(f"the server stalled after {self.had} bytes: too little came in {_PATIENCE} seconds")
        reason = next((f": {why(cause)}" for cause in causes if isinstance(cause, OSError) and cause.strerror), "")
        return _BrokenOffError(f"the connection broke off after {self.had} bytes{reason}")

    def _trouble(self, reason: str) -> SourceError:
        return SourceError(f"{self.shown}: {reason}")


class _Thread:
    """A thread that makes calls, so that the caller need not wait for ever.

    The time-out of a socket begins again with every byte, and look-ups have none. Here all of a call has to end in
    time: else the caller goes on, and the thread is left behind with its connection.
    """

    def __init__(self) -> None:
        self.opened = ExitStack()
        """What the calls opened; the thread closes it, for it may be inside of it."""
        self._calls: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()

    def __enter__(self) -> Self:
        threading.Thread(target=self._work, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._calls.put((Future(), self.opened.close))
        self._calls.put(None)

    def call(self, function: Callable[[], Result]) -> Result:
        """What the function answers; TimeoutError when that takes too long."""
        future: Future[Result] = Future()
        self._calls.put((future, function))
        return future.result(_PATIENCE)

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            future, function = call
            try:
                future.set_result(function())
            except Exception as error:  # noqa: BLE001  # whoever called gets it
                future.set_exception(error)


def _pieces(response: Response) -> Iterator[bytes]:
    """A body as it came, in pieces of which only the last one is short; an error comes behind what came before it.

    It is read by read1, for a chunk may announce a negative length: read would take it for all that ever comes. Then
    read1 brings more than it is asked for.
    """
    from urllib3.exceptions import HTTPError

    piece = bytearray()
    try:
        while some := response.raw.read1(_PIECE - len(piece), decode_content=False):
            piece += some
            if len(piece) >= _PIECE:
                yield bytes(piece)
                piece.clear()
    except HTTPError:
        if piece:
            yield bytes(piece)
        raise
    yield bytes(piece)


# --- what servers say ----------------------------------------------------------------------


def _named(status: int) -> str:
    """A status and its standard phrase: a server's own one may repeat the address.

    >>> _named(404), _named(520)
    ('404 Not Found', '520')
    """
    with suppress(ValueError):
        return f"{status} {HTTPStatus(status).phrase}"
    return str(status)


def _length(headers: Mapping[str, str]) -> int | None:
    """How many bytes are announced.

    >>> _length({"Content-Length": "12"}), _length({"Content-Length": "-1"})
    (12, None)
    """
    length = headers.get("Content-Length", "")
    return int(length) if _LENGTH.fullmatch(length) and "Transfer-Encoding" not in headers else None


def _version(headers: Mapping[str, str]) -> str | None:
    """What tells one version of a file from every other: a strong ETag, or a date that no later change can have.

    >>> _version({"ETag": '"5"'}), _version({"ETag": 'W/"5"'})
    ('"5"', None)
    >>> _version({"Last-Modified": "Mon, 01 Jun 2026 10:00:00 GMT"})
    >>> _version({"Last-Modified": "Mon, 01 Jun 2026 10:00:00 GMT", "Date": "Mon, 01 Jun 2026 10:00:00 GMT"})
    >>> _version({"Last-Modified": "Mon, 01 Jun 2026 10:00:00 GMT", "Date": "Mon, 01 Jun 2026 10:00:01 GMT"})
    'Mon, 01 Jun 2026 10:00:00 GMT'
    """
    tag, modified = headers.get("ETag", ""), headers.get("Last-Modified", "")
    if tag.startswith('"'):
        return tag
    with suppress(ValueError, OverflowError):
        changed, now = parsedate_tz(modified), parsedate_tz(headers.get("Date", ""))
        if changed and now and mktime_tz(now) > mktime_tz(changed):
            return modified
    return None


def _retry_after(response: Response) -> float:
    """The pause in seconds that a server asks for, else 0."""
    from urllib3.exceptions import HTTPError
    from urllib3.util import Retry

    with suppress(HTTPError, ValueError, OverflowError):
        return Retry().get_retry_after(response.raw) or 0
    return 0


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and all that is behind it, once each; the libraries wrap errors in more ways than one.

    >>> error = ValueError()
    >>> error.args = error, KeyError(error)
    >>> [type(cause).__name__ for cause in _causes(error)]
    ['ValueError', 'KeyError']
    """
    todo, seen = [error], set[int]()
    while todo:
        cause = todo.pop(0)
        if id(cause) not in seen:
            seen.add(id(cause))
            yield cause
            behind = (cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args)
            todo += [other for other in behind if isinstance(other, BaseException)]
