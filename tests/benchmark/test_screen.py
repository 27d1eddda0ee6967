"""The screen: nothing that is printed can move the cursor, set a title or begin a line of its own."""

from __future__ import annotations

import ast
import io
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

import benchmark
from benchmark.commands._progress import encoding
from benchmark.run.events import Event
from benchmark.run.progress import LiveProgress
from benchmark.screen import Screen, bars
from benchmark.screen import table as printed_table

EVIL = "a\x1b]0;title\x07\x1b[2J\nb\u202ec\r\x9b"
PLAIN = {"highlight": False, "markup": False}


def table(cell: str | Text) -> Table:
    found = Table("head", title=EVIL)
    found.add_column(EVIL)
    found.add_row("x", cell)
    return found


def encoded(screen: Screen) -> None:
    with bars(screen) as progress, encoding(progress, f"[bold]{EVIL}", 3) as tell:
        tell("x", 1, 3, 1.0)


def worker(screen: Screen) -> None:
    with LiveProgress(screen, 2) as progress:
        progress(0, Event("cpu", "epoch", f"[red]{EVIL}", 1, 2))
        progress(0, Event("cpu", "failed", EVIL, finished=1))


WAYS: dict[str, Callable[[Screen], object]] = {
    "text": lambda screen: screen.print(EVIL, **PLAIN),
    "several": lambda screen: screen.print("failed", EVIL, **PLAIN),
    "path": lambda screen: screen.print(Path(EVIL), **PLAIN),
    "rich text": lambda screen: screen.print(Text(EVIL)),
    "list": lambda screen: screen.print([EVIL]),
    "cell": lambda screen: screen.print(table(EVIL)),
    "rich cell": lambda screen: screen.print(table(Text(EVIL))),
    "bar": encoded,
    "worker": worker,
}


@pytest.mark.parametrize("way", WAYS)
def test_text_of_others_is_shown_and_does_nothing(way: str) -> None:
    screen = Screen(file=io.StringIO(), width=200, color_system=None)
    WAYS[way](screen)
    printed = screen.file.getvalue()  # type: ignore[attr-defined]
    assert not {"\x1b", "\x07", "\u202e", "\r", "\x9b"} & set(printed)
    assert not any(line.startswith("b") for line in printed.splitlines())


@pytest.mark.parametrize("markup", [False, True])
def test_a_name_between_colons_is_no_emoji(markup: bool) -> None:
    screen = Screen(file=io.StringIO())
    screen.print("folder:x: 55 %", markup=markup)
    screen.say("folder:x: 55 %")
    assert screen.file.getvalue() == "folder:x: 55 %\n" * 2  # type: ignore[attr-defined]


def test_brackets_in_the_title_of_a_bar_stand_there() -> None:
    screen = Screen(file=io.StringIO(), width=200, color_system=None)
    with bars(screen) as progress:
        assert isinstance(progress, Progress)
        progress.add_task("encoding folder:x[split=0.2]", total=1)
    assert "x[split=0.2]" in screen.file.getvalue()  # type: ignore[attr-defined]


@pytest.mark.parametrize("shown", [str, Text, table], ids=["text", "rich", "cell"])
def test_a_million_characters_are_shortened_at_once(shown: Callable[[str], str | Text | Table]) -> None:
    screen, start = Screen(file=io.StringIO(), width=100), time.process_time()
    screen.print(shown("x" * 10**6))
    assert time.process_time() - start < 1
    assert len(screen.file.getvalue()) < 5000  # type: ignore[attr-defined]


def test_everything_is_printed_on_the_screen() -> None:
    """No other console in the sources, and no bare print but in the script that stands alone beside a classifier."""
    for path in Path(benchmark.__file__).parent.rglob("*.py"):
        if path.name == "classify.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in ("Console", "print"), f"{path}, line {node.lineno}: use benchmark.screen"


def test_a_title_that_is_wider_than_its_table_stands_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    Screen().print(
        printed_table(["method", "estimate"], [("coop", "97.3")], "accuracy on about 377 held-out images, %")
    )
    assert capsys.readouterr().out.splitlines()[0].rstrip() == "accuracy on about 377 held-out images, %"


def test_a_bar_of_images_counts_the_views_that_are_encoded_after_them() -> None:
    screen = Screen(file=io.StringIO(), width=100)
    with bars(screen) as progress, encoding(progress, "images", 80) as tell:
        tell("images", 60, 60, 1.0)  # 20 were encoded before
        assert (progress.tasks[0].completed, progress.tasks[0].total) == (80, 80)
        tell("views", 200, 544, 1.0)
        assert (progress.tasks[0].completed, progress.tasks[0].total) == (200, 544)
