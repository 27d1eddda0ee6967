"""Options of methods: typed class attributes, checked by the same rules everywhere. Imports no torch."""

from __future__ import annotations

import inspect
import reprlib
import typing
from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar, get_origin

from datamodules.errors import UserError, nearest
from methods.errors import MethodError
from methods.options.option import Option

#: Packages whose class attributes are no options of ours.
FOREIGN = frozenset({"builtins", "torch", "lightning", "pytorch_lightning", "lightning_utilities", "typing", "abc"})


def check_options(cls: type, options: Mapping[str, Any]) -> dict[str, Any]:
    """Options of a method to the values of its class attributes; same rules as on the command line.

    Names are the option's (`loss`) or the attribute's (`loss_`); the result has the attribute's. Values are of the
    option's type, or a text as on the command line. Options that are not given stay out of the result. Raises
    MethodError: an unknown option (with the nearest name), or a value that it does not take.
    """
    name = cls.__module__.rpartition(".")[2] if cls.__name__ == "Method" else cls.__name__
    return check_values(name, options_of(cls), options)


def check_values(method: str, known: Mapping[str, Option], given: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the attributes that `given` options set, by the attribute's name; `known` has them by option.

    Raises MethodError: As in `check_options`; the message begins with the method.
    """
    return values_of(f"method {method!r}", known, given, MethodError)


def values_of(
    what: str, known: Mapping[str, Option], given: Mapping[str, Any], error: type[UserError]
) -> dict[str, Any]:
    """The same for the options of `what`, such as "recipe 'coop'".

    Raises:
        error: An unknown option, one given twice, or a value that it does not take.
    """
    values: dict[str, Any] = {}
    for asked, value in given.items():
        name = asked if asked in known else asked.rstrip("_")
        if name not in known:
            others = nearest(asked, known) if known else "it has no options"
            raise error(f"{what} has no option {asked!r}; {others}")
        option = known[name]
        if option.attribute in values:
            raise error(f"{what}: option {name!r} is given twice")
        try:
            values[option.attribute] = option.check(value)
        except ValueError as wrong:
            shown = value if isinstance(value, str) else reprlib.repr(value)
            raise error(f"{what}: {name}={shown} should be {wrong}") from None
    return values


@cache
def options_of(cls: type) -> dict[str, Option]:
    """The options of a method's class by name: attributes that have a type and a value, unless they are ClassVars.

    Raises MethodError: A type that does not exist where it is written.
    """
    kinds: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        if base.__module__.split(".")[0] in FOREIGN:
            continue
        for attribute, annotation in inspect.get_annotations(base).items():
            if attribute in vars(base) and not attribute.startswith("_"):
                kinds[attribute] = _resolved(base, attribute, annotation)
    return {
        attribute.rstrip("_"): Option(attribute, kind, getattr(cls, attribute))
        for attribute, kind in kinds.items()
        if get_origin(kind) is not ClassVar and kind is not ClassVar
    }


def _resolved(base: type, attribute: str, annotation: Any) -> Any:
    """The type that one annotation means; others of the class may name what is imported for type checkers only."""
    holder = type(base.__name__, (), {"__module__": base.__module__, "__annotations__": {attribute: annotation}})
    try:
        return typing.get_type_hints(holder, include_extras=True)[attribute]
    except (NameError, AttributeError, TypeError, SyntaxError) as error:
        where = f"{base.__module__}.{base.__name__}.{attribute}"
        raise MethodError(f"the type {annotation!r} of {where} cannot be used: {error}") from None
