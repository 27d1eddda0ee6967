"""Downloads of weights: a network that is not there is noticed in seconds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

#: Seconds until a server that does not answer counts as unreachable.
PATIENCE = 5.0


@contextmanager
def one_try() -> Iterator[None]:
    """Context in which a hub that does not answer is asked once, where its library would retry for a minute per file.

    What is in the hub's cache is found either way.
    """
    from huggingface_hub import constants

    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = before or not _hub_answers()
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before


def _hub_answers() -> bool:
    """Whether the hub, or the mirror that HF_ENDPOINT names, answers a request."""
    from huggingface_hub import constants, get_session

    try:
        return bool(get_session().head(constants.ENDPOINT, timeout=PATIENCE).status_code < 500)
    except Exception:  # what is raised depends on the hub's version and its HTTP library
        return False
