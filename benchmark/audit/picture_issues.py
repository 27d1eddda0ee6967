"""Pictures that are dark, blurred, tiny or of an odd shape, as cleanvision (an extra) finds them."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping, Sequence
from importlib.util import find_spec

from benchmark.audit.doubtful import Doubtful, Picked
from datamodules.dataset import Images
from datamodules.formats.images import FileImages
from datamodules.formats.picture_files import KNOWN

#: What cleanvision calls an issue, and what we do.
ISSUES = KNOWN["issues"]
IS_INSTALLED = find_spec("cleanvision") is not None
HINT = "`pip install 'promptnoise[quality]'` lets an audit also find dark, blurred and tiny pictures"


def picture_issues(data: Doubtful) -> Mapping[str, str]:
    """What is odd about pictures, by file; nothing without cleanvision. Only pictures in files are looked at."""
    if not IS_INSTALLED:
        return {}
    paths = paths_of(data.images)
    if not paths:
        return {}
    from cleanvision import Imagelab

    with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
        lab = Imagelab(filepaths=list(paths), verbose=False)
        lab.find_issues({name: {} for name in ISSUES}, verbose=False)
    found = {}
    for file, path in zip(data.files, paths, strict=True):
        if words := [word for name, word in ISSUES.items() if lab.issues.at[path, f"is_{name}_issue"]]:
            found[file] = ", ".join(words)
    return found


def paths_of(images: Images) -> Sequence[str]:
    """The files that images lie in; none where they lie in no files."""
    if isinstance(images, Picked):
        every = paths_of(images.images)
        return [every[row] for row in images.rows.tolist()] if every else []
    return [str(images.root / path) for path in images.paths] if isinstance(images, FileImages) else []
