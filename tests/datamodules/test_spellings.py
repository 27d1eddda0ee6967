"""Names as people write them: those of papers, of other libraries, and bare paths."""

from pathlib import Path

import numpy as np
import pytest

from benchmark.errors import BadInput
from benchmark.plan.groups import datasets as named
from benchmark.plan.method_spec import parse_method
from datamodules import noise
from datamodules.catalog import canonical, check
from datamodules.errors import DataError


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("EuroSAT", "eurosat"), ("OxfordPets", "oxford_pets"), ("OxfordIIITPet", "oxford_pets"),
        ("pets", "oxford_pets"), ("Caltech-101", "caltech101"),
        ("CIFAR-10", "cifar10"), ("cifar-100", "cifar100"), ("ImageNet", "imagenet"),
        ("imagenet-1k", "imagenet"), ("Flowers102", "oxford_flowers"), ("StanfordCars", "stanford_cars"),
        ("Food-101", "food101"), ("FGVCAircraft", "fgvc_aircraft"), ("SUN397", "sun397"), ("UCF-101", "ucf101"),
        ("DescribableTextures", "dtd"), ("NWPU-RESISC45", "resisc45"), ("MNIST", "mnist"), ("hf:CIFAR10", "hf:cifar10"),
        ("EuroSAT[template=a view of {}.]", "eurosat[template=a view of {}.]"), ("hf:me/EuroSAT", "hf:me/EuroSAT"),
    ],
)  # fmt: skip
def test_a_data_set_is_understood_in_other_spellings(written: str, meant: str) -> None:
    check(written)
    assert canonical(written) == meant and named([written]) == [meant]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("CoOp", "coop"), ("PromptGCE", "gce"), ("tip-adapter", "tip_adapter"), ("Tip-Adapter", "tip_adapter"),
        ("CE", "linear_probe"), ("linear-probe", "linear_probe"), ("zero-shot CLIP", "zero_shot"),
        ("LP++", "lp_plus_plus"), ("ZeroShot", "zero_shot"), ("CLIP", "zero_shot"), ("NLPrompt", "nlprompt"),
        ("GDA-CLIP", "gda"),
        ("GCE[q=0.5]", "gce[q=0.5]"),
    ],
)  # fmt: skip
def test_a_method_is_understood_by_its_printed_name_and_in_other_spellings(written: str, meant: str) -> None:
    assert parse_method(written).name == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("sym", "symmetric"), ("symmetric_noise", "symmetric"), ("Symmetric", "symmetric"), ("asym", "asymmetric"),
        ("IDN", "instance"), ("Human[labels=worse]", "human[labels=worse]"), ("uniform noise", "uniform"),
    ],
)  # fmt: skip
def test_a_kind_of_noise_is_understood_in_other_spellings(written: str, meant: str) -> None:
    noise.parse(written)
    assert noise.canonical(written) == meant


def test_a_word_for_two_kinds_of_noise_names_both() -> None:
    with pytest.raises(DataError, match=r"^unknown noise kind 'pair': did you mean 'asymmetric' or 'balanced_pair'"):
        noise.parse("pair")


@pytest.mark.parametrize(
    ("written", "near"),
    [("caltech", "caltech101"), ("tiny-imagenet", "imagenet"), ("Stanford", "stanford_cars"), ("ciphar10", "cifar10")],
)
def test_the_nearest_data_set_is_named_first(written: str, near: str) -> None:
    if canonical(written) != near:
        with pytest.raises(DataError, match=f"^unknown data set '{written}': did you mean '{near}'"):
            check(written)


@pytest.mark.parametrize(("written", "near"), [("Tip-Adapter-F", "tip_adapter"), ("lora", "clip_lora"), ("cocop", "c")])
def test_the_nearest_method_is_named_first(written: str, near: str) -> None:
    with pytest.raises(BadInput, match=f"^unknown method '{written}': did you mean '{near}"):
        parse_method(written)


def test_a_bare_path_is_the_folder_or_file_of_what_lies_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for folder in ("photos", "saved", "rows/data", "arrays"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "saved/dataset_dict.json").write_text("{}")
    (tmp_path / "rows/data/train-0.parquet").write_bytes(b"")
    np.save(tmp_path / "arrays/train_features.npy", np.zeros((2, 2)))
    (tmp_path / "x.npz").write_bytes(b"")
    for written, kind in [
        ("photos", "folder"), ("./photos", "folder"), ("~/photos", "folder"), (f"{tmp_path}/photos", "folder"),
        ("photos/[split=0.2]", "folder"), ("./saved", "hf"), ("rows", "hf"), ("arrays/", "features"),
        ("x.npz", "features"),
    ]:  # fmt: skip
        assert canonical(written) == f"{kind}:{written}"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("./photos", "there is nothing at /.*photos$"), ("~/photos", "there is nothing at /.*photos$"),
        ("/no/where", "there is nothing at /no/where$"), ("x/", "there is nothing at"),
        ("uoft-cs/cifar10", "there is no folder .*; for the hub's, write hf:uoft-cs/cifar10$"),
        ("labels.csv", "'labels.csv' is a file; it should be a folder"),
    ],
)  # fmt: skip
def test_a_path_that_leads_nowhere_is_told_as_a_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "labels.csv").write_text("file,label\n")
    with pytest.raises(DataError, match=said):
        check(written)
