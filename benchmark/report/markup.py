"""Blocks as Markdown and LaTeX: the best of each column bold, the second underlined."""

from __future__ import annotations

from benchmark.report.blocks import MISSING, Block, Cell

_LATEX = str.maketrans({"_": r"\_", "%": r"\%", "&": r"\&", "#": r"\#", "$": r"\$", "{": r"\{", "}": r"\}"})
_LATEX_PLACES = {1: r"\textbf{{{}}}", 2: r"\underline{{{}}}"}
_MARKDOWN_PLACES = {1: "**{}**", 2: "<u>{}</u>"}


def markdown(block: Block) -> str:
    """A Markdown table; mean ± standard deviation over seeds, in percent."""
    head = ["method", *block.columns]
    rows = [[method, *_row(block, method, _MARKDOWN_PLACES)] for method in block.methods]
    rule = [":--", *["--:"] * len(block.columns)]
    lines = [f"| {' | '.join(cells)} |\n" for cells in (head, rule, *rows)]
    return "".join(lines) + ("\n† some of these runs diverged\n" if block.diverged else "")


def latex(block: Block) -> str:
    """A LaTeX `tabular` (package booktabs); mean ± standard deviation over seeds, in percent."""
    rows = [[method.translate(_LATEX), *_row(block, method, _LATEX_PLACES)] for method in block.methods]
    body = [" & ".join(cells) + r" \\" for cells in rows]
    head = [rf"\begin{{tabular}}{{l{'r' * len(block.columns)}}}", r"\toprule"]
    names = " & ".join(["Method", *block.columns]) + r" \\"
    text = "\n".join([*head, names, r"\midrule", *body, r"\bottomrule", r"\end{tabular}"])
    for sign, command in {"±": r"$\pm$", "†": r"$^\dagger$"}.items():
        text = text.replace(sign, command)
    return f"% {block.name}: {block.terms}\n{text}\n" + (
        "% dagger: some of these runs diverged\n" * bool(block.diverged)
    )


def _row(block: Block, method: str, places: dict[int, str]) -> list[str]:
    return [_text(block.cells.get((method, column)), places) for column in block.columns]


def _text(cell: Cell | None, places: dict[int, str]) -> str:
    if cell is None:
        return MISSING
    mean = places.get(cell.place, "{}").format(f"{cell.mean:.2f}")
    spread = "" if cell.std is None else f" ± {cell.std:.2f}"
    return f"{mean}{spread}{'†' if cell.diverged else ''}"
