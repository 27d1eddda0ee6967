"""Makes a page for each method from its docstring, its options and the committed results; nothing of it is in git."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pandas as pd
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from benchmark.plan.method_catalog import MethodInfo, methods  # noqa: E402
from benchmark.report.palette import GREY, line_styles  # noqa: E402
from methods.options.option import COMPUTED, Option  # noqa: E402

RESULTS = ROOT / "results/reference/methods/leaderboard.csv"
SETTING = ["noise", "backbone", "shots", "paradigm"]
WIDTH, HEIGHT, LEFT, TOP = 480, 240, 40, 12
Table = pd.DataFrame


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Adds the pages to the navigation, in `Reference`."""
    section = next(entry["Reference"] for entry in config.nav or [] if "Reference" in entry)
    section.append({"Methods": [{name: f"methods/{name}.md"} for name in _shipped()]})
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pages themselves."""
    board = pd.read_csv(RESULTS, keep_default_na=False)
    for name, info in _shipped().items():
        files.append(File.generated(config, f"methods/{name}.md", content=page(info, board)))
    return files


def _shipped() -> dict[str, MethodInfo]:
    """The methods of this project, without those of other installed packages."""
    return {name: info for name, info in methods().items() if info.module == f"methods.{name}"}


def page(info: MethodInfo, board: Table) -> str:
    """Markdown: what the method is, how to run it, its options, its results."""
    text = re.sub(r"\b(\d{4}\.\d{5})\b", r"[\1](https://arxiv.org/abs/\1)", info.source.documentation)
    parts = [f"# {info.name}", text, f"```bash\nmake bench METHODS=coop,{info.name}\n```", _facts(info)]
    if info.options:
        parts += ["## Options", _options(info)]
    if results := _results(info.name, board):
        parts += ["## Results", results]
    return "\n\n".join(parts) + "\n"


def _facts(info: MethodInfo) -> str:
    labels = "no label" if info.labels == "none" else "the given labels"
    inputs = "images, through the image tower" if info.inputs == "images" else "features of the frozen image tower"
    return (
        f"It trains on {inputs}, with {labels}. Paradigms: {', '.join(f'`{name}`' for name in info.paradigms)}. "
        f"Source: `{info.module.replace('.', '/')}.py`."
    )


def _options(info: MethodInfo) -> str:
    rows = [f"| `{name}` | {_kind(option.kind)} | {_default(option)} |" for name, option in info.options.items()]
    first = next(iter(info.options))
    return "\n".join(
        ["| option | value | default |", "| :-- | :-- | :-- |", *rows, "", f"Written `{info.name}[{first}=...]`."]
    )


def _default(option: Option) -> str:
    if option.default is COMPUTED:
        return "computed"
    return f"`{option.shown}`" if option.shown else "empty"


def _kind(kind: Any) -> str:
    """The type of an option in words."""
    if get_origin(kind) is Literal:
        return " or ".join(f"`{value}`" for value in get_args(kind))
    if hasattr(kind, "__metadata__"):
        limits = {"gt": "above", "ge": "at least", "lt": "below", "le": "at most"}
        bounds = [
            f"{word} {getattr(limit, key):g}"
            for limit in kind.__metadata__
            for key, word in limits.items()
            if hasattr(limit, key)
        ]
        return ", ".join([_kind(get_args(kind)[0]), *bounds])
    words = {bool: "`true` or `false`", int: "whole number", float: "number", str: "text"}
    return words.get(kind, "" if kind is COMPUTED else f"`{str(kind).removeprefix('typing.')}`".replace("|", "or"))


def _results(name: str, board: Table) -> str:
    """A table for each setting in which the method was run, its curve above."""
    own = board[board["method"].str.partition("[")[0] == name]
    parts = []
    for setting, cells in own.groupby(SETTING):
        noise, backbone, shots, paradigm = setting
        datasets = sorted(set(cells["dataset"]))
        alike = board[(board[SETTING] == list(setting)).all(axis=1) & board["dataset"].isin(datasets)]
        rates = sorted(set(cells["rate"]), key=float)
        shown = [*sorted(set(cells["method"])), *(other for other in ("coop", "zero_shot") if other != name)]
        means = alike.assign(mean=alike["mean"].astype(float)).pivot_table(
            index="method", columns="rate", values="mean"
        )
        means = means.loc[[method for method in shown if method in means.index], rates]
        kind = "no wrong labels" if noise == "none" else f"{noise} noise"
        terms = (
            f"**{kind}, {backbone}, {shots} shots, `{paradigm}`; mean of {', '.join(datasets)}; accuracy in percent**"
        )
        curve = _curve(means.loc[means.index.isin([name, "coop", "zero_shot"])], name) if len(rates) > 2 else ""
        parts += [terms, *([curve] if curve else []), _table(means)]
    source = (
        "Three seeds, last epoch; each method at its learning rate of the recipe `embedded`. "
        "See [all methods](../methods.md)."
    )
    return "\n\n".join([*parts, source]) if parts else ""


def _table(means: Table) -> str:
    head = f"| wrong labels | {' | '.join(f'{100 * float(rate):g} %' for rate in means)} |"
    rows = [
        f"| {method} | {' | '.join(f'{value:.1f}' for value in row)} |"
        for method, row in zip(means.index, means.to_numpy(), strict=True)
    ]
    return "\n".join([head, "| :-- |" + " --: |" * len(means.columns), *rows])


def _curve(means: Table, name: str) -> str:
    """Accuracy against the share of wrong labels as SVG in the page's own text colour; others than `name` in grey."""
    rates = [float(rate) for rate in means]
    right = WIDTH - 90
    x = [LEFT + (right - LEFT) * (rate - rates[0]) / (rates[-1] - rates[0]) for rate in rates]
    y = lambda value: TOP + (HEIGHT - 40 - TOP) * (1 - value / 100)  # noqa: E731
    parts = [
        f'<line x1="{LEFT}" x2="{right}" y1="{y(v)}" y2="{y(v)}" stroke="currentColor" opacity=".2"/>'
        f'<text x="{LEFT - 6}" y="{y(v) + 4}" text-anchor="end">{v}</text>'
        for v in (0, 25, 50, 75, 100)
    ]
    parts += [
        f'<text x="{place}" y="{HEIGHT - 22}" text-anchor="middle">{100 * rate:g} %</text>'
        for place, rate in zip(x, rates, strict=True)
    ]
    parts += [f'<text x="{(LEFT + right) / 2}" y="{HEIGHT - 5}" text-anchor="middle">wrong labels</text>']
    ends: list[float] = []
    for method in sorted(means.index, key=lambda method: -means.loc[method].iloc[-1]):
        colour = line_styles([name])[name].colour if method == name else GREY
        colour = "currentColor" if colour == "#000000" else colour
        points = " ".join(f"{place:.1f},{y(value):.1f}" for place, value in zip(x, means.loc[method], strict=True))
        dash = ' stroke-dasharray="4 3"' if method == "zero_shot" else ""
        width = 3 if method == name else 1.5
        ends.append(max(y(means.loc[method].iloc[-1]) + 4, ends[-1] + 14 if ends else 0))
        parts += [f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="{width}"{dash}/>',
                  f'<text x="{right + 6}" y="{ends[-1]:.1f}" fill="{colour}">{method}</text>']  # fmt: skip
    title = f"Accuracy of {name} in percent against the share of wrong labels"
    return (
        f'<svg class="curve" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{title}" '
        f'font-size="12" fill="currentColor">{"".join(parts)}</svg>'
    )
