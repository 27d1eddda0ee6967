"""The runner: command line, grid, packs, fan-out, records, leaderboard, report."""

#: Bumped whenever a change moves numbers; records of another version are never mixed in silently.
PROTOCOL = 7


def version() -> str:
    """The version that is installed, or that this is a checkout which is not."""
    from importlib import metadata

    try:
        return metadata.version("promptnoise")
    except metadata.PackageNotFoundError:
        return "(not installed)"
