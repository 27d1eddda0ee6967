"""The report page in a headless browser."""

import xml.etree.ElementTree as ElementTree
from csv import reader
from pathlib import Path
from typing import Any

import pytest

from benchmark.records.failures import Failure
from benchmark.records.store import Store
from benchmark.report.blocks import blocks
from benchmark.report.campaign import Campaign
from benchmark.report.finding import finding
from benchmark.report.leaderboard import leaderboard, observations
from benchmark.report.page import build
from benchmark.report.page.data import payload
from benchmark.report.statistics import caveats, differences
from tests.support.browser import ask
from tests.support.records_factory import fill, result, run

PICK = """
  const pick = (name, value) => {
    const select = document.querySelector(`#filters select[name=${name}]`);
    select.value = value;
    select.dispatchEvent(new Event("change", {bubbles: true}));
  };
  const cells = (row) => [...row.children].map((cell) => cell.textContent);
  const rows = (id) => [...document.querySelectorAll(`#${id} tbody tr`)].map(cells);
  const column = (id, i) => rows(id).map((row) => row[i]);
  const click = (id, i) => document.querySelectorAll(`#${id} thead button`)[i].click();
"""


def page(store: Store, failures: list[Failure] | None = None, **more: Any) -> str:
    loaded = store.load()
    campaign = Campaign.of(*loaded)
    return build(campaign, differences(campaign.seen), caveats(campaign.seen), failures or [], **more)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    store = fill(tmp_path_factory.mktemp("page"), rates=(0.0, 0.5), seeds=(1, 2), kinds=("symmetric", "asymmetric"))
    for seed in (1, 2):
        work = run("coop", "dtd", rate=0.5, seed=seed, backbone="RN50/openai", epochs=200)
        store.write(work, result(50.0 + seed, work))
    return store


def test_the_page_filters_by_data_set_noise_and_backbone(store: Store, tmp_path: Path) -> None:
    found = ask(
        page(store),
        PICK
        + """
        const selects = [...document.querySelectorAll("#filters select")];
        const found = {start: selects.map((s) => s.value), mean: rows("board")};
        pick("dataset", "flipped");
        found.flipped = rows("board");
        found.lines = document.querySelectorAll("#accuracy-chart polyline").length;
        found.runs = rows("runs").length;
        pick("noise", "symmetric");
        found.symmetric = rows("board");
        pick("backbone", "RN50/openai");
        found.other = rows("board");
        found.datasets = [...document.querySelectorAll("#filters select[name=dataset] option")].map((o) => o.value);
        found.published = rows("published");
        dispatchEvent(new Event("resize"));
        found.forest = [byId("forest-chart").children.length, byId("forest-note").textContent];
        return found;
        """,
        tmp_path,
    )
    assert found["start"] == ["embedded", "16 shots, recipe embedded, fewshot", "asymmetric", "mean of all"]
    board = leaderboard(store.load().records).set_index(["dataset", "noise", "rate", "method"])["mean"]
    shown = {row[0]: row[1].split("±")[0] for row in found["flipped"]}
    assert shown == {
        m: f"{board['flipped', 'asymmetric', 0.0, m]:.2f}" for m in ("coop", "ce", "gce[q=0.5]", "zero_shot")
    }
    assert found["flipped"] != found["mean"]
    assert found["flipped"] != found["symmetric"]
    assert found["lines"] == 4
    assert found["runs"] == 3 * 2 * 2 + 2
    assert [row[0] for row in found["other"]] == ["coop"]
    assert found["datasets"] == ["dtd"]
    assert found["forest"] == [0, "No runs here can be paired with the reference method."]
    ((method, dataset, _, ours, theirs, gap, *_),) = found["published"]
    assert (method, dataset, ours) == ("coop", "dtd", "51.50")
    assert float(gap) == pytest.approx(51.5 - float(theirs), abs=0.06)


def test_tables_sort_runs_are_found_and_opened_and_methods_are_hidden(store: Store, tmp_path: Path) -> None:
    found = ask(
        page(store),
        PICK
        + """
        const found = {};
        click("board", 0);
        found.names = column("board", 0);
        click("board", 2);
        found.down = column("board", 2);
        click("board", 2);
        found.up = column("board", 2);
        found.state = document.querySelectorAll("#board thead th")[2].getAttribute("aria-sort");
        byId("find").value = "gce seed 2";
        byId("find").dispatchEvent(new Event("input"));
        found.hits = rows("runs").map((row) => [row[0], row[3]]);
        document.querySelector("#runs tbody tr").click();
        found.open = byId("details").open;
        found.details = byId("details").textContent;
        byId("details").close();
        [...document.querySelectorAll("#legend button")].find((b) => b.textContent === "ce").click();
        found.lines = [...document.querySelectorAll("#accuracy-chart polyline")].map((line) => line.dataset.method);
        return found;
        """,
        tmp_path,
    )
    assert found["names"] == ["ce", "coop", "gce[q=0.5]", "zero_shot"]
    assert [float(value) for value in found["down"]] == sorted(map(float, found["down"]), reverse=True)
    assert found["up"] == found["down"][::-1]
    assert found["state"] == "ascending"
    assert found["hits"] == [["gce[q=0.5]", "2"]] * 6
    assert found["open"]
    assert "promptnoise show" in found["details"]
    assert "0 of 80 training labels" in found["details"]
    assert sorted(found["lines"]) == ["coop", "gce[q=0.5]", "zero_shot"]


def test_the_page_begins_with_the_finding_and_the_order_of_the_average_rank(store: Store, tmp_path: Path) -> None:
    found = ask(
        page(store),
        PICK
        + """
        const state = () => ({verdict: byId("verdict").textContent, names: column("board", 0), rank: column("board", 4),
          note: byId("board-note").textContent, shown: byId("board").textContent.includes("±")});
        const found = {mean: state()};
        pick("dataset", "flipped");
        found.flipped = state();
        return found;
        """,
        tmp_path,
    )
    shown = {block.dataset: block for block in blocks(leaderboard(store.load().records)) if block.noise == "asymmetric"}
    for name, block in (("mean", shown[None]), ("flipped", shown["flipped"])):
        order = sorted(block.methods, key=lambda method: block.ranks[method])
        assert found[name]["names"] == order and found[name]["verdict"] == finding(block)
        assert found[name]["verdict"].startswith(f"{order[0]} ranks best: ")
        assert found[name]["rank"] == [f"{block.ranks[method]:.1f}" for method in order]
    assert [(state["shown"], "±" in state["note"]) for state in found.values()] == [(False, False), (True, True)]


@pytest.mark.parametrize(
    ("words", "hits"), [("50", 18), ("50 %", 18), ("0.5 ce", 6), ("gce seed 2", 6), ("seed 50", 18)]
)
def test_rates_and_seeds_are_found(store: Store, tmp_path: Path, words: str, hits: int) -> None:
    question = (
        f'byId("find").value = "{words}"; byId("find").dispatchEvent(new Event("input")); return rows("runs").length'
    )
    assert ask(page(store), PICK + question, tmp_path) == hits


def test_a_run_has_a_legend_the_commands_for_its_folder_and_its_address(store: Store, tmp_path: Path) -> None:
    keys = [record.key for record in store.load().records if record.run.method == "coop"]
    links = {key: f"https://wandb.example/runs/{key}" for key in keys} | {"other": "javascript:alert(1)"}
    found = ask(
        page(store, out=Path("my results"), links=links),
        """
        const found = [];
        for (const method of ["coop", "ce"]) {
          openRun(DATA.runs.find((run) => run.method === method && run.labels));
          const dialog = byId("details");
          found.push({legend: [...dialog.querySelectorAll(".legend span")].map((line) => line.textContent),
            dashes: [...dialog.querySelectorAll(".legend line")].map((line) => line.getAttribute("stroke-dasharray")),
            commands: [...dialog.querySelectorAll("code")].map((code) => code.textContent),
            links: [...dialog.querySelectorAll("a")].map((link) => link.href),
            key: dialog.querySelector("dd").textContent});
          dialog.close();
        }
        return {runs: found, links: Object.values(DATA.links)};
        """,
        tmp_path,
    )
    for run_found in found["runs"]:
        assert run_found["legend"] == ["test images", "training images, true labels", "training images, given labels"]
        assert len(set(run_found["dashes"])) == 3
        for command, shown in zip(("show", "export"), run_found["commands"], strict=True):
            assert shown == f"promptnoise {command} {run_found['key']} '--out=my results'"
    assert [run_found["links"] for run_found in found["runs"]] == [[links[found["runs"][0]["key"]]], []]
    assert all(link.startswith("https://") for link in found["links"])


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
    assert dict(found["buttons"]) == pictures | dict.fromkeys(("board", "published", "runs"), "Download CSVTeX")
    board = leaderboard(store.load().records).set_index(["dataset", "noise", "rate", "method"])
    cells = [board.loc["flipped", "asymmetric", rate, "coop"] for rate in (0.0, 0.5)]
    head, *lines = list(reader(found["csv"].splitlines()))
    assert head == ["Method", "0 %", "0 % std", "50 %", "50 % std", "Drop", "Rank"]
    (coop,) = (line for line in lines if line[0] == "coop")
    wanted = [value for cell in cells for value in (cell["mean"], cell["std"])]
    assert [float(value) for value in coop[1:5]] == pytest.approx(wanted, abs=0.01)
    assert rf"coop & \textbf{{{cells[0]['mean']:.2f}}} $\pm$ {cells[0]['std']:.2f} &" in found["tex"]
    assert r"zero\_shot" in found["tex"] and found["tex"].startswith("\\begin{tabular}{lrrrr}")
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
        f"gce[q=0.5]{best['mean']:.2f} ± {best['std']:.2f}",
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


def test_text_from_records_is_never_taken_for_markup(tmp_path: Path) -> None:
    store = Store(tmp_path)
    evil = "</script><script>faults.push('ran')</script><img src=x onerror=faults.push('img')>"
    for method in ("coop", "gce"):
        work = run(method, dataset=evil, noise=f"{evil}<!--<script>")
        store.write(work, result(50.0, work, hint=evil, status="diverged", classes=[evil] * 5))
    html = page(store, [Failure(run(), evil)])
    question = "document.querySelector('#runs tbody tr').click(); return [document.images.length, DATA.runs[0].dataset]"
    assert ask(html, question, tmp_path / "browser") == [0, evil]


def test_the_page_opens_without_records_and_with_records_that_lack_everything_optional(tmp_path: Path) -> None:
    empty = "return [byId('empty').hidden, byId('filters').hidden]"
    assert ask(page(Store(tmp_path / "none")), empty, tmp_path / "a") == [False, True]
    store = Store(tmp_path / "bare")
    store.write(run(noise="human", rate=None), {"status": "ok", "accuracy": 50.0})
    store.write(run(noise="none", rate=0.0), {"status": "ok", "accuracy": 60.0})
    question = (
        "document.querySelector('#runs tbody tr').click(); return document.querySelectorAll('#board tbody tr').length"
    )
    assert ask(page(store), question, tmp_path / "b") == 1


def test_the_page_names_nothing_outside_itself_and_is_the_same_for_the_same_records(store: Store) -> None:
    html = page(store)
    assert html == page(store)
    outside = html.replace("http://www.w3.org/2000/svg", "")
    assert "http://" not in outside
    assert "https://" not in outside
    assert "default-src 'none'" in html


def test_long_curves_are_thinned_to_their_first_last_and_some_between(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.write(run(), result(curves={"loss": [float(i) for i in range(1000)], "test_accuracy": [5.0]}))
    (curves,) = payload(Campaign.of(store.load().records), differences(observations([])), [], [])["runs"]["columns"][
        "curves"
    ]
    assert len(curves["loss"]["x"]) == 20
    assert (curves["loss"]["x"][0], curves["loss"]["x"][-1]) == (1, 1000)
    assert curves["loss"]["y"] == [float(f"{x - 1:.3g}") for x in curves["loss"]["x"]]
    assert curves["test_accuracy"] == {"x": [1], "y": [5.0]}
