"""Runs the code cells of a notebook without Jupyter; `python -m tests.support.notebook FILE` renews its outputs."""

from __future__ import annotations

import ast
import base64
import contextlib
import io
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

Cell = dict[str, Any]


def read(path: Path) -> dict[str, Any]:
    """The notebook as its file has it."""
    book: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return book


def execute(book: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Runs the code cells in order, in `folder`, and puts what they print, show and draw into `outputs`.

    Printed paths name it `~`. Returns the cells' variables.
    """
    import matplotlib

    matplotlib.use("agg")
    names: dict[str, Any] = {"__name__": "notebook"}
    with contextlib.chdir(folder):
        code = [cell for cell in book["cells"] if cell["cell_type"] == "code"]
        for count, cell in enumerate(code, start=1):
            cell["outputs"] = _run("".join(cell["source"]), count, names, str(folder.resolve()))
            cell["execution_count"] = count
    return names


def _run(source: str, count: int, names: dict[str, Any], home: str) -> list[Cell]:
    """The outputs of one cell: its text, in which `home` is `~`, the value of its last line, its figures."""
    *statements, last = ast.parse(source).body
    printed, value = io.StringIO(), None
    with contextlib.redirect_stdout(printed):
        if not isinstance(last, ast.Expr):
            statements.append(last)
        exec(compile(ast.Module(statements, []), f"cell {count}", "exec"), names)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), f"cell {count}", "eval"), names)
    outputs: list[Cell] = []
    if text := printed.getvalue().replace(home, "~"):
        outputs.append({"name": "stdout", "output_type": "stream", "text": text.splitlines(keepends=True)})
    if value is not None:
        outputs.append(
            {"output_type": "execute_result", "execution_count": count, "metadata": {}, "data": _shown(value)}
        )
    return outputs + _figures()


def _shown(value: Any) -> dict[str, list[str]]:
    data = {"text/plain": repr(value).splitlines(keepends=True)}
    if hasattr(value, "_repr_html_"):
        data["text/html"] = value._repr_html_().splitlines(keepends=True)
    return data


def _figures() -> list[Cell]:
    """The open figures as pictures; they are closed."""
    from matplotlib import pyplot

    drawn = []
    for number in pyplot.get_fignums():
        figure, picture = pyplot.figure(number), io.BytesIO()
        figure.savefig(picture, format="png", dpi=80, bbox_inches="tight", metadata={"Software": None})
        text = base64.b64encode(picture.getvalue()).decode() + "\n"
        data = {"image/png": text, "text/plain": ["<Figure>"]}
        drawn.append({"output_type": "display_data", "metadata": {}, "data": data})
    pyplot.close("all")
    return drawn


if __name__ == "__main__":
    file = Path(sys.argv[1])
    notebook = read(file)
    os.environ["PYTHONPATH"] = str(Path.cwd())
    with tempfile.TemporaryDirectory() as place:
        execute(notebook, Path(place))
    file.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
