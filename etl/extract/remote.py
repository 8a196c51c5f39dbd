"""Sources at http(s) addresses."""

from __future__ import annotations

from collections.abc import Iterator

from etl.extract.trouble import SourceError, printable
from etl.settings import MIB

_TRIES = 6
_TIMEOUTS = 10, 60  # seconds to connect, and between two pieces


def downloaded(url: str, shown: str) -> Iterator[bytes]:
    """The bytes at an address; a busy server is asked again, with pauses that double, half a minute in all."""
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.util import Retry

    retries = Retry(
        total=_TRIES, connect=3, backoff_factor=0.5, raise_on_status=False, respect_retry_after_header=False,
        status_forcelist=(429, 500, 502, 503, 504), allowed_methods=("GET",),
    )  # fmt: skip
    shown = printable(shown)
    with requests.Session() as session:
        for scheme in ("http://", "https://"):  # the only schemes that a session follows a redirect to
            session.mount(scheme, HTTPAdapter(max_retries=retries))
        try:
            headers = {"Accept-Encoding": "identity"}  # the archive's own compression stays as it is
            with session.get(url, stream=True, timeout=_TIMEOUTS, headers=headers) as response:
                if response.status_code != requests.codes.ok:
                    raise SourceError(f"{shown}: the server answered {response.status_code} {response.reason}")
                yield from response.iter_content(MIB)
        except (requests.RequestException, ValueError) as error:
            raise SourceError(f"{shown}: cannot be fetched: {type(error).__name__}") from error
