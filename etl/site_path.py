"""A path of the new site as it is sent: RFC 3986, from its root, percent-encoded, no fragment, no other host.

One grammar for all who read or write one: settings, earlier generations, the published schemas, redirect maps.
"""

from __future__ import annotations

import re
from typing import TypeGuard

_CHARACTERS = "A-Za-z0-9._~!$&'()*+,;=:@?-"
_ENCODED = "%[0-9A-Fa-f]{2}"
_SEGMENT = f"(?:[{_CHARACTERS}]|{_ENCODED})"

SCHEMA = f"^/(?:{_SEGMENT}(?:{_SEGMENT}|/)*)?$"
"""For schemas, whose expressions know no possessive quantifiers."""
SITE_PATH = f"/(?!/)(?>(?:[/{_CHARACTERS}]++|{_ENCODED})*)"
"""The same without backtracking, as a part of larger expressions."""
_WHOLE = re.compile(SITE_PATH)


def is_site_path(value: object) -> TypeGuard[str]:
    r"""Whether a value is such a path.

    >>> [is_site_path(path) for path in ("/", "/a/%C3%A9/?q=1&r=", "/a//b", "//a", "a", "/a b", "/a#b", "/%zz", "/\n")]
    [True, True, True, False, False, False, False, False, False]
    >>> [path for path in ('/a"b', "/{c}", "/<d>", "/\\", "/^", "/`", "/|") if is_site_path(path)]
    []
    """
    return isinstance(value, str) and _WHOLE.fullmatch(value) is not None
