"""The owner's id: what a valid one looks like, and the cookie that carries it."""

import re

OWNER_COOKIE = "quantscope_owner"
LOCAL_OWNER = "local"
"""Who starts jobs where there is no browser: the command line, tests, the server itself."""

_OWNER_ID = re.compile(r"[0-9a-f]{32}")


def is_owner_id(text: object) -> bool:
    """Whether this is an id as `app.py` hands them out: 128 random bits in hexadecimal."""
    return isinstance(text, str) and _OWNER_ID.fullmatch(text) is not None
