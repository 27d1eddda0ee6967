"""LaTeX tables: what a compiler would check, and the numbers, marks and names that readers see."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from benchmark.__main__ import main
from benchmark.analysis.by_method import spreads
from benchmark.analysis.results import Results
from benchmark.analysis.statistics import differences
from benchmark.records.record import Record
from benchmark.records.store import Store
from benchmark.report import latex
from tests.support.records_factory import fill, result, run

#: The commands that the tables may use; all are LaTeX's own, booktabs' or graphicx's.
KNOWN = set(re.findall(r"\w+", """
    begin end caption label centering toprule midrule bottomrule addlinespace multicolumn textit textbf underline
    scriptsize pm dagger ddagger star resizebox textwidth textbackslash textasciicircum textasciitilde textless
    textgreater textbar"""))  # fmt: skip


def tex_of(records: list[Record], reference: str = "coop", methods: tuple[str, ...] = ()) -> str:
    everything = Results.of(records)
    shown = Results.of(r for r in records if r.run.method in methods or not methods)
    return latex.tables(shown.board, spreads(shown.seen), differences(everything.seen, reference), reference)


def check(tex: str) -> list[str]:
    """What would stop a compiler, or print something else than is meant."""
    wrong = []
    body = "\n".join(line for line in tex.splitlines() if not line.startswith("%"))
    bare = re.sub(r"\\[_%&#${}\\,]", lambda found: "\n" if found[0] == r"\\" else "", body)
    depth = 0
    for sign in bare:
        depth += (sign == "{") - (sign == "}")
        if depth < 0:
            wrong.append("} without {")
    wrong += ["{ without }"] * (depth != 0) + ["$ without $"] * (bare.count("$") % 2)
    outside = "".join(bare.split("$")[::2])
    wrong += [f"bare {sign}" for sign in "_^#~" if sign in re.sub(r"\\label\{[^}]*\}", "", outside)]
    wrong += [f"bare % in {line}" for line in bare.splitlines() if "%" in line.rstrip("%")]
    wrong += [f"unknown {name}" for name in set(re.findall(r"\\([A-Za-z]+)", body)) - KNOWN]
    wrong += [f"not ASCII: {sign}" for sign in set(body) if ord(sign) > 127 and not sign.isalpha()]
    begun, ended = (re.findall(rf"\\{word}\{{([a-z*]+)\}}", body) for word in ("begin", "end"))
    wrong += ["environments"] * (sorted(begun) != sorted(ended))
    for spec, rows in re.findall(r"\\begin\{tabular\}\{(l?r*)\}\n(.*?)\\end\{tabular\}", body, re.S):
        assert rows.count("\\toprule") == rows.count("\\bottomrule") == 1
        for row in re.findall(r"^(.*) \\\\$", rows, re.M):
            cells = row.replace(r"\&", "").count("&") + 1
            across = re.match(r"\\multicolumn\{(\d+)\}", row)
            if (int(across[1]) if across else cells) != len(spec):
                wrong.append(f"{cells} cells in {len(spec)} columns: {row}")
            if row[:1] in "[*":
                wrong.append(f"an argument of the row before: {row}")
    labels = re.findall(r"\\label\{(.*?)\}", body)
    return wrong + ["labels"] * (len(set(labels)) != len(labels) or len(labels) != body.count(r"\caption"))


def test_one_table_a_kind_of_noise_over_the_mean_and_one_with_each_data_set(tmp_path: Path) -> None:
    tex = tex_of(fill(tmp_path, seeds=(1, 2, 3), kinds=("symmetric", "asymmetric")).load().records)
    assert check(tex) == []
    labels = re.findall(r"\\label\{(.*?)\}", tex)
    assert labels == [f"tab:{kind}{more}" for kind in ("asymmetric", "symmetric") for more in ("", "-datasets")]
    assert r"\multicolumn{5}{l}{\textit{prompt}} \\" in tex and r"\textit{50 \% wrong labels}" in tex
    assert r"Test accuracy (\%), mean of 3 data sets: symmetric noise, embedded, 16 shots" in tex
    assert r"mean $\pm$ standard deviation over 3 seeds" in tex


def test_numbers_are_the_leaderboards_and_the_means_spread_is_that_of_each_seeds_mean(tmp_path: Path) -> None:
    store = fill(tmp_path, seeds=(1, 2, 3))
    records = store.load().records
    mine = [r for r in records if r.run.method == "coop" and r.run.rate == 0.5]
    means = [np.mean([r.accuracy for r in mine if r.run.seed == seed]) for seed in (1, 2, 3)]
    tex = tex_of(records)
    cell = f"{np.mean(means):.2f}" + rf"\,{{\scriptsize$\pm$\,{np.std(means, ddof=1):.2f}}}"
    assert "CoOp & " in tex and cell in tex
    one = [r.accuracy for r in mine if r.run.dataset == "digits"]
    assert f"{np.mean(one):.2f}" + rf"\,{{\scriptsize$\pm$\,{np.std(one, ddof=1):.2f}}}" in tex


def test_a_star_marks_what_differs_from_the_reference(tmp_path: Path) -> None:
    records = fill(tmp_path, seeds=(1, 2, 3, 4, 5)).load().records
    lines = [line for line in tex_of(records).split(r"\label{tab:symmetric-datasets}")[0].splitlines() if "&" in line]
    (gce,) = (line for line in lines if line.startswith("PromptGCE"))
    (coop,) = (line for line in lines if line.startswith("CoOp"))
    assert gce.split("&")[4].count("star") == 1 and "star" not in coop
    assert r"$^\star$ differs from CoOp" in tex_of(records)
    assert "*" not in re.sub(
        r"table\*", "", tex_of([r for r in records if r.run.seed < 3 and r.run.dataset == "digits"])
    )


def test_rows_are_selected_and_ranked_among_themselves(tmp_path: Path) -> None:
    records = fill(tmp_path, seeds=(1, 2, 3, 4, 5)).load().records
    tex = tex_of(records, methods=("zero_shot", "linear_probe"))
    assert check(tex) == [] and "CoOp &" not in tex and "PromptGCE" not in tex
    assert "differs from CoOp" in tex, "the reference need not be shown"
    assert tex.count(r"\textbf") == tex_of(records).count(r"\textbf")


@pytest.mark.parametrize(
    "name", ["a_b%c&d#e$f{g}h~i^j\\k", "[a]<b>|c", "*x*", "a\n\\input{x}", "x[weights=/home/me/w_1.pt]"]
)
def test_names_are_escaped_and_no_folder_of_a_path_is_told(tmp_path: Path, name: str) -> None:
    store = Store(tmp_path)
    datasets = [
        "folder:/home/me/secret place/a_b&c",
        "folder:/srv/me/secret place/a_b&c",
        "folder:/x/y/a_b&c[split=0.2]",
    ]
    for dataset in datasets:
        for noise, rate in (("none", 0.0), ("human[labels=worse]", None), ("matrix[file=/home/me/T.csv]", 0.5)):
            store.write(run(name, dataset, noise, rate), result(70.0, noise={"realised": 0.3}))
    tex = tex_of(store.load().records)
    assert check(tex) == []
    assert "/home" not in tex and "/srv" not in tex and "secret" not in tex.replace(r"secret place/a\_b", "")
    assert "\n\\input" not in tex


def test_marks_of_runs_that_went_wrong_stand_behind_their_cells(tmp_path: Path) -> None:
    store = Store(tmp_path)
    flat = {"loss": [2.0, 1.55], "train_accuracy_given": [40.0, 33.0]}
    store.write(run(), result(20.0, curves=flat))
    store.write(run("gce"), result(4.0, status="diverged"))
    tex = tex_of(store.load().records)
    assert check(tex) == []
    assert r"\textbf{20.00}$^\ddagger$" in tex and r"\underline{4.00}$^\dagger$" in tex
    assert r"$^\dagger$ some runs diverged." in tex.replace("Some", "some")


def test_no_records_give_no_table() -> None:
    assert tex_of([]) == latex.HEAD


def test_the_check_itself_finds_what_a_compiler_would() -> None:
    good = """\\begin{table}
\\caption{a \\% b}
\\label{tab:a}
\\begin{tabular}{lr}
\\toprule
a & 1 \\\\
\\bottomrule
\\end{tabular}
\\end{table}
"""
    assert check(good) == []
    for old, news in {
        "a &": ["a_b &", "[a &", "a# &"], "& 1": ["& 1 & 2", "& $1", "& {1", "& 1~2", "& 1}"],
        "a \\%": ["a %", "\\foo{}"], "\\end{table}": [""],
    }.items():  # fmt: skip
        for new in news:
            assert check(good.replace(old, new)), new


def test_report_for_a_paper_writes_tables_and_pictures_and_leaves_the_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = fill(tmp_path, rates=(0.0, 0.5), seeds=(1, 2)).out
    assert main(["report", f"--out={out}"]) == 0
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file() and path.name != ".promptnoise.json"}
    assert main(["report", f"--out={out}", "--for=paper", "--methods=coop,linear_probe"]) == 0
    assert {path: path.read_bytes() for path in before} == before
    made = {path.name: path.read_bytes() for path in (out / "paper").iterdir()}
    assert {"tables.tex", "accuracy-symmetric.pdf", "accuracy-symmetric.svg", "heatmap-symmetric.pdf"} <= made.keys()
    assert "CoOp" in made["tables.tex"].decode() and "PromptGCE" not in made["tables.tex"].decode()
    assert "open" in capsys.readouterr().out
    assert main(["report", f"--out={out}", "--methods=dspt"]) == 2
    assert (
        "there are no runs of dspt; there are of coop, gce[q=0.5], linear_probe, zero_shot" in capsys.readouterr().err
    )
