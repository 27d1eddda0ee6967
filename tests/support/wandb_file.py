"""Reads what W&B wrote in offline mode, with nothing but the format of its file: LevelDB's log of protocol buffers."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

BLOCK, HEAD = 32768, 7


def read(folder: Path) -> list[dict[str, Any]]:
    """The offline runs in a folder: config, group, kind, tags, history rows, summary, files, artifacts."""
    runs = [_run(file) for file in sorted(folder.glob("offline-run-*/run-*.wandb"))]
    return sorted(runs, key=lambda run: str(run["name"]))


def _run(file: Path) -> dict[str, Any]:
    from wandb.proto.wandb_internal_pb2 import Record

    run: dict[str, Any] = {"history": [], "summary": {}, "config": {}, "files": [], "artifacts": [], "ended": None}
    for content in _contents(file.read_bytes()):
        record = Record()
        record.ParseFromString(content)
        kind = record.WhichOneof("record_type")
        if kind == "run":
            own = record.run
            run |= {"id": own.run_id, "name": own.display_name, "group": own.run_group, "kind": own.job_type,
                    "tags": list(own.tags), "project": own.project}  # fmt: skip
            run["config"] |= {item.key: json.loads(item.value_json) for item in own.config.update}
        elif kind == "history":
            values = {
                "/".join(item.nested_key) or item.key: json.loads(item.value_json) for item in record.history.item
            }
            run["history"].append({name: value for name, value in values.items() if not name.startswith("_")})
        elif kind == "summary":
            run["summary"] |= {
                "/".join(item.nested_key) or item.key: json.loads(item.value_json) for item in record.summary.update
            }
        elif kind == "files":
            run["files"] += [item.path for item in record.files.files]
        elif kind == "artifact" or (kind == "request" and record.request.HasField("log_artifact")):
            artifact = record.artifact if kind == "artifact" else record.request.log_artifact.artifact
            run["artifacts"].append((artifact.type, sorted(entry.path for entry in artifact.manifest.contents)))
        elif kind == "exit":
            run["ended"] = record.exit.exit_code
    return run


def _contents(data: bytes) -> Iterator[bytes]:
    """Payloads of the log's records; one that crosses a block's end comes in parts (2 first, 3 middle, 4 last)."""
    place, whole = HEAD, b""
    while place + HEAD <= len(data):
        if BLOCK - place % BLOCK < HEAD:
            place += BLOCK - place % BLOCK
            continue
        _, length, kind = struct.unpack("<IHB", data[place : place + HEAD])
        whole += data[place + HEAD : place + HEAD + length]
        place += HEAD + length
        if kind in (1, 4):
            yield whole
            whole = b""
