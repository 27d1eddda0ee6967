"""JSON text that ends with a checksum of itself, so that any change is seen."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from contextlib import suppress
from functools import cache
from typing import Any

from pydantic import TypeAdapter
from pydantic_core import from_json

from benchmark.errors import BadInput

#: The end of every key in JSON text; in a string the same may stand.
_KEY = re.compile(rb'"\s*:')
#: What reads JSON as a dataclass, made once for each.
adapter = cache(TypeAdapter)
_CHECKSUM = b',\n"sha256": "'


class BadRecord(BadInput):
    """A record that cannot be trusted; the message says what is wrong with it."""


def with_checksum(body: bytes) -> bytes:
    """The text of a JSON object from that of its fields, without the closing brace: a checksum of it follows.

    Every byte before the checksum counts, spaces too.
    """
    return body + _CHECKSUM + hashlib.sha256(body).hexdigest().encode() + b'"\n}\n'


def is_intact(text: bytes) -> bool:
    """Whether a text is one that `with_checksum` made."""
    return text == with_checksum(text[: text.rfind(_CHECKSUM)])


def parse(text: bytes) -> Any:
    """The JSON value that a file holds. Raises BadRecord: it is not JSON, or has a key twice in one object."""
    with suppress(ValueError):  # what is wrong is said below
        if isinstance(value := from_json(text, cache_strings="keys"), dict) and _keys(value) == len(_KEY.findall(text)):
            return value  # so no key is there twice, and nothing else must be looked at
    try:
        value = json.loads(text, object_pairs_hook=_unique)
        json.dumps(value, ensure_ascii=False).encode()  # half a surrogate could not be written anywhere
        return value
    except (RecursionError, UnicodeError, json.JSONDecodeError) as error:
        what = "nested too deeply" if isinstance(error, RecursionError) else "truncated or not JSON"
        raise BadRecord(f"it is {what}") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(found := dict(pairs)) < len(pairs):
        raise BadRecord(f"it has the key {Counter(name for name, _ in pairs).most_common(1)[0][0]!r} twice")
    return found


def _keys(value: dict[str, Any]) -> int:
    """How many keys an object has, with those of objects that are its values."""
    return len(value) + sum(_keys(item) for item in value.values() if isinstance(item, dict))
