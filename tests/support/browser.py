"""A headless browser for the report, where there is one."""

from __future__ import annotations

import html
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
         "--virtual-time-budget=5000")  # fmt: skip

_BEFORE = """<script>
  const faults = [];
  addEventListener("error", (event) => faults.push(event.message));
  addEventListener("securitypolicyviolation", (event) => faults.push(`${event.violatedDirective} ${event.blockedURI}`));
</script>"""

_AFTER = """<script>
  let answer;
  try { answer = (() => { %s })(); } catch (error) { faults.push(String(error)); }
  const note = {answer: answer ?? null, faults};
  (window === parent ? (n) => show(n) : (n) => parent.postMessage(n, "*"))(note);
  function show(n) {
    document.body.append(Object.assign(document.createElement("pre"), {id: "note", textContent: JSON.stringify(n)}));
  }
</script>"""

_FRAME = """<!doctype html><body style="margin:0">
<script>addEventListener("message", ({data}) => document.body.append(
  Object.assign(document.createElement("pre"), {id: "note", textContent: JSON.stringify(data)})));</script>
<iframe style="border:0;width:%dpx;height:3000px" srcdoc="%s"></iframe>"""


def ask(page: str, question: str, folder: Path, width: int = 1280) -> Any:
    """Open a page at some width and return what a piece of JavaScript returns there.

    Fails if the page raised an error or reached for anything outside itself.
    """
    if BROWSER is None:
        pytest.skip("no Chromium or Chrome is installed")
    folder.mkdir(exist_ok=True)
    probed = page.replace("<head>", f"<head>{_BEFORE}").replace("</body>", f"{_AFTER % question}</body>")
    if width < 500:  # a window cannot be as narrow as a phone, a frame can
        probed = _FRAME % (width, html.escape(probed))
    file = folder / "page.html"
    file.write_text(probed, encoding="utf-8")
    command = [
        BROWSER,
        *FLAGS,
        f"--user-data-dir={folder / 'profile'}",
        f"--window-size={max(width, 500)},900",
        "--dump-dom",
    ]
    done = subprocess.run([*command, file.as_uri()], capture_output=True, text=True, timeout=120, check=True)
    note = done.stdout.rsplit('<pre id="note">', 1)[1].split("</pre>", 1)[0]
    found = json.loads(html.unescape(note))
    assert found["faults"] == []
    return found["answer"]
