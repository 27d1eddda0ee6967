"""A command's options, a dataclass `Options`, as an app of cyclopts: read from words, and explained by --help."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from inspect import Parameter, Signature, getdoc
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

import cyclopts
from cyclopts.argument import ArgumentCollection
from cyclopts.help import DefaultFormatter, PanelSpec
from docstring_parser import parse_from_object
from rich import box

from benchmark.errors import BadInput
from benchmark.plan import suites
from datamodules.foreign import LONGEST_NAME, one_line
from methods.options.option import Option, as_text

T = TypeVar("T")
#: Metadata of an option with a default that is taken by its place on the command line, too.
BY_PLACE = {"by place": True}
#: Bytes of a path, and of one name in it, that file systems take.
LONGEST_PATH, LONGEST_PART = 4095, 255


@cache
def app_of(
    command: str, options: type[Any], *, explained: bool = False, only: frozenset[str] | None = None
) -> cyclopts.App:
    """An app with an option for each field, or for `only` some; those without a default, and those `BY_PLACE`, are
    also taken by place.
    """
    told = _explained(options) if explained else {}
    kinds, needed, placed, others = get_type_hints(options), [], [], []
    for field in fields(options):
        kind = Annotated[(kinds[field.name], told[field.name])] if field.name in told else kinds[field.name]
        if field.default is MISSING:
            needed.append(Parameter(field.name, Parameter.POSITIONAL_OR_KEYWORD, annotation=kind))
        elif field.metadata.get("by place"):
            place = Parameter(field.name, Parameter.POSITIONAL_OR_KEYWORD, annotation=kind, default=field.default)
            placed.append(place)
        elif only is None or field.name.rstrip("_") in only:
            others.append(Parameter(field.name, Parameter.KEYWORD_ONLY, annotation=kind, default=field.default))

    def collected(**values: Any) -> Any:
        return options(**values)

    collected.__signature__ = Signature([*needed, *placed, *others])  # type: ignore[attr-defined]
    names = [each.name.rstrip("_").upper() for each in needed] + [f"[{each.name.upper()}]" for each in placed]
    places = " ".join([command, *names])
    app = cyclopts.App(
        help=str(getdoc(options)), usage=f"promptnoise {places} [--option=value ...]",
        help_flags=(), version_flags=(), help_format="plaintext", config=_of_suite,
        help_formatter=DefaultFormatter(show_metavar=False, panel_spec=PanelSpec(box=box.SIMPLE, padding=0)),
        default_parameter=cyclopts.Parameter(
            negative=(), converter=_value, show_choices=False, name_transform=lambda name: name.rstrip("_")
        ),
    )  # fmt: skip
    app.default(collected)
    return app


def _explained(options: type[Any]) -> dict[str, cyclopts.Parameter]:
    """What --help says of each field; those that other commands have, too, stand in the group of their own class."""
    defaults = {field.name: field.default for field in fields(options)}
    told: dict[str, cyclopts.Parameter] = {}
    for order, home in enumerate(filter(is_dataclass, options.__mro__)):
        group = cyclopts.Group(str(getdoc(home)) if order else "Options", sort_key=order)
        for own in parse_from_object(home).params:
            text, default = " ".join(str(own.description).split()), defaults.get(own.arg_name)
            shown = False if default == "" or default is False else as_text
            told.setdefault(own.arg_name, cyclopts.Parameter(help=text, group=group, show_default=shown))
    return told


def parse(command: str, options: type[T], words: Sequence[str]) -> T:
    """The options that words on the command line give.

    Raises BadInput: An option that there is not, which is named before anything else; one that is given twice or lacks
    a value, or a value that it does not take.
    """
    names = {f"__{field.name.rstrip('_')}" for field in fields(options)}  # type: ignore[arg-type]
    flags = [word.partition("=")[0] for word in words if word.startswith("-") and word.strip("-")[:1].isalpha()]
    given = {flag: flag.replace("-", "_") for flag in flags}
    # Most of cyclopts' time goes with the number of options; a suite may give every one.
    named = names & {*given.values()}
    few = None if {"__suite", "__again"} & named else frozenset(name[2:] for name in named)
    app = app_of(command, options, only=few)  # type: ignore[arg-type]  # a class is hashable
    try:
        if unknown := next((flag for flag, name in given.items() if name not in names), None):
            token = cyclopts.Token(value=one_line(unknown, LONGEST_NAME), source="cli")
            known = app_of(command, options).assemble_argument_collection()  # type: ignore[arg-type]
            raise cyclopts.UnknownOptionError(token=token, argument_collection=known)
        _, bound, _ = app.parse_args(words, exit_on_error=False, print_error=False)
    except cyclopts.CycloptsError as error:
        if isinstance(error.__cause__, BadInput):
            raise error.__cause__ from None
        if isinstance(error, cyclopts.CoercionError) and error.token is not None:
            raise BadInput(f"{_typed(error.token)} should be true or false") from None
        if isinstance(error, cyclopts.MissingArgumentError) and error.argument is not None:
            needed = error.argument.name.lstrip("-")
            if not any(word.startswith(f"--{needed}") for word in words):
                raise BadInput(f"{command} needs {needed.upper()}: {app.usage}") from None
        error.verbose = False
        raise BadInput(f"{command}: {one_line(str(error), 500)} Usage: {app.usage}, --help explains each") from None
    kinds = get_type_hints(options, include_extras=True)
    for name, value in bound.arguments.items():
        try:
            if get_origin(kinds[name]) is Annotated:
                Option(name, kinds[name], None).check(value)
        except ValueError as error:
            raise BadInput(f"{name} is {as_text(value)}, should be {error}") from None
    return options(**bound.arguments)


def _of_suite(app: cyclopts.App, commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
    """Adds the options that a suite stands for, where they are not given."""
    known = {argument.name.removeprefix("--").replace("-", "_"): argument for argument in arguments}
    if "suite" in known:
        given = {name: argument.tokens[0].value for name, argument in known.items() if argument.tokens}
        for name, text in suites.completed(given, known).items():
            if name not in given:
                known[name].append(cyclopts.Token(keyword=f"--{name}", value=text, source="suite"))


def _value(kind: Any, tokens: Sequence[cyclopts.Token]) -> Any:
    """What an option takes: text in UTF-8, numbers below 2^63, paths that a file system takes."""
    if get_origin(kind) is tuple:
        return tuple(_value(get_args(kind)[0], [token]) for token in tokens)
    (token,) = tokens
    text = token.value
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BadInput(f"{_typed(token)} is not text in UTF-8; rename the file or folder") from None
    if "\0" in text:
        raise BadInput(f"{_typed(token)} holds a zero byte, which no name has")
    try:
        value = Option("", kind, None).check(text)
    except ValueError as error:
        raise BadInput(f"{_typed(token)} should be {error}") from None
    if isinstance(value, int) and abs(value) >= 2**63:
        raise BadInput(f"{_typed(token)} should be below 2^63")
    return _path(token) if isinstance(value, Path) else value


def _path(token: cyclopts.Token) -> Path:
    text = token.value
    if not text.strip():
        raise BadInput(f"{_typed(token)} is empty; it should be a path")
    if len(text.encode()) > LONGEST_PATH or any(len(part.encode()) > LONGEST_PART for part in Path(text).parts):
        raise BadInput(f"{_typed(token)} is too long for a path: {LONGEST_PART} bytes a name, {LONGEST_PATH} in all")
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise BadInput(f"{_typed(token)}: there is no such user") from None


def _typed(token: cyclopts.Token) -> str:
    """A value as it was typed, in one line and not too long."""
    return one_line(f"{token.keyword}={token.value}" if token.keyword else f"{token.value!r}", LONGEST_NAME)
