"""Methods as they are written, with options in brackets."""

from __future__ import annotations

import pytest

from benchmark.plan import method_catalog
from benchmark.plan.method_spec import parse_method
from datamodules.errors import UserError
from tests.benchmark.plan.conftest import COMPUTED, Add


def test_a_computed_default_is_an_option_like_any_other(add: Add) -> None:
    add("computed", COMPUTED)
    info = method_catalog.method("computed")
    assert info.options["temperature"].shown == "computed"
    assert info.paradigms == ("fewshot", "ssl")
    assert parse_method("computed[temperature=2,n_ctx=4]")[1] == {"temperature": 2.0, "n_ctx": 4}
    assert info.canonical(parse_method("computed[temperature=1.4142135623730951]")[1]) == "computed"
    with pytest.raises(UserError, match="method 'computed': temperature=hot should be a number"):
        parse_method("computed[temperature=hot]")
    with pytest.raises(UserError, match="no option 'temprature'; did you mean 'temperature'"):
        parse_method("computed[temprature=2]")


def test_an_error_on_import_is_one_line_about_the_method_that_was_asked_for(add: Add) -> None:
    add("raises", f"{COMPUTED}\nraise RuntimeError('no licence')\n")
    assert parse_method("raises")[1] == {}
    with pytest.raises(UserError, match="method 'raises' cannot be imported: RuntimeError: no licence"):
        parse_method("raises[temperature=2]")
