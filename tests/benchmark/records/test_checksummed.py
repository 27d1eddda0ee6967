"""JSON text that ends with a checksum of itself."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as some

from benchmark.records.checksummed import BadRecord, is_intact, parse, with_checksum
from tests.support.any_json import FEW, JSON


@FEW
@given(some.binary(max_size=60))
def test_what_is_checksummed_is_intact_and_with_any_byte_more_is_not(body: bytes) -> None:
    assert is_intact(with_checksum(body))
    assert not is_intact(with_checksum(body) + b" ")
    assert not is_intact(b" " + with_checksum(body))


@FEW
@given(JSON)
@example({"\ud800": ["\udc00"]})
def test_parsing_gives_what_json_gives(value: object) -> None:
    text = json.dumps(value).encode()
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:  # half a surrogate
        with pytest.raises(BadRecord, match="not JSON"):
            parse(text)
    else:
        assert repr(parse(text)) == repr(json.loads(text))


@FEW
@given(JSON, some.text(max_size=5), some.sampled_from(["", " ", "\n\t"]), some.booleans())
def test_a_key_that_is_there_twice_is_found_wherever_it_stands_and_whatever_its_text_looks_like(
    value: object, key: str, space: str, inside: bool
) -> None:
    name, other = json.dumps(key), json.dumps(value)
    twice = f'{{{name}: {other}, "a string": "\\":", {name}{space}: 1}}'
    text = f'{{"in": {{"an object": {twice}}}, "or": [{{"one": 1}}]}}' if inside else twice
    if key != "a string":
        with pytest.raises(BadRecord, match="twice"):
            parse(text.encode())
