"""Names of methods for people, and the order of their families."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmark.plan import method_catalog
from benchmark.plan.method_names import FAMILIES, family, printed


def test_options_stay_behind_the_printed_name_and_what_is_no_method_is_left_alone() -> None:
    assert printed("gce[q=0.5]") == "PromptGCE[q=0.5]"
    assert printed("gone[q=0.5]") == "gone[q=0.5]"


def test_two_methods_of_one_name_are_told_apart_by_that_of_the_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    known = dict(method_catalog.methods())
    twin = replace(known["gce"], file={**known["gce"].file, "NAME": "CoOp"})
    monkeypatch.setattr(method_catalog, "methods", lambda: known | {"gce": twin})
    assert (printed("gce[q=0.5]"), printed("coop")) == ("CoOp (gce)[q=0.5]", "CoOp (coop)")


def test_every_method_of_ours_has_a_family_and_methods_that_are_gone_stand_last() -> None:
    places = {name: family(name) for name in method_catalog.methods()}
    assert {name for _, name in places.values()} <= set(FAMILIES)
    assert family("zero_shot") == (0, "zero-shot") and family("linear_probe[loss=gce]")[1] == "head"
    assert family("gone") == (len(FAMILIES), "")
    assert max(place for place, _ in places.values()) < family("gone")[0]
