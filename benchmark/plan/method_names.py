"""How methods read in tables and pictures, and the order of their families. Imports no torch."""

from __future__ import annotations

from benchmark.plan import method_catalog

#: Families of methods in the order of tables; others stand behind, and so do methods that are not installed here.
FAMILIES = ("zero-shot", "prompt", "head", "adapter", "fine-tuning", "self-training", "ours")


def printed(method: str) -> str:
    """The name of a method for people, with its options; what is no method is left as it is.

    Where two methods have one name, that on the command line stands behind it.

    >>> printed("linear_probe[loss=gce]"), printed("coop"), printed("chosen")
    ('linear probe[loss=gce]', 'CoOp', 'chosen')
    """
    name, bracket, options = method.partition("[")
    known = method_catalog.methods()
    if name not in known:
        return method
    title = known[name].title
    twice = sum(info.title == title for info in known.values()) > 1
    return (f"{title} ({name})" if twice and title != name else title) + bracket + options


def family(method: str) -> tuple[int, str]:
    """The place of a method's family, by which tables are sorted, and its name."""
    known = method_catalog.methods().get(method.partition("[")[0])
    name = known.family if known else ""
    return (FAMILIES.index(name) if name in FAMILIES else len(FAMILIES)), name
