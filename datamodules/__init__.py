"""The LightningDataModule, data sets, few-shot draws, label noise and the feature bank."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datamodules.datamodule import NoisyFewShot
    from datamodules.run_spec import RunSpec

__all__ = ["NoisyFewShot", "RunSpec"]


def __getattr__(name: str) -> Any:
    """Imports torch and Lightning when the data module is asked for, since planning does without them."""
    if name in __all__:
        from datamodules import datamodule

        return getattr(datamodule, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
