"""Pictures: drawn from records, readable, the same each time."""

import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from itertools import combinations, product
from pathlib import Path

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from benchmark.analysis.leaderboard import leaderboard
from benchmark.analysis.results import Results
from benchmark.plan.method_names import printed
from benchmark.records.paths import slug
from benchmark.records.record import Record
from benchmark.records.store import Store
from benchmark.report import table_files
from benchmark.report.blocks import blocks
from benchmark.report.headline import result_of
from benchmark.report.palette import COLOURS, FAINT, GREY, contrast, ink, line_styles
from benchmark.report.pictures import draw_all
from benchmark.report.pictures.accuracy import against_noise
from benchmark.report.pictures.campaign_pictures import figures
from benchmark.report.pictures.epochs import GRADIENTS, over_epochs
from benchmark.report.pictures.heat_map import heat_map
from benchmark.report.pictures.hidden_lines import move_apart
from benchmark.report.pictures.image_files import render
from benchmark.report.pictures.ranks import groups
from benchmark.report.pictures.style import panels, styled, title
from tests.support.records_factory import fill, result, run


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> list[Record]:
    return fill(tmp_path_factory.mktemp("records"), rates=(0.0, 0.5), seeds=(1, 2)).load().records


def drawn(records: list[Record]) -> dict[str, bytes]:
    return draw_all(Results.of(records))


def test_every_picture_is_there_as_png_and_svg_and_drawing_again_changes_no_byte(records: list[Record]) -> None:
    first, again = (drawn(own) for own in (records, records[::-1]))
    kinds = ("accuracy", "heatmap", "gradients", "memorisation", "classes")
    assert set(first) == {f"plots/{kind}-symmetric.{ending}" for kind in kinds for ending in ("png", "svg")}
    assert first == again
    for name, content in first.items():
        if name.endswith("png"):
            assert content.startswith(b"\x89PNG")
        else:
            ElementTree.fromstring(content)


def test_the_curves_are_the_leaderboards_numbers(records: list[Record]) -> None:
    board = leaderboard(records)
    with styled():
        figure = against_noise(board, sorted(board["method"].unique()))
    titles = [axis.get_title(loc="left") for axis in figure.axes]
    assert titles == ["mean of 3 data sets", "digits", "flipped", "tilted"]
    (line,) = (line for line in figure.axes[2].lines if line.get_label() == "CoOp")
    rows = board[(board["dataset"] == "flipped") & (board["method"] == "coop")]
    np.testing.assert_allclose(line.get_xydata(), np.stack([[0.0, 50.0], rows["mean"]], axis=1))
    methods = [method for method in sorted(board["method"].unique()) if method != "zero_shot"]
    (bands,) = figure.axes[2].collections
    error = rows["std"] / rows["seeds"] ** 0.5
    above, below = rows["mean"] + error, rows["mean"] - error
    corners = [[0.0, above.iloc[0]], [50.0, above.iloc[1]], [50.0, below.iloc[1]], [0.0, below.iloc[0]]]
    np.testing.assert_allclose(bands.get_paths()[methods.index("coop")].vertices[:4], corners)
    (line,) = (line for line in figure.axes[2].lines if line.get_label() == "zero-shot CLIP")
    assert line.get_ydata()[0] == 66.0


def texts(figure: Figure) -> list[tuple[str, Bbox]]:
    """The texts of a figure and where they stand, in pixels, once it has been laid out and written."""
    render(figure)
    renderer = FigureCanvasAgg(figure).get_renderer()
    shown = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
    ticks = {
        label
        for axis in figure.axes
        for side in (axis.xaxis, axis.yaxis)
        for tick in side.get_major_ticks()
        for label in (tick.label1, tick.label2)
        if not side.get_view_interval()[0] <= tick.get_loc() <= side.get_view_interval()[1]
    }
    return [(text.get_text(), text.get_window_extent(renderer)) for text in shown if text not in ticks]


@pytest.mark.parametrize("count", [1, pytest.param(4, marks=pytest.mark.slow), 7])
def test_nothing_is_cut_off_and_names_at_lines_ends_do_not_overlap(tmp_path: Path, count: int) -> None:
    names = {f"folder:/somebody/data/{'set' * 3}{i}[name=pets {i}]": 40.0 for i in range(count)}
    store = fill(tmp_path, datasets=names, rates=(0.0, 0.125, 0.25, 0.375, 0.5, 0.75), seeds=(1,))
    close = ("upl[loss=gce,select=random]", "dspt", "mae")
    for method, rate, dataset in product(close, (0.0, 0.75), names):
        store.write(run(method, dataset, rate=rate), result(30.0))
    with styled():
        for name, figure in figures(Results.of(store.load().records)).items():
            assert figure is not None
            found = texts(figure)
            width, height = figure.get_size_inches() * figure.dpi
            for text, box in found:
                assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width and box.y1 <= height, (name, text)
            if name.startswith("accuracy"):
                drawn = [printed(method) for method in (*close, "coop", "linear_probe", "gce[q=0.5]", "zero_shot")]
                ends = [box for text, box in found if text in drawn]
                assert len(ends) == 7
                assert not any(a.overlaps(b) for a, b in combinations(ends, 2))
                assert {f"pets {i}" for i in range(count)} <= {text for text, _ in found}


def test_pictures_say_their_finding_the_noise_rate_and_what_was_averaged(records: list[Record]) -> None:
    campaign = Results.of(records)
    drawn_figures = figures(campaign)
    said = {
        name: " ".join(text.get_text() for text in figure.texts) for name, figure in drawn_figures.items() if figure
    }
    (block,) = (block for block in blocks(campaign.board) if block.dataset is None)
    assert result_of(block) in said["accuracy-symmetric"] and "2 seeds" in said["accuracy-symmetric"]
    for name in ("gradients", "memorisation"):
        assert said[f"{name}-symmetric"] == "50 % wrong labels, symmetric noise; mean over 3 data sets and 2 seeds"
    assert said["classes-symmetric"] == "50 % wrong labels, symmetric noise; mean over 2 seeds"


def test_of_many_methods_the_eight_with_the_best_average_rank_are_in_colour(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for i in range(12):
        store.write(run(f"method{i}"), result(80.0 - i))
    campaign = Results.of(store.load().records)
    with styled():
        figure = figures(campaign)["accuracy-symmetric"]
    assert figure is not None
    named = {str(line.get_label()) for line in figure.axes[0].lines if not str(line.get_label()).startswith("_")}
    assert named == {f"method{i}" for i in range(8)}
    assert sum(line.get_color() == FAINT for line in figure.axes[0].lines) == 4
    words = " ".join(text.get_text() for text in figure.texts)
    assert "the 4 methods with a lower average rank in grey" in words


def test_ticks_of_measured_rates_are_rounded(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.write(run(noise="human", rate=None), result(60.0, noise={"realised": 0.40625, "wrong": 13, "images": 32}))
    figure = against_noise(leaderboard(store.load().records), ["coop"])
    assert [tick.get_text() for tick in figure.axes[0].get_xticklabels()] == ["40.6"]


def test_a_panel_shows_the_end_of_a_name_that_is_too_long_for_it() -> None:
    _, (axis,) = panels(1)
    title(axis, "folder:/data/" + "x" * 40 + "/pets")
    assert "".join(axis.get_title(loc=side) for side in ("left", "center")) == "…" + "x" * 22 + "/pets"


def test_a_measured_rate_is_drawn_where_it_was_measured(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for seed, realised in ((1, 0.2), (2, 0.4)):
        work = run(noise="human", rate=None, seed=seed)
        store.write(work, result(60.0, work, noise={"realised": realised, "wrong": 1, "images": 5}))
    figure = against_noise(leaderboard(store.load().records), ["coop"])
    assert figure.axes[0].lines[0].get_xdata().tolist() == pytest.approx([30.0])


def test_labels_whose_noise_nobody_knows_stand_in_the_tables_but_not_on_the_axis(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.write(run(noise="human", rate=None), result(60.0, noise={"realised": None, "wrong": None, "images": 5}))
    assert against_noise(leaderboard(store.load().records), ["coop"]).axes[0].lines[:] == []
    store.write(run(noise="none", rate=0.0), result(70.0))
    assert against_noise(leaderboard(store.load().records), ["coop"]).axes[0].lines[0].get_ydata().tolist() == [70.0]


def test_the_heat_map_writes_each_number_and_shows_what_is_missing(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for method, dataset, accuracy in (("coop", "dtd", 41.0), ("coop", "ucf101", 52.0), ("gce", "dtd", 63.0)):
        store.write(run(method, dataset), result(accuracy))
    texts = [text.get_text() for text in heat_map(leaderboard(store.load().records)).axes[0].texts]
    assert texts == ["63.0", "-", "41.0", "52.0"]


def test_a_method_looks_the_same_whatever_noise_it_meets_and_no_two_look_alike() -> None:
    names = [f"method{i}" for i in range(25)] + ["zero_shot"]
    look = line_styles(names)
    assert look == line_styles(names[::-1])
    assert len(set(look.values())) == len(names)


def test_the_colour_of_a_method_does_not_depend_on_the_others_and_a_variant_has_its_method_s() -> None:
    others = [f"method{i}" for i in range(25)]
    for name in ("coop", "gce", "grip", "my_plug_in"):
        alone = line_styles([name])[name]
        assert line_styles([name, *others])[name].colour == alone.colour
        variant = line_styles([name, f"{name}[q=0.5]"])[f"{name}[q=0.5]"]
        assert variant.colour == alone.colour and variant.dash != alone.dash
    default = ("linear_probe", "coop", "dspt", "gce", "mae", "upl", "em_means", "nlprompt")
    styles = line_styles(default)
    assert [styles[name] for name in default] == [line_styles([name])[name] for name in default]
    assert all(line_styles([*default, *others])[name].colour == styles[name].colour for name in default)
    assert len({styles[name].colour for name in default}) == len(default)


def test_a_bar_of_the_rank_diagram_joins_what_cannot_be_told_apart() -> None:
    ranks = [1.0, 1.5, 3.0, 3.2, 6.0]
    bars = groups(ranks, 1.6)
    joined = {(a, b) for a in ranks for b in ranks if any(low <= a <= high and low <= b <= high for low, high in bars)}
    assert {(a, b) for a in ranks for b in ranks if a != b and abs(a - b) < 1.6} <= joined
    assert all(high - low < 1.6 for low, high in bars)
    assert groups([1.0, 1.0], 0.5) == []


def test_ranks_over_enough_data_sets_get_a_diagram(tmp_path: Path) -> None:
    datasets = {f"set{i}": 50.0 for i in range(5)}
    records = fill(tmp_path, rates=(0.5,), seeds=(1,), datasets=datasets).load().records
    assert figures(Results.of(records))["ranks-symmetric"] is not None


def test_one_run_without_curves_or_noise_is_enough_for_a_picture(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.write(run(noise="none", rate=0.0), {"status": "ok", "accuracy": 50.0})
    assert set(drawn(store.load().records)) == {
        f"plots/{kind}-none.{ending}" for kind in ("accuracy", "heatmap") for ending in ("png", "svg")
    }
    assert drawn([]) == {}


def test_settings_of_one_campaign_do_not_overwrite_each_other(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for backbone in ("embedded", "ViT-B-16/openai"):
        store.write(run(backbone=backbone), result())
    names = {name for name in figures(Results.of(store.load().records)) if name.startswith("accuracy")}
    plain = "accuracy-symmetric-embedded-16shots-embedded-fewshot"
    assert names == {plain, f"accuracy-{slug('symmetric-ViT-B-16/openai-16shots-embedded-fewshot')}"}


def test_names_that_differ_in_signs_alone_have_pictures_and_tables_of_their_own(tmp_path: Path) -> None:
    store = Store(tmp_path)
    places = ("a/b", "a-b", "a:b", "a b", "a_b", "a-b-")
    for place in places:
        store.write(run(dataset=f"folder:/{place}"), result())
        store.write(run(backbone=f"local-dir:/{place}"), result())
    campaign = Results.of(store.load().records)
    assert len([name for name in figures(campaign) if name.startswith("accuracy-")]) == len(places) + 1
    found = [name for name in table_files.texts(campaign.board) if name.startswith("tables/")]
    assert len(found) == len(places) + 1
    assert all(name.count("/") == 1 for name in found)


def test_tables_and_pictures_need_no_torch_and_no_window_system() -> None:
    script = (
        "import sys, benchmark.report.table_files, benchmark.report.terminal, benchmark.published.papers\n"
        "import benchmark.analysis.statistics, benchmark.report.pictures\n"
        "assert not {'torch', 'matplotlib.pyplot', 'wandb'} & set(sys.modules), 'a heavy import'"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=Path(__file__).parents[3])


def test_the_main_panel_has_bands_of_the_standard_error_of_the_seeds_means(records: list[Record]) -> None:
    with styled():
        large = figures(Results.of(records))["accuracy-symmetric"].axes[0]  # type: ignore[union-attr]
    (bands,) = large.collections
    mine = [record for record in records if record.run.method == "coop" and record.run.rate == 0.5]
    means = [np.mean([record.accuracy for record in mine if record.run.seed == seed]) for seed in (1, 2)]
    heights = [np.ptp(path.vertices[1:3, 1]) for path in bands.get_paths()]
    assert any(np.isclose(height, 2 * np.std(means, ddof=1) / 2**0.5) for height in heights)


def test_text_in_any_colour_of_a_line_can_be_read_on_white(records: list[Record]) -> None:
    assert contrast("#000000") == pytest.approx(21) and contrast("#767676") == pytest.approx(4.54, abs=0.01)
    for colour in (*COLOURS, GREY):
        assert contrast(ink(colour)) >= 4.5
    assert ink("#0072B2").lower() == "#0072b2", "what can be read stays"
    with styled():
        for figure in filter(None, figures(Results.of(records)).values()):
            for text in figure.findobj(Text):
                colour = to_hex(text.get_color())  # type: ignore[attr-defined]
                assert contrast(colour) >= 4.5 or text.get_text() == "" or colour == "#ffffff", text  # type: ignore[attr-defined]


def test_variants_of_a_method_differ_in_dash_and_marker() -> None:
    looks = line_styles(["gce", *(f"gce[q={q}]" for q in (0.1, 0.3, 0.5, 1))]).values()
    own = [look for look in looks if look.colour != GREY]
    assert len({look.colour for look in own}) == 1
    assert len({look.dash for look in own}) == len({look.marker for look in own}) == len(own)


def test_a_line_that_would_be_hidden_is_drawn_below_the_other_and_keeps_its_numbers() -> None:
    figure = Figure(figsize=(4, 3))
    axis = figure.subplots()
    values = [50.0, 60.0]
    lines = [axis.plot([0, 1], y, label=name)[0] for name, y in {"a": values, "b": values, "c": [30.0, 90.0]}.items()]
    level, flat = axis.axhline(40.0, label="d"), axis.plot([0, 1], [40.0, 40.0], label="e")[0]
    move_apart(figure, axis)
    places = [line.get_transform().transform([(0.5, 55.0)])[0, 1] for line in lines]
    assert places[0] == places[2] > places[1] and lines[1].get_ydata().tolist() == values  # type: ignore[union-attr]
    assert level.get_transform().transform([(0, 40)])[0, 1] > flat.get_transform().transform([(0, 40)])[0, 1]


def test_a_heat_map_uses_its_colours_for_its_own_numbers_and_has_round_ticks(records: list[Record]) -> None:
    with styled():
        figure = heat_map(leaderboard(records))
    (image,) = figure.axes[0].images
    numbers = image.get_array()
    assert numbers is not None and image.get_clim() == (numbers.min(), numbers.max())
    ticks = figure.axes[1].get_yticks()
    assert all(tick == round(tick) for tick in ticks)


def test_pictures_for_a_paper_are_pdf_with_real_fonts_and_no_words_above(records: list[Record]) -> None:
    first, again = (draw_all(Results.of(own), for_paper=True) for own in (records, records[::-1]))
    assert first == again and {name[-3:] for name in first} == {"pdf", "svg"}
    for name, content in first.items():
        if name.endswith("pdf"):
            assert content.startswith(b"%PDF") and b"/Type3" not in content and b"CreationDate" not in content
            assert b"/FontFile2" in content
    with styled():
        for figure in filter(None, figures(Results.of(records), for_paper=True).values()):
            assert [text.get_text() for text in figure.texts if text.get_text()] == []
            assert not figure.get_suptitle()


def test_epochs_are_whole_numbers(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.write(run("coop"), result(60.0, curves={name: [1.0, 0.9, 0.8] for name in GRADIENTS}))
    figure = over_epochs(store.load().records, GRADIENTS, "norm")
    assert figure is not None and all(tick == int(tick) for tick in figure.axes[0].get_xticks())
