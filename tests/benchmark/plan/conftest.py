"""Files of methods that lie beside ours for one test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import methods
from benchmark.plan import method_catalog

Add = Callable[[str, str], None]
HEAD = "from __future__ import annotations\nimport math\nfrom typing import Annotated, ClassVar\n"
COMPUTED = f"""{HEAD}
from methods.coop import Method as CoOp
from methods.functional import losses

class Method(CoOp):
    temperature: float = math.sqrt(2)
    kind: Annotated["float", "any"] = 1.0
    paradigms: ClassVar[tuple[str, ...]] = ("fewshot",) + ("ssl",)
"""


@pytest.fixture
def add(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Add]:
    """Adds a file to the folder of methods."""
    folder = tmp_path / "more"
    folder.mkdir()
    monkeypatch.setattr(methods, "__path__", [*methods.__path__, str(folder)])

    def write(name: str, text: str) -> None:
        (folder / f"{name}.py").write_bytes(text.encode("utf-8", "surrogatepass"))
        method_catalog.scan.cache_clear()

    yield write
    method_catalog.scan.cache_clear()
