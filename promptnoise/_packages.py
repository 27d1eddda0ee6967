"""When imported, says which folder is found in the place of a package of ours, before anything fails for it."""

from __future__ import annotations

import importlib.util
from pathlib import Path

for name in ("benchmark", "methods", "datamodules"):
    own, found = Path(__file__).resolve().parents[1] / name, importlib.util.find_spec(name)
    for place in [] if found is None else found.submodule_search_locations or ["a file"]:
        if Path(place).resolve() != own:
            raise ImportError(f"{place} is found as `{name}`, should be {own}; rename it or start in another folder")
