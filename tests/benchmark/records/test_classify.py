"""The script of an exported folder: it classifies, and runs nothing that the folder names."""

from __future__ import annotations

import pickle
import runpy
import shutil
from pathlib import Path
from typing import Any

import pytest

from benchmark.records import exported
from tests.benchmark.records.test_exported import good, reseal

__all__ = ["good"]


class Bomb:
    """An object whose unpickling creates a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return (Path.touch, (self.path,))


@pytest.mark.parametrize(
    "known",
    [
        {"model_name": "ViT-B-32", "pretrained": "w.pt", "weights_only": False},
        {"model_name": "ViT-B-32", "pretrained": "w.pt"},
        {"model_name": "ViT-B-32", "file": "w.pt"},
        {"model_name": "local-dir:folder"},
        {"model_name": "ViT-B-32", "pretrained": True},
        {"model_name": "ViT-B-32", "pretrained": "openai", "cache_dir": "."},
    ],
    ids=str,
)
def test_the_script_runs_nothing_that_a_folder_names(
    good: Path,
    tmp_path: Path,
    known: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    bad, hit = tmp_path / "bad", tmp_path / "hit"
    shutil.copytree(good, bad)
    bomb = pickle.dumps({"state_dict": Bomb(hit)})
    (bad / "folder").mkdir()
    shutil.copy(Path(exported.__file__).parents[2] / "methods/clip/embedded/open_clip_config.json", bad / "folder")
    for place in (bad / "w.pt", bad / "folder" / "open_clip_pytorch_model.bin"):
        place.write_bytes(bomb)
    reseal(bad, lambda about: about.update(open_clip=known))
    monkeypatch.chdir(bad)
    assert runpy.run_path("classify.py")["main"](["a.png"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1 and not hit.exists()
    pickle.loads(bomb)
    assert hit.exists()
