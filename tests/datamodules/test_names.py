"""Names with options in brackets."""

from __future__ import annotations

import pytest

from datamodules.errors import DataError
from datamodules.names import parse_spec


def test_a_bare_name_has_no_options() -> None:
    assert parse_spec(" dtd ") == ("dtd", {})


def test_values_may_hold_commas() -> None:
    text = "folder:/data/my pets[template=a photo of a {}, a type of pet., val=held out]"
    assert parse_spec(text) == (
        "folder:/data/my pets",
        {"template": "a photo of a {}, a type of pet.", "val": "held out"},
    )


@pytest.mark.parametrize("text", ["a[b=c", "a]b", "a[[b=c]]", "", "a[b]", "a[b=]", "a[=c]", "a[b=1,b=2]"])
def test_what_cannot_be_read_is_quoted_back(text: str) -> None:
    with pytest.raises(DataError, match=r"not written as|given twice"):
        parse_spec(text)
