"""Whether to log to W&B online, offline or not at all, and which files to write beside."""

from __future__ import annotations

import netrc
import os
from importlib.util import find_spec
from pathlib import Path
from typing import Literal
from urllib.parse import urlparse

from benchmark.errors import BadInput
from datamodules import reading
from datamodules.errors import nearest
from datamodules.names import split_list

Mode = Literal["online", "offline", "disabled"]
MODES: tuple[Mode, ...] = ("online", "offline", "disabled")
FILES = ("csv", "tensorboard")
EXAMPLE = "https://api.wandb.ai"
HOW = "W&B is off; `wandb login` once, or WANDB=offline, turns it on"


def choose_mode(asked: str = "") -> tuple[Mode, str]:
    """The mode, and a line that tells the user how to turn logging on where nobody decided (else empty).

    Asked for nothing, W&B's own variable WANDB_MODE decides, and then whether there are credentials. Raises BadInput: a
    mode that there is not.
    """
    if asked := asked or os.environ.get("WANDB_MODE", ""):
        return parse_mode(asked), ""
    return ("online", "") if _has_credentials() else ("disabled", HOW)


def parse_mode(text: str) -> Mode:
    """The mode of that name. Raises BadInput: there is none."""
    for mode in MODES:
        if text == mode:
            return mode
    raise BadInput(f"unknown W&B mode {text!r}: {nearest(text, MODES)}")


def parse_track(text: str) -> list[str]:
    """The kinds of files asked for, separated by commas.

    Raises BadInput: There is none of that name, or its package is not installed.
    """
    kinds = split_list(text)
    for kind in kinds:
        if kind not in FILES:
            raise BadInput(f"unknown kind of track {kind!r}: {nearest(kind, FILES)}")
    if "tensorboard" in kinds and not (find_spec("tensorboard") or find_spec("tensorboardX")):
        raise BadInput("--track=tensorboard needs a package that is not installed: `pip install tensorboard`")
    return kinds


def _has_credentials() -> bool:
    """Whether W&B's own places for a key hold one; its value is not looked at."""
    if os.environ.get("WANDB_API_KEY"):
        return True
    address = os.environ.get("WANDB_BASE_URL", EXAMPLE)
    try:
        host = urlparse(address).hostname or ""
    except ValueError as error:
        raise BadInput(f"WANDB_BASE_URL={address} is no address ({error}); it should be one like {EXAMPLE}") from None
    given = os.environ.get("NETRC")
    file = Path(given).expanduser() if given else Path.home() / ".netrc"
    try:
        reading.check(file, reading.TEXT)
        return netrc.netrc(file).authenticators(host) is not None
    except (OSError, UnicodeDecodeError, netrc.NetrcParseError):
        return False
