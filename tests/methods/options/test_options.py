"""Options of methods: one set of rules for texts on the command line and for values in Python."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import pytest
from annotated_types import Ge, Gt, Le, MultipleOf

from methods.errors import MethodError
from methods.options.check import check_options, options_of
from methods.options.option import as_text


class Base:
    """What options are inherited from."""

    labels: ClassVar[str] = "given"
    q: Annotated[float, Gt(0), Le(1)] = 0.7
    k: Annotated[int, Ge(1)] = 16
    csc: bool = False
    _hidden: int = 0


class Sample(Base):
    """One option of every kind."""

    q = 0.5
    loss_: Literal["ce", "gce"] = "ce"
    level: Literal[1, 2] = 1
    limit: float | None = None
    names: tuple[str, ...] = ()
    widths: tuple[int, ...] = (3, 1)
    heads: Annotated[int, MultipleOf(4)] = 8
    temperature: float = math.sqrt(2)
    init: str = ""
    folder: Path = Path()


@pytest.mark.parametrize(
    ("given", "value"),
    [
        ({"q": "0.25"}, 0.25),
        ({"q": 1}, 1.0),
        ({"q": np.float32(0.5)}, 0.5),
        ({"k": "3"}, 3),
        ({"k": np.int64(3)}, 3),
        ({"csc": "TRUE"}, True),
        ({"csc": False}, False),
        ({"loss": "gce"}, "gce"),
        ({"loss_": "gce"}, "gce"),
        ({"level": "2"}, 2),
        ({"limit": "none"}, None),
        ({"limit": None}, None),
        ({"limit": "0.5"}, 0.5),
        ({"names": "b + a+b"}, ("a", "b")),
        ({"names": ["b", "a"]}, ("a", "b")),
        ({"widths": "3+1+2"}, (3, 1, 2)),
        ({"heads": "12"}, 12),
        ({"temperature": "1"}, 1.0),
        ({"init": "a photo of a"}, "a photo of a"),
        ({"folder": "/data"}, Path("/data")),
    ],
)
def test_a_text_and_a_value_mean_the_same(given: dict[str, Any], value: Any) -> None:
    (found,) = check_options(Sample, given).values()
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"q": 7}, "method 'Sample': q=7 should be above 0 and at most 1"),
        ({"q": "1.5"}, "q=1.5 should be above 0 and at most 1"),
        ({"q": "high"}, "q=high should be a number"),
        ({"q": True}, "q=True should be a number"),
        ({"q": math.nan}, "q=nan should be a finite number"),
        ({"q": "inf"}, "q=inf should be a finite number"),
        ({"temperature": "1e400"}, "temperature=1e400 should be a finite number"),
        ({"k": "2.5"}, "k=2.5 should be a whole number"),
        ({"k": 0}, "k=0 should be at least 1"),
        ({"csc": "yes"}, "csc=yes should be true or false"),
        ({"csc": 1}, "csc=1 should be true or false"),
        ({"loss": "gcee"}, "loss=gcee should be one of ce, gce"),
        ({"level": "3"}, "level=3 should be one of 1, 2"),
        ({"limit": "much"}, "limit=much should be a number"),
        ({"names": "a++b"}, r"names=a\+\+b should be names joined by \+"),
        ({"heads": 6}, "heads=6 should be a multiple of 4"),
        ({"los": "ce"}, "has no option 'los'; did you mean 'loss'"),
        ({"loss": "ce", "loss_": "gce"}, "option 'loss' is given twice"),
        ({"labels": "none"}, "has no option 'labels'"),
        ({"_hidden": 1}, "has no option '_hidden'"),
    ],
)
def test_what_an_option_does_not_take_is_named_with_what_would_be_right(given: dict[str, Any], message: str) -> None:
    with pytest.raises(MethodError, match=message) as caught:
        check_options(Sample, given)
    assert "\n" not in str(caught.value)


def test_defaults_are_the_class_s_own() -> None:
    shown = {name: option.shown for name, option in options_of(Sample).items()}
    assert shown["q"] == "0.5"
    assert shown["widths"] == "3+1"
    assert shown["limit"] == "none"
    assert "labels" not in shown


def test_every_default_is_read_back_from_its_text() -> None:
    for name, option in options_of(Sample).items():
        if option.default != ():
            assert check_options(Sample, {name: option.shown}) == {option.attribute: option.default}


def test_a_float_is_written_short_unless_that_would_change_it() -> None:
    assert [as_text(value) for value in (0.5, 1.0, 1e-5, 0.1234567, 0.9999999)] == [
        "0.5", "1", "1e-05", "0.1234567", "0.9999999",
    ]  # fmt: skip


def test_a_method_without_options_says_so() -> None:
    class Plain:
        labels: ClassVar[str] = "none"

    with pytest.raises(MethodError, match="method 'Plain' has no option 'k'; it has no options"):
        check_options(Plain, {"k": 1})


def test_a_type_that_does_not_exist_is_named() -> None:
    class Wrong:
        a: Missing = 1  # type: ignore[name-defined] # noqa: F821

    with pytest.raises(
        MethodError, match=r"the type 'Missing' of .*Wrong\.a cannot be used: name 'Missing' is not def"
    ):
        check_options(Wrong, {"a": 1})


def test_checking_options_imports_no_torch() -> None:
    code = "import sys, methods.options.check; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
