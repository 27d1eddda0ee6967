"""Folders and files that cannot be read or written: one line, and nothing is changed."""

from __future__ import annotations

import pytest

from tests.benchmark.commands.conftest import Refused

CASES = [
    ("bench --backbone=local-dir:/nowhere", "the folder /nowhere does not exist"),
    ("bench --backbone=ViT-B-32:/nowhere.pt", "the file /nowhere.pt does not exist"),
    ("sync --wandb=offline --wandb-entity=a/b", "should be the name of a user or a team"),
    (
        "sync --wandb=offline --wandb-tags=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "characters; W&B takes 64",
    ),
    ("bench --dry-run --datasets=folder:/nowhere", "/nowhere/train is not there"),
    ("bench --dry-run --datasets=dtd --data=/nowhere", "/nowhere/dtd/images is not there"),
    ("bench --dry-run --out=FILE", "FILE is a file"),
    ("bench --dry-run --out=FILE/out", "FILE is a file"),
    ("report --out=/nowhere", "there is no results folder /nowhere"),
    ("report --out=.", "holds no records of finished runs"),
    ("report --out=FILE", "there is no results folder FILE"),
    ("report --out=. --reference=nonsense", "unknown method 'nonsense'"),
    ("report --out=. --reference=gce[q=7]", "q=7 should be above 0 and at most 1"),
    ("sync --out=/nowhere --wandb=offline", "there is no results folder /nowhere"),
    ("sync --out=. --wandb=offline", "holds no records of finished runs"),
    ("fetch", "nothing to fetch; give --backbone=NAME/tag"),
    ("fetch --datasets=hf:", "write hf:owner/name"),
    ("fetch --backbone=hf-hub:", "write hf-hub:owner/name"),
    ("readme --reference=/nowhere --readme=FILE", "must hold once each"),
    ("readme --readme=/nowhere.md", "/nowhere.md cannot be read: No such file"),
    ("readme --reference=/nowhere --readme=PAGE", "/nowhere/leaderboard.csv cannot be read: No such file"),
    ("readme --check --reference=/nowhere --readme=PAGE", "/nowhere/leaderboard.csv cannot be read"),
    ("readme --publish=/nowhere", "there is no results folder /nowhere"),
    ("readme --readme=.", "cannot be read: Is a directory"),
    ("show abc", "there is no results folder results"),
    ("show abc --out=RECORDS", "no run in RECORDS/runs has a key that begins with 'abc'"),
    ("export abc --to=FILE", "FILE is a file; give a folder"),
    ("compare . .", "neither records"),
    ("bench --out=FOREIGN", "FOREIGN/leaderboard.csv was not written by promptnoise"),
    ("bench --dry-run --out=FOREIGN", "FOREIGN/leaderboard.csv was not written by promptnoise"),
    ("bench --out=LOOP", "LOOP is a link that leads nowhere"),
    ("bench --dry-run --out=LOOP/out", "LOOP is a link that leads nowhere"),
    ("bench --dry-run --out=/dev/null/x", "/dev/null is a file"),
    ("bench --backbone=RN50/openai --cache=FILE", "the cache folder FILE cannot be written: "),
    ("bench --dry-run --datasets=folder:FILE", "FILE is a file; unpack what is in it, and give the folder"),
    ("bench --dry-run --datasets=hf:/nowhere", "/nowhere is not in "),
    ("bench --dry-run --datasets=dtd --data=FILE", "FILE/dtd/images is not there"),
    ("bench --backbone=local-dir:FILE", "the folder FILE does not exist"),
    ("report --out=LOOP", "there is no results folder LOOP"),
    ("sync --out=FILE --wandb=offline", "there is no results folder FILE"),
    ("sync --wandb=disabled", "--wandb=online or --wandb=offline turns it on"),
    ("fetch --datasets=nope", "unknown data set 'nope'"),
    ("fetch --datasets=folder:/nowhere", "/nowhere/train is not there"),
    ("fetch --backbone=local-dir:/nowhere", "the folder /nowhere does not exist"),
    ("show KEY --out=MISPLACED", "is left out: it belongs in MISPLACED/runs/flipped/"),
    ("export KEY --out=MISPLACED", "is left out: it belongs in MISPLACED/runs/flipped/"),
    ("export KEY --out=RECORDS --words=false", "kept nothing that was learned"),
    ("export KEY --out=RECORDS --to=FILE/x", "--to FILE/x cannot be written: "),
    ("show KEY --out=/nowhere", "there is no results folder /nowhere"),
    ("show ../x --out=RECORDS", "no run in RECORDS/runs has a key that begins with '../x'"),
    ("compare RECORDS /nowhere", "/nowhere is no folder; compare takes two results folders"),
    ("compare FOREIGN FOREIGN", "FOREIGN/leaderboard.csv: not a leaderboard: it has no column 'dataset'"),
    ("readme --readme=BINARY", "BINARY is not text in UTF-8"),
    ("readme --reference=FOREIGN --readme=PAGE", "FOREIGN/leaderboard.csv: not a leaderboard"),
    ("readme --publish=RECORDS --reference=FILE", "the reference folder FILE cannot be written: "),
    ("speed --cases=", "no cases given; name at least one of text"),
    ("speed --out=FILE/x.csv", "the folder of --out FILE cannot be written: "),
    ("speed --threads=0", "threads is 0, should be at least 1"),
    ("speed --cases=tex", "unknown case 'tex': did you mean 'text'"),
    ("speed --rounds=0", "rounds is 0, should be at least 1"),
]


@pytest.mark.parametrize(("line", "message"), CASES, ids=[line for line, _ in CASES])
def test_folders_and_files_that_cannot_be_used_are_named_in_one_line(line: str, message: str, refused: Refused) -> None:
    refused(line, message)
