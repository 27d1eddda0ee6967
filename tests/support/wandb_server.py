"""A small W&B server on the loopback address: what wandb's client asks while it logs runs, tables and artifacts."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import unquote

#: A key of the form that wandb's client accepts; it opens nothing.
KEY = "0" * 40
Answer = dict[str, Any]


@dataclass
class LoggedRun:
    """What the server holds of a run: what was said when it began, and its files, line by line or whole."""

    name: str
    project: str
    entity: str
    group: str = ""
    kind: str = ""
    title: str = ""
    tags: list[str] = field(default_factory=list)
    config: dict[str, Any] = field(default_factory=dict)
    lines: dict[int, dict[str, Any]] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    complete: bool = False

    @property
    def history(self) -> list[dict[str, Any]]:
        """The rows that were logged, without wandb's own values."""
        rows = [self.lines[number] for number in sorted(self.lines)]
        return [{name: value for name, value in row.items() if not name.startswith("_")} for row in rows]


class WandbServer:
    """Use as a context manager; `fault` is asked about each request and may answer with an HTTP status.

    A fault may sleep (slowness), return a status such as 403 (refusal) or 0 (the connection is cut).
    """

    def __init__(self) -> None:
        self.runs: dict[str, LoggedRun] = {}
        self.artifacts: dict[str, dict[str, Any]] = {}
        self.requests: list[str] = []
        self.fault: Callable[[str], int | None] = lambda request: None
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"server_state": self}))
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> WandbServer:
        Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    def environment(self) -> dict[str, str]:
        """The variables with which wandb's client logs here."""
        return {"WANDB_BASE_URL": self.url, "WANDB_API_KEY": KEY, "WANDB_ERROR_REPORTING": "false"}

    def answer(self, operation: str, query: str, asked: Answer) -> Answer:
        """The data of a GraphQL answer; fields that nobody asked for do no harm."""
        name = next((name for name in _ANSWERS if name in query), "")
        return _ANSWERS[name](self, asked) if name else {}

    def stream(self, path: str, content: Answer) -> None:
        """Takes lines of history and summary, each at its place in the file, and the end of a run."""
        run = self.runs[path.split("/")[4]]
        for name, chunk in content.get("files", {}).items():
            for place, line in enumerate(chunk["content"], chunk["offset"]):
                if name == "wandb-history.jsonl":
                    run.lines[place] = json.loads(line)
                elif name == "wandb-summary.json":
                    run.summary = json.loads(line)
        run.complete |= bool(content.get("complete")) and content.get("exitcode") == 0

    def put(self, path: str, content: bytes) -> None:
        """Takes a file of a run or an artifact."""
        _, kind, owner, name = path.split("/", 3)
        if kind == "run":
            self.runs[owner].files[unquote(name)] = content
        else:
            self.artifacts[owner]["files"][unquote(name)] = content

    def _upsert(self, asked: Answer) -> Answer:
        name, new = asked["name"], asked["name"] not in self.runs
        run = self.runs.setdefault(name, LoggedRun(name, asked["project"], asked["entity"] or "me"))
        for ours, theirs in (("group", "groupName"), ("kind", "jobType"), ("title", "displayName"), ("tags", "tags")):
            setattr(run, ours, asked[theirs] or getattr(run, ours))
        config = json.loads(asked["config"] or "{}")
        run.config |= {key: item["value"] for key, item in config.items()}
        return {"upsertBucket": {"bucket": self._bucket(run), "inserted": new}}

    def _bucket(self, run: LoggedRun) -> Answer:
        last = run.lines[max(run.lines)] if run.lines else {}
        began = {"t": run.config.get("_wandb", {}).get("t", {})}  # without it wandb takes a run for a new one
        config = {key: {"value": value} for key, value in run.config.items()}
        return {
            "id": f"id-{run.name}", "name": run.name, "displayName": run.title, "description": "", "sweepName": None,
            "config": json.dumps(config), "historyLineCount": len(run.lines), "eventsLineCount": 0, "logLineCount": 0,
            "historyTail": json.dumps([json.dumps(last)] if last else []), "eventsTail": "[]",
            "summaryMetrics": json.dumps(run.summary), "tags": run.tags, "notes": None,
            "wandbConfig": json.dumps(began),
            "project": {"id": "p", "name": run.project, "entity": {"id": "e", "name": run.entity}},
        }  # fmt: skip

    def _resume(self, asked: Answer) -> Answer:
        run = self.runs.get(asked["name"])
        entity = {"id": "e", "name": asked["entity"] or "me"}
        bucket = self._bucket(run) if run else None
        return {"model": {"id": "p", "name": asked["project"], "entity": entity, "bucket": bucket}}

    def _read(self, asked: Answer) -> Answer:
        """A run as it is asked for when it is read, with its files."""
        run = self.runs.get(asked["name"])
        if run is None:
            return {"project": {"run": None}}
        files = [{"cursor": name, "node": {"id": name, "name": name, "sizeBytes": len(run.files[name])}}
                 for name in asked.get("fileNames") or run.files if name in run.files]  # fmt: skip
        own = {"projectId": "1", "state": "finished" if run.complete else "running", "systemMetrics": "{}",
               "user": {"name": "me", "username": "me"}, "historyKeys": None, "fileCount": len(files),
               "files": {"edges": files, "pageInfo": {"hasNextPage": False, "endCursor": None}}}  # fmt: skip
        return {"project": {"internalId": "1", "run": {**self._bucket(run), **own}}}

    def _run_files(self, asked: Answer) -> Answer:
        files = [{"name": name, "uploadUrl": f"{self.url}/run/{asked['run']}/{name}"} for name in asked["files"]]
        return {"createRunFiles": {"runID": asked["run"], "uploadHeaders": [], "files": files}}

    def _artifact(self, asked: Answer) -> Answer:
        given = asked.get("input", asked)
        name = f"a{len(self.artifacts)}"
        self.artifacts[name] = {"type": given["artifactTypeName"], "name": given["artifactCollectionName"], "files": {},
                                "committed": False}  # fmt: skip
        return {"createArtifact": {"artifact": {"id": name, "digest": given.get("digest"), "state": "PENDING",
                "artifactSequence": {"id": "s", "latestArtifact": None}}}}  # fmt: skip

    def _manifest(self, asked: Answer) -> Answer:
        artifact = asked.get("input", asked).get("artifactID")
        file = {"id": "f", "name": "wandb_manifest.json", "displayName": "wandb_manifest.json", "uploadHeaders": [],
                "uploadUrl": f"{self.url}/artifact/{artifact}/wandb_manifest.json"}  # fmt: skip
        return {"createArtifactManifest": {"artifactManifest": {"id": "m", "file": file}}}

    def _artifact_files(self, asked: Answer) -> Answer:
        given = asked.get("input", asked)
        nodes = [
            {"id": spec["name"], "name": spec["name"], "displayName": spec["name"], "uploadHeaders": [],
             "uploadUrl": f"{self.url}/artifact/{spec['artifactID']}/{spec['name']}", "uploadMultipartUrls": None,
             "storagePath": spec["name"], "artifact": {"id": spec["artifactID"]}}
            for spec in given["artifactFiles"]
        ]  # fmt: skip
        return {"createArtifactFiles": {"files": {"edges": [{"node": node} for node in nodes]}}}

    def _commit(self, asked: Answer) -> Answer:
        name = asked.get("input", asked)["artifactID"]
        self.artifacts[name]["committed"] = True
        return {"commitArtifact": {"artifact": {"id": name, "digest": "d"}}}

    def _viewer(self, asked: Answer) -> Answer:
        version = {"outOfDate": False, "latestVersionString": "0", "versionOnThisInstanceString": "0"}
        viewer = {"id": "u", "entity": "me", "username": "me", "email": "", "flags": "{}", "teams": {"edges": []}}
        return {"viewer": viewer, "serverInfo": {"cliVersionInfo": {"max_cli_version": "9"}, "features": [],
                "latestLocalVersionInfo": version}}  # fmt: skip


#: What is asked for, found by the field's name in the query, and who answers; the first that fits.
_ANSWERS: dict[str, Callable[[WandbServer, Answer], Answer]] = {
    "upsertBucket": WandbServer._upsert,
    "fragment RunFragment": WandbServer._read,
    "query RunFiles": WandbServer._read,
    "historyLineCount": WandbServer._resume,
    "createRunFiles": WandbServer._run_files,
    "createArtifactManifest": WandbServer._manifest,
    "createArtifactFiles": WandbServer._artifact_files,
    "createArtifact": WandbServer._artifact,
    "commitArtifact": WandbServer._commit,
    "artifactType {": lambda server, asked: {"project": {"artifact": None}},
    "__type": lambda server, asked: {"__type": {"fields": [], "inputFields": []}},
    "viewer": WandbServer._viewer,
    "serverInfo": lambda server, asked: {"serverInfo": {"features": []}},
}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_state: WandbServer

    def log_message(self, format: str, *values: object) -> None:
        pass

    def handle(self) -> None:
        with suppress(ConnectionError):
            super().handle()

    def do_GET(self) -> None:
        self._serve(f"GET {self.path}", lambda content: {})

    def do_PUT(self) -> None:
        def take(content: bytes) -> Answer:
            self.server_state.put(self.path, content)
            return {}

        self._serve(f"PUT {self.path}", take)

    def do_POST(self) -> None:
        content = self._body()
        if not self.path.startswith("/graphql"):
            self._stream(content)
            return
        request = json.loads(content)
        operation = re.search(r"(?:query|mutation)\s*(\w*)", request["query"])
        name = operation.group(1) if operation else ""
        variables = request.get("variables") or {}
        self._serve(
            f"QUERY {name}", lambda _: {"data": self.server_state.answer(name, request["query"], variables)}, content
        )

    def _stream(self, content: bytes) -> None:
        def take(content: bytes) -> Answer:
            self.server_state.stream(self.path, json.loads(content))
            return {"limits": {}, "exitcode": None}

        self._serve(f"POST {self.path}", take, content)

    def _serve(self, request: str, take: Callable[[bytes], Answer], content: bytes | None = None) -> None:
        content = self._body() if content is None else content
        self.server_state.requests.append(request)
        status = self.server_state.fault(request)
        if status == 0:
            self.close_connection = True
            self.connection.close()
            return
        text = json.dumps(take(content) if status is None else {"errors": [{"message": "refused"}]}).encode()
        self.send_response(status or 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def _body(self) -> bytes:
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        return gzip.decompress(content) if self.headers.get("Content-Encoding") == "gzip" else content
