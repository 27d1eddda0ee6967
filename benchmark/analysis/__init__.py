"""Records to numbers: leaderboard, statistics, choices; no drawing and no terminal."""
