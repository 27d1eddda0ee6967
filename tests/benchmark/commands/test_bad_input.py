"""What a bench cannot train: one line on standard error that says what would be right, and no traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.__main__ import main
from tests.benchmark.commands.conftest import Refused

CASES = [
    ("bench --backbone=hf-hub:", "'hf-hub:' names no repository; write hf-hub:owner/name"),
    ("bench --backbone=hf-hub:owner", "write hf-hub:owner/name"),
    ("bench --backbone=local-dir:", "write local-dir:/path"),
    ("bench --backbone=ViT-B-32", "names no weights; write NAME/tag"),
    ("bench --backbone=embedded-vot", "does not come with the project"),
    ("bench --datasets=hf:", "'hf:' names nothing; write hf:owner/name"),
    ("bench --datasets=folder:", "'folder:' names nothing; write folder:/path"),
    ("bench --datasets=digitz", "unknown data set 'digitz'"),
    ("bench --devices=tpu", "should be auto, cpu, cpu:2 or GPU numbers"),
    ("bench --devices=cpu:0", "should be cpu:N"),
    ("bench --wandb=ofline", "did you mean 'offline'"),
    ("bench --wandb-project=a/b", "W&B project 'a/b' has '/'"),
    ("bench --dry-run --methods=coop[n_ctx=x]", "n_ctx=x should be a whole number"),
    ("bench --noise=nan", "noise rate nan lies outside [0, 1]"),
    ("bench --noise=1e308", "noise rate 1e+308 lies outside [0, 1]"),
    ("bench --noise=-0.1", "noise rate -0.1 lies outside [0, 1]"),
    ("bench --noise=half", "noise: 'half' should be a number"),
    ("bench --noise=", "no rates given; name at least one"),
    ("bench --noise-type=symetric", "did you mean 'symmetric'"),
    ("bench --seeds=", "no seeds given"),
    ("bench --seeds=-1", "seed is -1, should be at least 0"),
    ("bench --seeds=1.5", "seeds: '1.5' should be a whole number"),
    ("bench --shots=0", "shots is 0, should be at least 1"),
    ("bench --epochs=-1", "epochs is -1, should be at least 1"),
    ("bench --pack=0", "pack is 0, should be at least 1"),
    ("bench --timeout=-1", "timeout is -1, should be at least 0"),
    ("bench --paradigm=fewshots", "did you mean 'fewshot'"),
    ("bench --methods=", "no methods given"),
    ("bench --methods=copo", "unknown method 'copo': did you mean 'coop'"),
    ("bench --methods=coop[n_ctx=", "is not written as name or name[option=value]"),
    ("bench --methods=coop[n_ctx]", "'n_ctx' is not written as option=value"),
    ("bench --methods=coop[nctx=4]", "did you mean 'n_ctx'"),
    ("bench --methods=coop[n_ctx=4,n_ctx=5]", "option 'n_ctx' is given twice"),
    ("bench --methods=gce[q=nan]", "q=nan should be a finite number"),
    ("bench --datasets=", "no datasets given"),
    ("bench --datasets=digits[", "is not written as name or name[option=value]"),
    ("bench --datasets=digits[colour=1]", "data set 'digits' has no option 'colour'; it has: template"),
    ("bench --backbone=", "no backbones given"),
    ("bench --backbone=ViT-B-32/", "names no weights; write NAME/tag"),
    ("bench --devices=", "should be auto, cpu, cpu:2 or GPU numbers"),
    ("bench --devices=0,x", "should be auto, cpu, cpu:2 or GPU numbers"),
    ("bench --devices=cpu:x", "should be cpu:N with N workers"),
]


@pytest.mark.parametrize(("line", "message"), CASES, ids=[line for line, _ in CASES])
def test_bad_input_is_one_line_with_what_would_be_right(line: str, message: str, refused: Refused) -> None:
    refused(line, message)


def test_an_address_that_is_none_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("WANDB_BASE_URL", "http://[::1")
    for name in ("WANDB_API_KEY", "WANDB_MODE"):
        monkeypatch.delenv(name, raising=False)
    assert main(["bench", "--dry-run"]) == 2
    assert "WANDB_BASE_URL=http://[::1 is no address" in capsys.readouterr().err


def test_credentials_that_are_no_text_count_as_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "netrc").write_bytes(b"\xff\xfe\x00" * 100)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for name in ("WANDB_API_KEY", "WANDB_MODE"):
        monkeypatch.delenv(name, raising=False)
    assert main(["bench", "--dry-run", f"--out={tmp_path / 'out'}"]) == 0
    assert capsys.readouterr().err == ""


def test_a_dry_run_says_what_it_did_not_look_at(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--dry-run", "--backbone=ViT-B-32/openai", "--devices=0,1"]) == 0
    printed = capsys.readouterr().out
    assert "not checked: whether open_clip can load ViT-B-32/openai; whether there are GPUs 0,1" in printed


def test_brackets_are_printed_as_they_were_typed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "a[b]"
    assert main(["bench", "--dry-run", "--methods=coop[n_ctx=3]", f"--out={out}"]) == 0
    assert "CoOp[n_ctx=3]" in capsys.readouterr().out
    (out / "runs").mkdir(parents=True)
    assert main(["report", f"--out={out}"]) == 0
    assert str(out / "report.html") in capsys.readouterr().out.replace("\n", "")
