"""Bad input and bad surroundings: one line on standard error that says what would be right, and no traceback."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path

import pytest

from benchmark.__main__ import main
from benchmark.records.store import Store
from tests.support.records_factory import result, run

ROOT = Path(__file__).parents[3]

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
    ("bench --backbone=hf-hub:", "'hf-hub:' names no repository; write hf-hub:owner/name"),
    ("bench --backbone=hf-hub:owner", "write hf-hub:owner/name"),
    ("bench --backbone=local-dir:", "write local-dir:/path"),
    ("bench --backbone=local-dir:/nowhere", "the folder /nowhere does not exist"),
    ("bench --backbone=ViT-B-32:/nowhere.pt", "the file /nowhere.pt does not exist"),
    ("bench --backbone=ViT-B-32", "names no weights; write NAME/tag"),
    ("bench --backbone=embedded-vot", "does not come with the project"),
    ("bench --datasets=hf:", "'hf:' names nothing; write hf:owner/name"),
    ("bench --datasets=folder:", "'folder:' names nothing; write folder:/path"),
    ("bench --datasets=digitz", "unknown data set 'digitz'"),
    ("bench --devices=tpu", "should be auto, cpu, cpu:2 or GPU numbers"),
    ("bench --devices=cpu:0", "should be cpu:N"),
    ("bench --precision=fp16", "--precision=fp16 should be one of auto, fp32, bf16"),
    ("bench --wandb=ofline", "did you mean 'offline'"),
    ("bench --wandb-project=a/b", "W&B project 'a/b' has '/'"),
    ("sync --wandb=offline --wandb-entity=a/b", "should be the name of a user or a team"),
    (
        "sync --wandb=offline --wandb-tags=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "characters; W&B takes 64",
    ),
    ("bench --dry-run --datasets=folder:/nowhere", "/nowhere/train is not there"),
    ("bench --dry-run --datasets=dtd --data=/nowhere", "/nowhere/dtd/images is not there"),
    ("bench --dry-run --out=FILE", "FILE is a file"),
    ("bench --dry-run --out=FILE/out", "FILE is a file"),
    ("bench --dry-run --methods=coop[n_ctx=x]", "n_ctx=x should be a whole number"),
    ("report --out=/nowhere", "there is no results folder /nowhere"),
    ("report --out=.", "holds no records of finished runs"),
    ("report --out=FILE", "there is no results folder FILE"),
    ("report --out=. --reference=nonsense", "unknown method 'nonsense'"),
    ("report --out=. --reference=gce[q=7]", "q=7 should be above 0 and at most 1"),
    ("sync --out=/nowhere --wandb=offline", "there is no results folder /nowhere"),
    ("sync --out=. --wandb=offline", "holds no records of finished runs"),
    ("fetch", "nothing to fetch; give --backbone=NAME/tag"),
    ("fetch --datasets=hf:", "write hf:owner/name"),
    ("fetch --backbone=hf-hub:", "write hf-hub:owner/name"),
    ("readme --reference=/nowhere --readme=FILE", "must hold once each"),
    ("readme --readme=/nowhere.md", "/nowhere.md cannot be read: No such file"),
    ("readme --reference=/nowhere --readme=PAGE", "/nowhere/leaderboard.csv cannot be read: No such file"),
    ("readme --check --reference=/nowhere --readme=PAGE", "/nowhere/leaderboard.csv cannot be read"),
    ("readme --publish=/nowhere", "there is no results folder /nowhere"),
    ("readme --readme=.", "cannot be read: Is a directory"),
    ("show", "--run requires an argument. Usage: promptnoise show RUN"),
    ("show abc", "there is no results folder results"),
    ("show abc --out=RECORDS", "no run in RECORDS/runs has a key that begins with 'abc'"),
    ("export abc --to=FILE", "--to=FILE is a file; give a folder"),
    ("export abc --words=perhaps", "should be true or false"),
    ("compare results", "--b requires an argument. Usage: promptnoise compare A B"),
    ("compare . . --tolerance=nan", "--tolerance=nan should be a finite number"),
    ("compare . .", "neither records"),
    ("bench --out=FOREIGN", "FOREIGN/leaderboard.csv was not written by promptnoise"),
    ("bench --dry-run --out=FOREIGN", "FOREIGN/leaderboard.csv was not written by promptnoise"),
    ("bench --out=LOOP", "LOOP is a link that leads nowhere"),
    ("bench --dry-run --out=LOOP/out", "LOOP is a link that leads nowhere"),
    ("bench --dry-run --out=/dev/null/x", "/dev/null is a file"),
    ("bench --backbone=RN50/openai --cache=FILE", "the cache folder FILE cannot be written: "),
    ("bench --cache=", "--cache= is empty; it should be a path"),
    ("bench --noise=nan", "noise rate nan lies outside [0, 1]"),
    ("bench --noise=1e308", "noise rate 1e+308 lies outside [0, 1]"),
    ("bench --noise=-0.1", "noise rate -0.1 lies outside [0, 1]"),
    ("bench --noise=half", "noise: 'half' should be a number"),
    ("bench --noise=", "no rates given; name at least one"),
    ("bench --noise-type=symetric", "did you mean 'symmetric'"),
    ("bench --seeds=", "no seeds given"),
    ("bench --seeds=-1", "seed is -1, should be at least 0"),
    ("bench --seeds=1.5", "seeds: '1.5' should be a whole number"),
    ("bench --seeds=9223372036854775808", "should be below 2^63"),
    ("bench --shots=0", "shots is 0, should be at least 1"),
    ("bench --epochs=-1", "epochs is -1, should be at least 1"),
    ("bench --epochs=9223372036854775808", "should be below 2^63"),
    ("bench --pack=0", "pack is 0, should be at least 1"),
    ("bench --timeout=-1", "timeout is -1, should be a number of seconds"),
    ("bench --timeout=soon", "--timeout=soon should be a whole number"),
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
    ("bench --dry-run --datasets=folder:FILE", "FILE/train is not there"),
    ("bench --dry-run --datasets=hf:/nowhere", "/nowhere is not in "),
    ("bench --dry-run --datasets=dtd --data=FILE", "FILE/dtd/images is not there"),
    ("bench --backbone=", "no backbones given"),
    ("bench --backbone=ViT-B-32/", "names no weights; write NAME/tag"),
    ("bench --backbone=local-dir:FILE", "the folder FILE does not exist"),
    ("bench --devices=", "should be auto, cpu, cpu:2 or GPU numbers"),
    ("bench --devices=0,x", "should be auto, cpu, cpu:2 or GPU numbers"),
    ("bench --devices=cpu:x", "should be cpu:N with N workers"),
    ("report --out=LOOP", "there is no results folder LOOP"),
    ("report all --out=.", "report: Unused Tokens: ['all']"),
    ("sync --out=FILE --wandb=offline", "there is no results folder FILE"),
    ("sync --wandb=disabled", "--wandb=online or --wandb=offline turns it on"),
    ("fetch --datasets=nope", "unknown data set 'nope'"),
    ("fetch --datasets=folder:/nowhere", "/nowhere/train is not there"),
    ("fetch --backbone=local-dir:/nowhere", "the folder /nowhere does not exist"),
    ("show KEY --out=MISPLACED", "is left out: it belongs in MISPLACED/runs/flipped/"),
    ("export KEY --out=MISPLACED", "is left out: it belongs in MISPLACED/runs/flipped/"),
    ("export KEY --out=RECORDS --words=false", "kept nothing that was learned"),
    ("export KEY --out=RECORDS --to=FILE/x", "--to FILE/x cannot be written: "),
    ("show KEY --out=/nowhere", "there is no results folder /nowhere"),
    ("show ../x --out=RECORDS", "no run in RECORDS/runs has a key that begins with '../x'"),
    ("compare RECORDS /nowhere", "/nowhere has neither records of finished runs nor a leaderboard.csv"),
    ("compare FOREIGN FOREIGN", "FOREIGN/leaderboard.csv: not a leaderboard: it has no column 'dataset'"),
    ("compare a b c", "compare: Unused Tokens: ['c']"),
    ("readme --readme=BINARY", "BINARY is not text in UTF-8"),
    ("readme --reference=FOREIGN --readme=PAGE", "FOREIGN/leaderboard.csv: not a leaderboard"),
    ("readme --publish=RECORDS --reference=FILE", "the reference folder FILE cannot be written: "),
    ("list --datas=x", "list: Unknown option: --datas. Did you mean --data?"),
    ("speed --cases=", "no cases given; name at least one of text"),
    ("speed --out=FILE/x.csv", "the folder of --out FILE cannot be written: "),
    ("speed --threads=0", "threads is 0, should be at least 1"),
    ("speed --cases=tex", "unknown case 'tex': did you mean 'text'"),
    ("speed --rounds=0", "rounds is 0, should be at least 1"),
]


def furnish() -> None:
    """Files that the cases name, in the current folder."""
    from benchmark.commands.readme import BEGIN, END

    Path("FILE").write_text("text\n")
    Path("PAGE").write_text(f"{BEGIN}\n{END}\n")
    Path("BINARY").write_bytes(b"\xff\xfe\x00")
    Path("FOREIGN").mkdir()
    Path("FOREIGN/leaderboard.csv").write_text("mine\n")
    Path("LOOP").symlink_to("LOOP")
    for folder in ("RECORDS", "MISPLACED"):
        record = Store(Path(folder)).write(run(), result())
    Path("MISPLACED/runs/tilted").mkdir()
    record.rename(Path("MISPLACED/runs/tilted") / record.name)


@pytest.mark.parametrize(("line", "message"), CASES, ids=[line for line, _ in CASES])
def test_bad_input_is_one_line_with_what_would_be_right(
    line: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    furnish()
    before = sorted(tmp_path.rglob("*"))
    assert main(line.replace("KEY", run().key).split()) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("promptnoise: ")
    assert message in lines[0]
    assert sorted(tmp_path.rglob("*")) == before


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
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    furnish()
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


def test_a_fault_of_ours_is_one_line_that_names_the_file_with_its_traceback(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(options: object) -> int:
        raise KeyError("a\nb\x1b[31m")

    monkeypatch.setattr("benchmark.commands.list.main", fail)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert main(["list"]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "a fault of promptnoise: KeyError" in said and "\x1b" not in said
    file = Path(said.rpartition(" is in ")[2].strip())
    assert file.parent == tmp_path and "in fail" in file.read_text()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    assert main(["list"]) == 1
    assert "it arose in" in capsys.readouterr().err


def test_a_checkout_that_is_not_installed_works(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def absent(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", absent)
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("promptnoise (not installed), protocol")
    assert main(["bench", "--dry-run"]) == 0


def promptnoise(
    *words: str, code: str = "", environment: dict[str, str] | None = None, output: str | None = None
) -> subprocess.CompletedProcess[str]:
    """A process of the command line, after `code` has run in it."""
    program = f"import sys\nfrom benchmark.__main__ import main\n{code}\nsys.exit(main({list(words)!r}))"
    with open(output or os.devnull, "w") as file:  # noqa: PTH123
        return subprocess.run(
            [sys.executable, "-c", program], cwd=ROOT, env={**os.environ, **(environment or {})}, text=True,
            check=False, stdout=file if output else subprocess.PIPE, stderr=subprocess.PIPE, timeout=120,
        )  # fmt: skip


@pytest.mark.parametrize(("signal", "code", "word"), [("SIGINT", 130, "stopped"), ("SIGTERM", 143, "SIGTERM")])
@pytest.mark.parametrize("command", ["list", "report", "bench"])
def test_a_signal_ends_any_command_with_one_line(command: str, signal: str, code: int, word: str) -> None:
    kill = f"import signal, benchmark.commands.{command} as command\n"
    kill += f"command.main = lambda options: signal.raise_signal(signal.{signal})"
    done = promptnoise(command, code=kill)
    assert done.returncode == code
    assert done.stderr == f"promptnoise: {done.stderr[13:-1]}\n"
    assert word in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_signal_while_planning_ends_with_one_line() -> None:
    kill = "import signal\nfrom benchmark.plan.grid import Grid\n"
    kill += "Grid.runs = lambda self: signal.raise_signal(signal.SIGINT)"
    done = promptnoise("bench", "--dry-run", code=kill)
    assert done.returncode == 130
    assert len(done.stderr.splitlines()) == 1


def test_what_the_terminal_cannot_show_is_replaced(tmp_path: Path) -> None:
    done = promptnoise("bench", "--dry-run", f"--out={tmp_path}", environment={"PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0, done.stderr
    assert "digits ? 78 runs" in done.stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("words", [["list"], ["bench", "--dry-run"], ["--help"], ["--version"], ["bench", "--help"]])
def test_a_full_disk_behind_the_output_is_one_line(words: list[str]) -> None:
    done = promptnoise(*words, output="/dev/full")
    assert done.returncode == 1
    assert done.stderr == "promptnoise: No space left on device\n"


def test_a_user_without_a_home_folder_learns_what_to_set(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def unknown() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", unknown)
    assert main(["list"]) == 2
    assert "set HOME" in capsys.readouterr().err


def test_a_folder_that_begins_with_a_tilde_is_in_the_home_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "file").touch()
    assert main(["bench", "--dry-run", "--out=~/file"]) == 2
    assert f"{tmp_path / 'file'} is a file" in capsys.readouterr().err
    assert main(["bench", "--dry-run", "--datasets=dtd", "--data=~/images"]) == 2
    assert f"{tmp_path / 'images/dtd'}" in capsys.readouterr().err


def test_a_dry_run_says_what_it_did_not_look_at(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--dry-run", "--backbone=ViT-B-32/openai", "--devices=0,1"]) == 0
    printed = capsys.readouterr().out
    assert "not checked: whether open_clip can load ViT-B-32/openai; whether there are GPUs 0,1" in printed


def test_brackets_are_printed_as_they_were_typed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "a[b]"
    assert main(["bench", "--dry-run", "--methods=coop[n_ctx=3]", f"--out={out}"]) == 0
    assert "coop[n_ctx=3]" in capsys.readouterr().out
    (out / "runs").mkdir(parents=True)
    assert main(["report", f"--out={out}"]) == 0
    assert str(out / "report.html") in capsys.readouterr().out.replace("\n", "")
