"""Makes a page of each notebook, with the outputs that it was saved with; the notebook itself is there to download."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds `NAME.md` beside each `NAME.ipynb`."""
    for file in [file for file in files if file.src_uri.endswith(".ipynb")]:
        source = Path(file.abs_src_path or "")
        files.append(File.generated(config, file.src_uri.removesuffix(".ipynb") + ".md", content=page(source)))
    return files


def page(source: Path) -> str:
    """Markdown: the notebook's text, its code, and what that printed, showed and drew."""
    cells = json.loads(source.read_text(encoding="utf-8"))["cells"]
    title, *parts = [part for cell in cells for part in _parts(cell)]
    return "\n\n".join([title, f"[Download the notebook]({source.name})", *parts]) + "\n"


def _parts(cell: dict[str, Any]) -> list[str]:
    text = "".join(cell["source"])
    if cell["cell_type"] == "markdown":
        return [text]
    return [f"```python\n{text}\n```", *(_output(output) for output in cell["outputs"])]


def _output(output: dict[str, Any]) -> str:
    data = output.get("data", {})
    if "image/png" in data:
        picture = "".join(data["image/png"]).strip()
        return f'<img alt="the figure that the code draws" src="data:image/png;base64,{picture}">'
    if "text/html" in data:
        return re.sub(r"<style.*?</style>|\n\s*", "", "".join(data["text/html"]), flags=re.DOTALL)
    text = "".join(output.get("text", data.get("text/plain", ""))).strip("\n")
    return f"```text\n{text}\n```"
