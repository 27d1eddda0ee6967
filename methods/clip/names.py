"""Names of backbones that lie in a folder or a file; imports no torch."""

from __future__ import annotations

from datamodules.errors import DataError
from datamodules.names import parse_spec
from methods.errors import BackboneError


def split_name(name: str) -> tuple[str, str]:
    """A backbone without its option `name`, and that option; empty where there is none.

    >>> split_name("local-dir:/models/clip[name=mine]"), split_name("ViT-B-16/openai")
    (('local-dir:/models/clip', 'mine'), ('ViT-B-16/openai', ''))

    Raises:
        BackboneError: another option, or a name for what is no folder or file.
    """
    try:
        place, options = parse_spec(name)
    except DataError:  # a path with brackets
        return name, ""
    if options.keys() - {"name"}:
        raise BackboneError(f"backbone {name!r} has no option {min(options.keys() - {'name'})!r}; it has: name")
    if options and (":" not in place or place.startswith("hf-hub:")):
        raise BackboneError(f"backbone {name!r} has a name of its own; only local-dir:/path and NAME:/file get one")
    return place, options.get("name", "")
