"""Values that JSON can hold, for property tests."""

from hypothesis import settings
from hypothesis import strategies as some

TEXT = some.text(some.characters(), max_size=8)
NUMBERS = some.one_of(some.integers(), some.floats(allow_nan=True))
JSON = some.recursive(
    some.one_of(some.none(), some.booleans(), NUMBERS, TEXT),
    lambda inner: some.one_of(some.lists(inner, max_size=3), some.dictionaries(TEXT, inner, max_size=3)),
    max_leaves=8,
)
FEW = settings(max_examples=100, deadline=None)
