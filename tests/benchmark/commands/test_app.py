"""Words on the command line: what no option takes is one line that says what would be right, unknown options first."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from benchmark.__main__ import main
from tests.benchmark.commands.conftest import Refused

CASES = [
    ("bensh", "did you mean 'bench'"),
    ("bench --epochs=x", "--epochs=x should be a whole number"),
    ("bench --epochs=", "--epochs= should be a whole number"),
    ("bench --pack=1.5", "--pack=1.5 should be a whole number"),
    ("bench --epohcs=3", "bench: Unknown option: --epohcs. Did you mean --epochs? Usage: promptnoise bench"),
    ("bench --seed=3", "Unknown option: --seed. Did you mean --seeds?"),
    ("bench --pack=x --out --suite=none --epohcs=3", "Unknown option: --epohcs"),
    ("bench --pack=0x10", "--pack=0x10 should be a whole number"),
    ("bench --no-dry-run", "Unknown option: --no-dry-run. Did you mean --dry_run?"),
    ("bench -x", "bench: Unknown option: -x."),
    ("bench coop", "bench: Unused Tokens: ['coop']. Usage: promptnoise bench [--option=value ...]"),
    ("bench --dry-run=maybe", "--dry-run=maybe should be true or false"),
    ("bench --seeds=1 --seeds=2", "--seeds specified multiple times"),
    ("bench --noise-type=symmetric --noise_type=uniform", "--noise_type specified multiple times"),
    ("bench --out", "--out requires an argument"),
    ("bench --out --dry-run", "--out requires an argument"),
    ("bench --out=", "--out= is empty; it should be a path"),
    ("bench --data=", "--data= is empty"),
    ("bench --out=~nobody-of-this-name/x", "there is no such user"),
    ("bench --precision=fp16", "--precision=fp16 should be one of auto, fp32, bf16"),
    ("show", "show needs RUN: promptnoise show RUN"),
    ("export abc --words=perhaps", "should be true or false"),
    ("compare results", "compare needs SECOND: promptnoise compare FIRST SECOND"),
    ("compare . . --tolerance=nan", "--tolerance=nan should be a finite number"),
    ("bench --cache=", "--cache= is empty; it should be a path"),
    ("bench --seeds=9223372036854775808", "should be below 2^63"),
    ("bench --epochs=9223372036854775808", "should be below 2^63"),
    ("bench --timeout=soon", "--timeout=soon should be a whole number"),
    ("report all --out=.", "report: Unused Tokens: ['all']"),
    ("compare a b c", "compare: Unused Tokens: ['c']"),
    ("list --datas=x", "list: Unknown option: --datas. Did you mean --data?"),
    ("pretrain", "pretrain is no command: `make embedded` runs it, in a checkout of the repository"),
]


@pytest.mark.parametrize(("line", "message"), CASES, ids=[line for line, _ in CASES])
def test_bad_words_are_one_line_with_what_would_be_right(line: str, message: str, refused: Refused) -> None:
    refused(line, message)


@pytest.mark.usefixtures("furnished")
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["detect", "--seeds=-1"], "seed is -1, should be at least 0"),
        (["detect", "--seeds=99999999999999999999"], "should be below 2^63"),
        (["detect", "--shots=-1"], "shots is -1, should be at least 0"),
        (["audit", "digits", "--seed=99999999999999999999"], "should be below 2^63"),
        (["bench", "--dry-run", "--out=a\0b"], "--out=a␀b holds a zero byte, which no name has"),
        (["bench", "--dry-run", "--out=caf\udce9"], "is not text in UTF-8"),
        (["audit", "caf\udce9"], "is not text in UTF-8"),
        (["merge", "caf\udce9"], "is not text in UTF-8"),
        (["bench", "--dry-run", f"--out={'x' * 300}"], "is too long for a path"),
        (["bench", "--seeds=1-99999999999999999999999"], "should be a whole number or a range"),
        (["bench", "--shots=" + "9" * 5000], "should be a whole number"),
        (["bench", "--suite=DEEP.toml"], "is nested too deeply"),
        (["bench", "--suite=LONG.toml"], "unknown method 'xxx"),
        (["bench", "--again=AGAIN"], "is nested too deeply"),
        (["audit", "hf:/"], "names nothing; write hf:owner/name"),
        (["plan", "--pack=0", "--costs=RECORDS"], "pack is 0, should be at least 1"),
        (["b\x1b[31m\nench"], "unknown command"),
    ],
    ids=lambda value: " ".join(value).encode("unicode_escape").decode()[:60] if isinstance(value, list) else "",
)
def test_words_of_any_kind_and_length_are_refused_in_one_line(
    words: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("DEEP.toml").write_text(f"methods = {'[' * 2000}{']' * 2000}\n")
    Path("LONG.toml").write_text(f'methods = "{"x" * 10**6}"\n')
    Path("AGAIN/campaigns").mkdir(parents=True)
    Path("DEEP.toml").rename("AGAIN/campaigns/x.toml") if "--again=AGAIN" in words else None
    start = time.process_time()
    assert main(words) == 2
    assert time.process_time() - start < 10
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and message in said and len(said) < 2500, said
    assert "\x1b" not in said


def test_a_folder_that_begins_with_a_tilde_is_in_the_home_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "file").touch()
    assert main(["bench", "--dry-run", "--out=~/file"]) == 2
    assert f"{tmp_path / 'file'} is a file" in capsys.readouterr().err
    assert main(["bench", "--dry-run", "--datasets=dtd", "--data=~/images"]) == 2
    assert f"{tmp_path / 'images/dtd'}" in capsys.readouterr().err
