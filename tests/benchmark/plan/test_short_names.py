"""What people read of a folder is its last part, not the path that is its name."""

from __future__ import annotations

from benchmark.plan.axes import Run
from benchmark.plan.packs import Pack
from benchmark.plan.short_names import short_names

PHOTOS = Run("embedded", "folder:/data/mine/photos", "coop", "none", 0.0, 4, 1, "embedded", 2)


def test_a_pack_is_named_without_the_path_of_its_folder() -> None:
    assert Pack((PHOTOS,)).title == "photos · 1 run"


def test_three_folders_of_one_name_and_parent_keep_their_paths() -> None:
    same = [f"folder:/{letter}/data/photos" for letter in "ab"]
    assert short_names([*same, "digits"]) == {same[0]: same[0], same[1]: same[1], "digits": "digits"}
