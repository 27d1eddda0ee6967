"""What the terminal and the README show of the tables, whatever names the records hold."""

import io
import re
from csv import reader
from pathlib import Path

import pytest

from benchmark.analysis.leaderboard import from_csv, leaderboard
from benchmark.analysis.results import Results
from benchmark.commands import readme
from benchmark.errors import BadInput
from benchmark.records.failures import Failure
from benchmark.records.record import Record
from benchmark.records.store import Store
from benchmark.report import table_files, terminal
from benchmark.report.blocks import blocks
from benchmark.report.markup import markdown
from benchmark.screen import Screen
from tests.support.records_factory import fill, result, run
from tests.support.terminal import shown


def test_the_terminal_fits_100_columns_marks_the_best_and_shows_what_is_missing(records: list[Record]) -> None:
    lines = [line.rstrip() for line in shown(records).splitlines()]
    assert max(map(len, lines)) <= 100
    flipped = lines[lines.index("flipped") + 1 :][:3]
    assert flipped[0].split()[:2] == ["zero-shot", "CLIP"]
    assert flipped[1].split() == ["PromptGCE[q=0.5]", "80.00", "±", "0.00", "78.50", "±", "0.71*", "1.5"]
    assert flipped[2].split() == ["CoOp", "81.00", "±", "1.41*", "42.00", "±", "2.83", "39.0"]
    assert lines[lines.index("mean of 2 data sets") + 2].split() == ["PromptGCE[q=0.5]", "75.25", "-"]


def test_a_table_of_one_seed_says_that_small_differences_mean_nothing(records: list[Record]) -> None:
    words = "one seed: differences of a few points are not significant"
    first = min(record.run.seed for record in records)
    assert words in shown([record for record in records if record.run.seed == first])
    assert words not in shown(records)


def test_many_rates_still_fit_the_terminal(tmp_path: Path) -> None:
    records = fill(tmp_path, rates=tuple(i / 8 for i in range(8)), seeds=(1, 2)).load().records
    text = shown(records)
    assert max(len(line.rstrip()) for line in text.splitlines()) <= 100
    assert "87.5 %" in text
    assert "…" not in text


def test_failed_and_diverged_runs_are_named_with_their_cause(store: Store) -> None:
    store.write(run("dspt"), result(4.0, status="diverged", hint="loss not finite at epoch 3"))
    text = shown(store.load().records, [Failure(run("mae"), "RuntimeError: [Errno 28] no space", run("mae").key)])
    assert f"{run('dspt')}: loss not finite at epoch 3" in text
    assert "†4.00" in text
    assert f"{run('mae')}: RuntimeError: [Errno 28] no space" in text


def test_the_readme_is_rewritten_between_its_markers_only_and_a_difference_is_seen(
    store: Store, records: list[Record]
) -> None:
    table_files.write_all(Results.of(records), store.out)
    page = store.out / "README.md"
    page.write_text(f"# Title\n{readme.BEGIN}\nold\n{readme.END}\nthe rest\n")
    assert not readme.is_current(page, store.out)
    assert readme.rewrite(page, store.out)
    assert not readme.rewrite(page, store.out)
    assert readme.is_current(page, store.out)
    text = page.read_text(encoding="utf-8")
    assert text.startswith(f"# Title\n{readme.BEGIN}\n**Mean of 2 data sets: symmetric noise")
    assert text.endswith(f"{readme.END}\nthe rest\n")
    assert "| CoOp | **75.75** | <u>49.50</u> |" in text
    assert "old" not in text


@pytest.mark.parametrize("text", ["nothing", f"{readme.END} {readme.BEGIN}", readme.BEGIN])
def test_a_readme_without_markers_is_refused(store: Store, records: list[Record], text: str) -> None:
    table_files.write_all(Results.of(records), store.out)
    with pytest.raises(BadInput, match="must hold once each"):
        readme.rewritten(text, store.out)


HOSTILE = ["=1+1", "@x", "-x", "+x", "a|b", "[x](y)", r"a\b", "a^b", "~x~", "a\n\\input{x}", "*x*", "[/red]", ":smile:"]


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_harmless_in_csv_markdown_and_the_terminal(tmp_path: Path, name: str) -> None:
    store = Store(tmp_path)
    store.write(run(name, dataset=name), result(70.0, run(name)))
    campaign = Results.of(*store.load())
    texts = table_files.texts(campaign.board)
    for csv in (text for file, text in texts.items() if file.endswith(".csv")):
        for row in reader(csv.splitlines()):
            assert not any(cell[:1] in tuple("=+-@") for cell in row)
    back = from_csv(texts["leaderboard.csv"])
    assert back["method"].tolist() == [name]
    (block,) = blocks(campaign.board)
    (line,) = [line for line in markdown(block).splitlines() if "70.00" in line]
    assert len(re.findall(r"(?<!\\)\|", line)) == 3
    assert not re.search(r"(?<!\\)\]\(", line)
    console = Screen(width=100, file=io.StringIO())
    terminal.show(campaign, console)
    assert name.split("\n")[0] in console.file.getvalue()  # type: ignore[attr-defined]


def test_a_collapsed_run_is_counted_and_explained(tmp_path: Path) -> None:
    store = Store(tmp_path)
    flat = {"loss": [2.0, 1.55], "train_accuracy_given": [40.0, 33.0]}  # log 5 is 1.61; chance 20 + 13 for 80 images
    store.write(run(), result(20.0, curves=flat))
    store.write(run("gce"), result(20.0, curves={**flat, "loss": [0.9, 0.8]}))
    store.write(run("linear_probe"), result(20.0, curves={**flat, "train_accuracy_given": [20.0, 50.0]}))
    store.write(run("dspt"), result(20.0, curves={**flat, "train_accuracy_true": [20.0, 50.0]}))
    board = leaderboard(store.load().records).set_index("method")
    assert board["collapsed"].to_dict() == {"coop": 1, "gce": 0, "linear_probe": 0, "dspt": 0}
    (block,) = blocks(board.reset_index())
    assert "20.00**‡" in markdown(block) and "‡ some runs collapsed" in markdown(block)
