"""Charts of the report page in a headless browser: what they show, and what can be downloaded."""

import xml.etree.ElementTree as ElementTree
from csv import reader
from pathlib import Path

import pytest

from benchmark.analysis.leaderboard import leaderboard, rows_of
from benchmark.analysis.results import Results
from benchmark.analysis.statistics import differences
from benchmark.records.store import Store
from benchmark.report.page.payload import payload
from tests.support.browser import ask
from tests.support.pages import PICK, campaign_store, page
from tests.support.records_factory import result, run


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return campaign_store(tmp_path_factory.mktemp("page"))


def test_every_table_and_chart_can_be_downloaded(store: Store, tmp_path: Path) -> None:
    found = ask(
        page(store),
        PICK
        + """
        pick("dataset", "flipped");
        const buttons = [...document.querySelectorAll("[data-downloads]")].map((place) =>
          [place.dataset.downloads, place.textContent]);
        openRun(DATA.runs.find((run) => run.labels));
        buttons.push(["run", byId("details").querySelector(".downloads").textContent]);
        const charts = ["accuracy", "forest", "training", "classes", "run"].map((name) => byId(`${name}-chart`));
        return {buttons, csv: tableCsv(byId("board")), tex: tableTex(byId("board")), runs: tableCsv(byId("runs")),
          points: chartCsv(charts[0]), forest: chartCsv(charts[1]), charts: charts.map((host) => chartSvg(host).text),
          formula: csv([["=1+1", 'a "b", c', null, -1]]), name: fileName("board"), odd: tex("a_b \\\\ ± 5 %")};
        """,
        tmp_path,
    )
    pictures = dict.fromkeys(("accuracy", "forest", "training", "classes", "run"), "Download PNGSVGCSV")
    assert dict(found["buttons"]) == pictures | dict.fromkeys(
        ("board", "published", "runs", "choices"), "Download CSVTeX"
    )
    board = leaderboard(store.load().records).set_index(["dataset", "noise", "rate", "method"])
    cells = [board.loc["flipped", "asymmetric", rate, "coop"] for rate in (0.0, 0.5)]
    head, *lines = list(reader(found["csv"].splitlines()))
    assert head == ["Method", "0 %", "0 % std", "50 %", "50 % std", "Drop", "Rank"]
    (coop,) = (line for line in lines if line[0] == "CoOp")
    wanted = [value for cell in cells for value in (cell["mean"], cell["std"])]
    assert [float(value) for value in coop[1:5]] == pytest.approx(wanted, abs=0.01)
    second, best = sorted(board.xs(("flipped", "asymmetric", 0.0))["mean"])[-2:]
    mark = {best: r"\textbf{%.2f}", second: r"\underline{%.2f}"}.get(cells[0]["mean"], "%.2f")
    assert rf"CoOp & {mark % cells[0]['mean']} $\pm$ {cells[0]['std']:.2f} &" in found["tex"]
    assert "zero-shot CLIP" in found["tex"] and found["tex"].startswith("\\begin{tabular}{lrrrr}")
    assert found["runs"].count("\n") == 1 + 3 * 2 * 2 + 2
    assert found["points"].splitlines()[0] == 'line,"wrong labels, %","test accuracy, %",std'
    assert found["forest"].splitlines()[0] == "method,difference,low,high,p_adjusted,pairs"
    for text in found["charts"]:
        assert "var(" not in text
        ElementTree.fromstring(text)
    assert found["formula"] == '\'=1+1,"a ""b"", c",,-1\n'
    assert found["name"] == "board-asymmetric-flipped"
    assert found["odd"] == r"a\_b \textbackslash{} $\pm$ 5 \%"


def test_of_many_methods_those_that_rank_low_are_grey_until_pointed_at(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for i in range(12):
        for rate in (0.0, 0.5):
            store.write(run(f"method{i}", rate=rate), result(80.0 - i - 10 * rate))
    found = ask(
        page(store),
        """
        const grey = () => [...document.querySelectorAll("#accuracy-chart polyline")]
          .filter((line) => line.style.stroke === "var(--faint)").map((line) => line.dataset.method).sort();
        const found = [grey(), byId("accuracy-note").textContent];
        document.querySelectorAll("#board tbody tr")[11].dispatchEvent(new PointerEvent("pointerenter"));
        return [...found, grey()];
        """,
        tmp_path,
    )
    assert found[0] == sorted(f"method{i}" for i in range(8, 12)) and "4 methods" in found[1]
    assert found[2] == ["method10", "method8", "method9"]


def test_hovering_a_chart_shows_the_values_there(store: Store, tmp_path: Path) -> None:
    found = ask(
        page(store),
        PICK
        + """
        pick("dataset", "digits");
        const tips = {};
        for (const id of ["accuracy-chart", "training-chart", "classes-chart"]) {
          const svg = document.querySelector(`#${id} svg`), box = svg.getBoundingClientRect();
          svg.dispatchEvent(new PointerEvent("pointermove", {clientX: box.right - 5, clientY: box.top + 50}));
          tips[id] = [...byId("tip").children].map((line) => line.textContent);
        }
        return tips;
        """,
        tmp_path,
    )
    board = leaderboard(store.load().records).set_index(["dataset", "noise", "rate", "method"])
    best = board.loc["digits", "asymmetric", 0.5, "gce[q=0.5]"]
    assert found["accuracy-chart"][:2] == [
        "50 % wrong labels",
        f"PromptGCE[q=0.5]{best['mean']:.2f} ± {best['std']:.2f}",
    ]
    assert found["training-chart"][0] == "epoch 10"
    assert found["classes-chart"][0] == "number 5 of 5"


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_sticks_out_sideways_on_a_phone_or_a_desktop(store: Store, tmp_path: Path, width: int) -> None:
    found = ask(
        page(store),
        """
        const out = [...document.querySelectorAll("main *, header *, form *")].filter((part) =>
          !part.closest(".scroll, svg") && part.getBoundingClientRect().right > innerWidth + 1);
        const names = out.map((part) => part.outerHTML.slice(0, 80));
        return {inner: innerWidth, scroll: document.documentElement.scrollWidth, out: names};
        """,
        tmp_path,
        width,
    )
    assert found == {"inner": width, "scroll": width, "out": []}


@pytest.mark.parametrize("width", [900, 1300])
def test_drop_and_rank_are_seen_without_scrolling_beside_standard_deviations(
    store: Store, tmp_path: Path, width: int
) -> None:
    found = ask(
        page(store),
        PICK
        + """
        pick("dataset", "flipped");
        const box = document.querySelector("#board").closest(".scroll");
        return [box.textContent.includes("±"), box.scrollWidth - box.clientWidth];
        """,
        tmp_path,
        width,
    )
    assert found == [True, 0]


def test_long_curves_are_thinned_to_their_first_last_and_some_between(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.write(run(), result(curves={"loss": [float(i) for i in range(1000)], "test_accuracy": [5.0]}))
    (curves,) = payload(Results.of(store.load().records), differences(rows_of([])), [], [])["runs"]["columns"]["curves"]
    assert len(curves["loss"]["x"]) == 20
    assert (curves["loss"]["x"][0], curves["loss"]["x"][-1]) == (1, 1000)
    assert curves["loss"]["y"] == [float(f"{x - 1:.3g}") for x in curves["loss"]["x"]]
    assert curves["test_accuracy"] == {"x": [1], "y": [5.0]}
