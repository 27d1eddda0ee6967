"""JSON text that ends with a checksum of itself."""

import json

from hypothesis import given
from hypothesis import strategies as some

from benchmark.records.checksummed import is_intact, parse, with_checksum
from tests.support.any_json import FEW, JSON


@FEW
@given(some.binary(max_size=60))
def test_what_is_checksummed_is_intact_and_with_any_byte_more_is_not(body: bytes) -> None:
    assert is_intact(with_checksum(body))
    assert not is_intact(with_checksum(body) + b" ")
    assert not is_intact(b" " + with_checksum(body))


@FEW
@given(JSON)
def test_parsing_gives_what_json_gives(value: object) -> None:
    text = json.dumps(value).encode()
    assert repr(parse(text)) == repr(json.loads(text))
