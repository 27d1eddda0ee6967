"""The report page in a headless browser: filters, tables, runs, and text that stays text."""

from pathlib import Path

import pytest

from benchmark.analysis.leaderboard import leaderboard
from benchmark.plan.method_names import printed
from benchmark.records.failures import Failure
from benchmark.records.store import Store
from benchmark.report.blocks import blocks
from benchmark.report.headline import result_of
from tests.support.browser import ask
from tests.support.pages import PICK, campaign_store, page
from tests.support.records_factory import result, run


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return campaign_store(tmp_path_factory.mktemp("page"))


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
        printed(m): f"{board['flipped', 'asymmetric', 0.0, m]:.2f}"
        for m in ("coop", "linear_probe", "gce[q=0.5]", "zero_shot")
    }
    assert found["flipped"] != found["mean"]
    assert found["flipped"] != found["symmetric"]
    assert found["lines"] == 4
    assert found["runs"] == 3 * 2 * 2 + 2
    assert [row[0] for row in found["other"]] == ["CoOp"]
    assert found["datasets"] == ["dtd"]
    assert found["forest"] == [0, "No runs here can be paired with the reference method."]
    ((method, dataset, _, ours, theirs, gap, *_),) = found["published"]
    assert (method, dataset, ours) == ("CoOp", "dtd", "51.50")
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
        [...document.querySelectorAll("#legend button")].find((b) => b.textContent === "linear probe").click();
        found.lines = [...document.querySelectorAll("#accuracy-chart polyline")].map((line) => line.dataset.method);
        return found;
        """,
        tmp_path,
    )
    assert found["names"] == ["CoOp", "PromptGCE[q=0.5]", "linear probe", "zero-shot CLIP"]
    assert [float(value) for value in found["down"]] == sorted(map(float, found["down"]), reverse=True)
    assert found["up"] == found["down"][::-1]
    assert found["state"] == "ascending"
    assert found["hits"] == [["PromptGCE[q=0.5]", "2"]] * 6
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
        assert found[name]["names"] == [*map(printed, order)] and found[name]["verdict"] == result_of(block)
        assert found[name]["verdict"].startswith(f"{printed(order[0])} ranks best: ")
        assert found[name]["rank"] == [f"{block.ranks[method]:.1f}" for method in order]
    assert [(state["shown"], "±" in state["note"]) for state in found.values()] == [(False, False), (True, True)]


@pytest.mark.parametrize(
    ("words", "hits"), [("50", 18), ("50 %", 18), ("0.5 probe", 6), ("gce seed 2", 6), ("seed 50", 18)]
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
        for (const method of ["coop", "linear_probe"]) {
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


def test_text_from_records_is_never_taken_for_markup(tmp_path: Path) -> None:
    store = Store(tmp_path)
    evil = "</script><script>faults.push('ran')</script><img src=x onerror=faults.push('img')>"
    for method in ("coop", "gce"):
        work = run(method, dataset=evil, noise=f"{evil}<!--<script>")
        store.write(work, result(50.0, work, hint=evil, status="diverged", classes=[evil] * 5))
    html = page(store, [Failure(run(), evil, run().key)])
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
