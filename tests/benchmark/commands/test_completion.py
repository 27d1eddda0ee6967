"""TAB completes commands, options and names."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from benchmark.__main__ import main
from benchmark.commands import COMMANDS
from benchmark.commands.completion import SCRIPTS, words
from benchmark.plan import method_catalog, suites
from tests.support.zygote import python


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("promptnoise be", ["bench "]),
        ("promptnoise bench --me", ["--methods="]),
        ("promptnoise bench --methods=coop,em_", ["--methods=coop,em_means"]),
        ("promptnoise bench --methods=gce[q=0.5],em_", ["--methods=gce[q=0.5],em_means"]),
        ("promptnoise bench --methods em_", ["em_means"]),
        ("promptnoise bench --noise-ty", ["--noise_type="]),
        ("promptnoise bench --noise-type=sym", ["--noise-type=symmetric"]),
        ("promptnoise bench --datasets=digits,feat", ["--datasets=digits,features", "--datasets=digits,features:"]),
        ("promptnoise bench --datasets=coop", ["--datasets=coop11"]),
        ("promptnoise bench --backbone=emb", ["--backbone=embedded", "--backbone=embedded-vit"]),
        ("promptnoise bench --wandb=o", ["--wandb=online", "--wandb=offline"]),
        ("promptnoise bench --precision ", ["auto", "fp32", "bf16"]),
        ("promptnoise bench --dry", ["--dry_run "]),
        ("promptnoise bench --dry_run=", ["--dry_run=true", "--dry_run=false"]),
        ("promptnoise paper nlp", ["nlprompt"]),
        ("promptnoise predict pictures --wi", ["--with="]),
        ("promptnoise completion bash ", ["--line=", "--help "]),
        ("promptnoise completion bash --line=x --", ["--help "]),
        ("promptnoise bench --out=", []),
        ("promptnoise bench --out ", []),
        ("promptnoise merge res", []),
        ("promptnoise bensh --me", []),
    ],
)
def test_words_that_may_come_next(line: str, expected: list[str]) -> None:
    assert words(line) == expected


def test_every_command_method_and_suite_is_offered() -> None:
    assert words("promptnoise ") == [f"{name} " for name in COMMANDS]
    assert words("promptnoise bench --suite=") == [f"--suite={name}" for name in suites.known()]
    assert {f"--methods={name}" for name in method_catalog.methods()} < set(words("promptnoise bench --methods="))


def test_bash_completes() -> None:
    lines = {
        "promptnoise bench --methods=coop,em_": "promptnoise bench --methods = coop,em_",
        "promptnoise bench --noise_t": "promptnoise bench --noise_t",
    }
    asked = [
        f"COMP_LINE='{line}' COMP_POINT={len(line)} COMP_WORDS=({parts}) COMP_CWORD={parts.count(' ')}\n_promptnoise\n"
        "printf '%s\\n' \"${COMPREPLY[@]}\"\n"
        for line, parts in lines.items()
    ]
    setting = f'promptnoise() {{ {python()} -m benchmark "$@"; }}\nsource <(promptnoise completion bash)\n'
    done = subprocess.run(["bash", "-c", setting + "".join(asked)], capture_output=True, text=True)
    assert done.stdout.split("\n") == ["coop,em_means", "--noise_type=", ""], done.stderr


@pytest.mark.parametrize("shell", SCRIPTS)
def test_the_script_for_a_shell_is_one_that_it_reads(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert f"completion {shell} --line=" in script
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    assert subprocess.run([shell, "-n"], input=script, text=True).returncode == 0


def test_fish_gets_no_blanks_and_zsh_the_whole_word(capsys: pytest.CaptureFixture[str]) -> None:
    main(["completion", "fish", "--line=promptnoise be"])
    main(["completion", "zsh", "--line=promptnoise bench --suite=qu"])
    main(["completion", "bash", "--line=promptnoise bench --suite=qu"])
    assert capsys.readouterr().out == "bench\n--suite=quick\nquick\n"
