"""Methods on doubtful labels: each by its own recipe, those of one recipe together."""

from __future__ import annotations

from benchmark.audit.doubtful_training import Setting


class Named:
    def __init__(self, name: str) -> None:
        self.name = name


def test_methods_train_by_their_own_recipes_those_of_one_recipe_together() -> None:
    def alike(backbone: str, recipe: str = "auto") -> list[tuple[str, list[str]]]:
        setting = Setting(None, Named(backbone), None, recipe)  # type: ignore[arg-type]
        return [(str(own), names) for own, names in setting.alike(["clap", "coop", "task_res", "linear_probe"])]

    assert alike("ViT-B-16/openai") == [
        ("clap", ["clap"]), ("coop", ["coop", "linear_probe"]), ("task_res", ["task_res"])
    ]  # fmt: skip
    assert len(alike("embedded")) == 1
    assert alike("ViT-B-16/openai", "coop[epochs=3]") == [
        ("coop[epochs=3]", ["clap", "coop", "task_res", "linear_probe"])
    ]
