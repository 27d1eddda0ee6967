"""What is said aside, in one process and from workers."""

from __future__ import annotations

import logging

import pytest

from datamodules import notices

LOGGER = logging.getLogger("notices")


def test_what_is_said_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(2):
        notices.say_once(LOGGER, "a table is not used")
    assert caplog.messages == ["a table is not used"]


def test_what_a_worker_finds_in_pictures_is_kept_for_its_parent(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notices, "FOUND", {})
    monkeypatch.setattr("multiprocessing.parent_process", lambda: "the benchmark")
    notices.say_once(LOGGER, "what its parent knows")
    notices.tell_once(LOGGER, "3 pictures are black")
    assert list(notices.FOUND) == ["3 pictures are black"] and not caplog.messages
