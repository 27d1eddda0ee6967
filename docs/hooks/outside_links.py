"""Lets pages link to files of the project outside docs/, as one sees them in the repository."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)#\s:]+)\)")


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Links to a method's file lead to its page; other files are copied to the site; of folders the text stays."""
    folder = posixpath.dirname(page.file.src_uri)

    def rewritten(match: re.Match[str]) -> str:
        sign, text, link = match.groups()
        place = posixpath.normpath(posixpath.join("docs", folder, link))
        target = ROOT / place
        if place.startswith("docs/") or not target.exists():
            return match[0]
        if target.is_dir():
            return text
        method = f"methods/{target.stem}.md"
        if place == f"methods/{target.stem}.py" and files.get_file_from_path(method):
            return f"[{text}]({posixpath.relpath(method, folder or '.')})"
        copy = f"files/{place}"
        if not files.get_file_from_path(copy):
            files.append(File.generated(config, copy, abs_src_path=str(target)))
        return f"{sign}[{text}]({posixpath.relpath(copy, folder or '.')})"

    return LINK.sub(rewritten, markdown)
