"""Text of others: one harmless line on the terminal, and cells of tables that come back as they were."""

from __future__ import annotations

import csv
import io
import logging
import sys
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as some

from datamodules.errors import DataError, UserError, nearest
from datamodules.foreign import LONGEST, OneLine, from_cell, one_line, to_cell, warn_in_one_line

#: Signs that spreadsheets take for the start of a formula.
FORMULA = "=+-@\t\r"


def test_no_character_that_does_something_is_left() -> None:
    """Line ends, escapes, direction marks and lone surrogates, all of Unicode."""
    doing = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    letters = [chr(code) for code in range(sys.maxunicode + 1)]
    kept = {letter for letter in letters if unicodedata.category(letter) in doing and letter in one_line(letter)}
    assert kept == {"\u200c", "\u200d"}  # they join letters, in Persian or in a family of four
    assert all(len(one_line(letter)) == 1 for letter in letters[:0x3000])
    assert one_line("Straße, 犬, é\u00a0x") == "Straße, 犬, é\u00a0x"


@pytest.mark.parametrize("length", [LONGEST, LONGEST + 1, 10**6])
def test_a_long_text_keeps_its_two_ends_and_takes_no_time(length: int) -> None:
    start = time.process_time()
    line = one_line("a" * (length - 3) + "end")
    assert time.process_time() - start < 0.1
    assert len(line) == LONGEST and line.startswith("aaa") and line.endswith("end")
    assert ("…" in line) == (length > LONGEST)


@given(some.text(max_size=8))
def test_a_cell_comes_back_as_it_was(text: str) -> None:
    assert from_cell(to_cell(text)) == text


@given(some.text("='+-@\t\ra", max_size=5))
def test_no_cell_begins_a_formula_and_each_comes_back(text: str) -> None:
    assert not to_cell(text).startswith(tuple(FORMULA))
    assert from_cell(to_cell(text)) == text
    buffer = io.StringIO()
    csv.writer(buffer).writerow([to_cell(text), "x"])
    assert from_cell(next(csv.reader(io.StringIO(buffer.getvalue(), newline="")))[0]) == text


def test_every_error_for_users_is_one_line_whatever_it_names() -> None:
    for kind in (UserError, DataError):
        assert str(kind("no file a\x1b]0;title\x07\nb")) == "no file a␛]0;title␇␊b"


def test_the_nearest_name_to_a_million_characters_is_not_looked_for() -> None:
    start = time.process_time()
    assert nearest("a" * 10**6, [str(number) for number in range(3000)]).startswith("known: ")
    assert time.process_time() - start < 0.5


def test_a_warning_is_one_line() -> None:
    record = logging.LogRecord("x", logging.WARNING, "", 0, "%s is left out", ("a\nb\x1b",), None)
    assert OneLine().format(record) == "a␊b␛ is left out"


def test_a_library_that_logs_does_not_change_how_warnings_look(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(logging.root, "handlers", [])
    warn_in_one_line()
    logging.info("sets logging up where nobody has")  # as open_clip does
    logging.getLogger("x").warning("a\nb")
    assert capsys.readouterr().err == "a␊b\n"
