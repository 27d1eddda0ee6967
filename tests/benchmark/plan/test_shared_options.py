"""Options that several commands have: one declaration each, with a word of help."""

from __future__ import annotations

import ast
from dataclasses import fields
from pathlib import Path

import pytest

from benchmark.plan import shared_options
from benchmark.plan.shared_options import Encoding, Training, WandB


@pytest.mark.parametrize("group", [WandB, Training, Encoding])
def test_every_option_says_what_it_is(group: type) -> None:
    tree = ast.parse(Path(shared_options.__file__).read_text("utf-8"))
    (own,) = (node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == group.__name__)
    told = {
        line.target.id
        for line, following in zip(own.body, own.body[1:], strict=False)
        if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name)
        if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant)
    }
    inherited = {field.name for base in group.__mro__[1:-1] for field in fields(base)}
    assert told == {field.name for field in fields(group)} - inherited


def test_options_of_one_name_have_one_default() -> None:
    training = {field.name: field.default for field in fields(Training)}
    shared = [field for field in fields(Encoding) if field.name in training]
    assert shared and all(training[field.name] == field.default for field in shared)
