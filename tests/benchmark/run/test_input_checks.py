"""What is looked at before any training: methods that do not suit, data that do not do, inputs that have changed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmark.errors import BadInput
from benchmark.plan.axes import Run
from benchmark.plan.options import Options
from benchmark.records.record import Noise, Record
from benchmark.run.input_checks import check_same_inputs, find_unsupported
from benchmark.run.resources import Resources
from datamodules import noise
from datamodules.errors import DataError
from methods.errors import BackboneError


@pytest.fixture(scope="module")
def resources() -> Resources:
    return Resources(precision="fp32")


def runs(methods: str = "coop", **options: str) -> list[Run]:
    chosen = {"datasets": "digits", "noise": "0.5", "seeds": "1", "shots": "2", **options}
    return Options(methods=methods, **chosen).grid().runs()


def test_methods_that_do_not_suit_a_backbone_are_named_with_the_reason(resources: Resources) -> None:
    found = find_unsupported(resources, runs("coop,vpt"), ["cpu"])
    assert set(found) == {("embedded", "vpt")} and "use a ViT" in found["embedded", "vpt"]


def test_a_method_that_cannot_be_built_for_a_defect_is_left_to_fail_by_itself(
    resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    from methods import coop

    def broken(self: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(coop.Method, "build", broken)
    assert find_unsupported(resources, runs("coop"), ["cpu"]) == {}


def test_too_many_shots_labels_that_are_not_there_and_options_that_cannot_be_are_told(resources: Resources) -> None:
    with pytest.raises(DataError, match="shots"):
        find_unsupported(resources, runs(shots="100000"), ["cpu"])
    with pytest.raises(DataError, match=r"^digits: "):
        find_unsupported(resources, runs(noise_type="human"), ["cpu"])
    with pytest.raises(BackboneError, match="use a smaller n_ctx"):
        find_unsupported(resources, runs("coop[n_ctx=1000]"), ["cpu"])


def test_classes_with_fewer_images_than_shots_take_part_where_that_is_asked_for(
    resources: Resources, caplog: pytest.LogCaptureFixture
) -> None:
    asked = runs(shots="100000")
    with pytest.raises(DataError, match=r"^digits: shots 100000 .* class '\w+' has: \d+ training.*--fewer_shots takes"):
        find_unsupported(resources, asked, ["cpu"])
    assert find_unsupported(resources, asked, ["cpu"], fewer_shots=True) == {}
    assert "digits: shots 100000 is more than class" in caplog.text and "use all they have" in caplog.text
    caplog.clear()
    assert find_unsupported(resources, runs(shots="all"), ["cpu"]) == {} and not caplog.text


def record(resources: Resources, **hashes: str) -> Record:
    (run,) = runs()
    data = resources.dataset("digits")
    own = {
        "weights": resources.backbone("embedded", "cpu").identity,
        "split": noise.fingerprint(data.train.labels, data.test.labels),
    }
    return Record(run, run.key, "ok", 70.0, hashes=own | hashes)


def test_finished_runs_on_the_same_inputs_are_fine(resources: Resources) -> None:
    check_same_inputs([record(resources)], runs(), resources, ["cpu"])
    check_same_inputs([record(resources, weights="")], runs(), resources, ["cpu"])
    check_same_inputs([replace(record(resources), noise=Noise(labels_sha256="x"))], runs(), resources, ["cpu"])


@pytest.mark.parametrize(
    ("hashes", "line"),
    [
        ({"weights": "v2:other"}, "other weights under the name embedded"),
        ({"weights": "of another rule"}, "other weights under the name embedded"),
        ({"split": "other"}, "other images or test labels under the name digits"),
    ],
)
def test_finished_runs_on_other_inputs_of_the_same_name_end_the_command(
    resources: Resources, hashes: dict[str, str], line: str
) -> None:
    with pytest.raises(BadInput, match=f"the finished runs here had {line}; write to another --out"):
        check_same_inputs([record(resources, **hashes)], runs(), resources, ["cpu"])


def test_another_precision_than_that_of_finished_runs_ends_the_command(resources: Resources) -> None:
    low = replace(record(resources), precision="bf16")
    with pytest.raises(BadInput, match="other precision under the name embedded"):
        check_same_inputs([low], runs(), resources, ["cpu"])
