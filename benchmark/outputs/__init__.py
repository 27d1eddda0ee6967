"""The one door for files that commands write: ours are replaced, everything else is kept.

A file is ours if the list in its folder has its hash, or if a mark in it says so. Links are not followed, devices not
written to, and what a command reads it does not replace. docs/security.md has the table of all files.
"""

from benchmark.outputs.manifest import MANIFEST
from benchmark.outputs.output_folder import Outputs
from benchmark.outputs.place import check_folders
from benchmark.outputs.single import OneFile

__all__ = ["MANIFEST", "OneFile", "Outputs", "check_folders"]
