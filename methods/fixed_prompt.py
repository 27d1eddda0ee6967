"""A prompt that somebody has learned already, or words, without training."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from methods import zero_shot
from methods.clip.learned_prompt import LearnedPrompt, read_prompt

NAME = "fixed prompt"
FAMILY = "prompt"


class Method(zero_shot.Method):
    """The prompt "ctx NAME." with a context from a file, as CoOp (2109.01134) and its kin write it, without training.

    `file` is `prompt_learner/model.pth.tar-200`, a folder that holds it, or `prompt.safetensors` of `promptnoise
    export`; without one, the context is that of the words `init`. `position` is where the context's names stand, which
    files do not say. Contexts of each class are told apart by the names of the classes, where a file has their tokens.
    Raises BackboneError: a file that holds no context, or one of another model or of other classes.
    """

    needs: ClassVar[str] = "text tower"
    files: ClassVar[tuple[str, ...]] = ("file",)
    file: str = ""
    position: Literal["end", "middle", "front"] = "end"
    init: str = "a photo of a"

    def build(self) -> None:
        """Encodes the prompts of all classes once."""
        own, task = LearnedPrompt(self.init, self.task.backbone.words(self.init)), self.task
        prompt = read_prompt(Path(self.file)) if self.file else own
        self._keep(texts=prompt.features(task.classes, task.backbone, self.position))
