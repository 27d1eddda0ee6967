"""Blocks as Markdown and LaTeX: the best of each column bold, the second underlined."""

from __future__ import annotations

import re

from benchmark.analysis.chosen_row import ROWS
from benchmark.plan.method_names import printed
from benchmark.report.blocks import MISSING, Block, Cell

_LATEX = str.maketrans({
    **{sign: f"\\{sign}" for sign in "_%&#${}"},
    "\\": r"\textbackslash{}", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}",
})  # fmt: skip
_LATEX_PLACES = {1: r"\textbf{{{}}}", 2: r"\underline{{{}}}"}
_MARKDOWN_PLACES = {1: "**{}**", 2: "<u>{}</u>"}
#: What Markdown would read as a cell's end, code, emphasis, an entity, HTML, or the start of a link.
_MARKDOWN = re.compile(r"[\\`*|<>&~]|(?<!\w)_|_(?!\w)|\](?=[(\[:])|!(?=\[)")


def title(block: Block) -> str:
    """The heading of a block, for Markdown."""
    return plain(f"{block.name}: {block.terms}")


def markdown(block: Block) -> str:
    """A Markdown table; mean ± standard deviation over seeds, in percent."""
    head = ["method", *map(block.heading, block.columns)]
    rows = [[plain(printed(method)), *_row(block, method, _MARKDOWN_PLACES)] for method in block.methods]
    rule = [":--", *["--:"] * len(block.columns)]
    rows += [[f"*{name}*", *cells] for name, cells in _chosen(block)]
    lines = [f"| {' | '.join(cells)} |\n" for cells in (head, rule, *rows)]
    return "".join(lines) + "".join(f"\n{note}\n" for note in block.notes)


def plain(text: str) -> str:
    """Text that Markdown shows as it is, on one line."""
    return _MARKDOWN.sub(r"\\\g<0>", _one_line(text))


def latex(block: Block) -> str:
    """A LaTeX `tabular` (package booktabs); mean ± standard deviation over seeds, in percent."""
    rows = [[_latex(printed(method)), *_row(block, method, _LATEX_PLACES)] for method in block.methods]
    chosen = [[rf"\textit{{{name}}}", *cells] for name, cells in _chosen(block)]
    body = [" & ".join(cells) + r" \\" for cells in rows]
    body += [r"\midrule", *(" & ".join(cells) + r" \\" for cells in chosen)] if chosen else []
    head = [rf"\begin{{tabular}}{{l{'r' * len(block.columns)}}}", r"\toprule"]
    names = " & ".join(["Method", *map(block.heading, block.columns)]) + r" \\"
    text = "\n".join([*head, names, r"\midrule", *body, r"\bottomrule", r"\end{tabular}"])
    for sign, command in {"±": r"$\pm$", "†": r"$^\dagger$", "‡": r"$^\ddagger$"}.items():
        text = text.replace(sign, command)
    return f"% {_one_line(f'{block.name}: {block.terms}')}\n{text}\n" + "".join(f"% {note}\n" for note in block.notes)


def _latex(name: str) -> str:
    """A name for a cell; at the start of a row a bracket or star would be read as an argument of the row's end."""
    text = _one_line(name).translate(_LATEX)
    return f"{{}}{text}" if text[:1] in ("[", "*") else text


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _row(block: Block, method: str, places: dict[int, str]) -> list[str]:
    return [_text(block.cells.get((method, column)), places) for column in block.columns]


def _chosen(block: Block) -> list[tuple[str, list[str]]]:
    """The rows below those of methods by name; none where no column has a choice."""
    if not block.chosen:
        return []
    own = [block.chosen.get(column) for column in block.columns]
    means = [MISSING if cell is None else f"{cell.mean:.2f}{_spread(cell.std)}" for cell in own]
    regrets = [MISSING if cell is None else f"{cell.regret:.2f}" for cell in own]
    return list(zip(ROWS, (means, regrets), strict=True))


def _spread(std: float | None) -> str:
    return "" if std is None else f" ± {std:.2f}"


def _text(cell: Cell | None, places: dict[int, str]) -> str:
    if cell is None:
        return MISSING
    mean = places.get(cell.rank, "{}").format(f"{cell.mean:.2f}")
    return f"{mean}{_spread(cell.std)}{cell.beside}{cell.marks}"
