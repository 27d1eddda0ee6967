"""Blocks as Markdown and LaTeX: the best of each column bold, the second underlined."""

from __future__ import annotations

from benchmark.plan.method_names import printed
from benchmark.report.blocks import MISSING, Block, Cell
from benchmark.report.markdown import plain, table

_LATEX = str.maketrans({
    **{sign: f"\\{sign}" for sign in "_%&#${}"},
    "\\": r"\textbackslash{}", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}",
})  # fmt: skip
_LATEX_RANKS = {1: r"\textbf{{{}}}", 2: r"\underline{{{}}}"}
_MARKDOWN_RANKS = {1: "**{}**", 2: "<u>{}</u>"}


def title(block: Block) -> str:
    """The heading of a block, for Markdown."""
    return plain(f"{block.name}: {block.terms}")


def markdown(block: Block) -> str:
    """A Markdown table; mean ± standard deviation over seeds, in percent."""
    head = ["method", *map(block.heading, block.columns)]
    rows = [[printed(method), *_row(block, method, _MARKDOWN_RANKS)] for method in block.methods]
    return table(head, rows) + "".join(f"\n{note}\n" for note in block.notes)


def latex(block: Block) -> str:
    """A LaTeX `tabular` (package booktabs); mean ± standard deviation over seeds, in percent."""
    rows = [[_latex(printed(method)), *_row(block, method, _LATEX_RANKS)] for method in block.methods]
    body = [" & ".join(cells) + r" \\" for cells in rows]
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


def _row(block: Block, method: str, ranks: dict[int, str]) -> list[str]:
    return [_text(block.cells.get((method, column)), ranks) for column in block.columns]


def _std(std: float | None) -> str:
    return "" if std is None else f" ± {std:.2f}"


def _text(cell: Cell | None, ranks: dict[int, str]) -> str:
    if cell is None:
        return MISSING
    mean = ranks.get(cell.rank, "{}").format(f"{cell.mean:.2f}")
    return f"{mean}{_std(cell.std)}{cell.in_brackets}{cell.marks}"
