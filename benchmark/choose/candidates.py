"""Which methods can be chosen on given images, told before anything is loaded. Imports no torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from benchmark.errors import BadInput
from benchmark.plan.feature_files import instead, lacks, left_out, outputs_of
from benchmark.plan.method_spec import parse_method


@dataclass(frozen=True)
class Plan:
    """Which methods are tried beside the default, with which seeds and what fraction held out."""

    methods: Sequence[str]
    default: str
    seeds: Sequence[int]
    hold_out: float

    @property
    def names(self) -> list[str]:
        """All methods, each once."""
        return list(dict.fromkeys([*self.methods, self.default]))


def checked(plan: Plan) -> Plan:
    """The plan with the one name of each method.

    Raises BadInput: a method whose class weights are no classifier of their own, or that is not trained on given labels
    alone.
    """
    for name in plan.names:
        info, _ = parse_method(name)
        if info.inputs != "features":
            raise BadInput(f"{name} changes the image tower, which class weights cannot hold; leave it out")
        if "fewshot" not in info.paradigms and info.name != "zero_shot":
            raise BadInput(f"{name} does not train on given labels alone ({', '.join(info.paradigms)}); leave it out")
    names = dict.fromkeys(parse_method(name).name for name in plan.methods)
    return replace(plan, methods=list(names), default=parse_method(plan.default).name)


def suitable(dataset: str, plan: Plan, say: Callable[[str], None]) -> Plan:
    """The plan without methods that a data set of features does not suit, and with a default that it suits."""
    outputs = outputs_of(dataset)
    if outputs is None:
        return plan
    specs = {name: parse_method(name) for name in plan.names}
    for line in left_out([dataset], list(specs.values())):
        say(f"left out: {line}")
    default = plan.default
    if lacks(dataset, specs[default]):
        otherwise = "class_means" if outputs.texts is None else "task_res"
        default = instead(dataset, specs[default]) or otherwise
        say(f"the default is {default} instead of {plan.default}")
    methods = [name for name in plan.methods if not lacks(dataset, specs[name])]
    return replace(plan, methods=methods or [default], default=default)
