"""The runner: command line, grid, packs, fan-out, records, leaderboard, report."""

#: Bumped whenever a change moves numbers; records of another version are never mixed in silently.
PROTOCOL = 2
