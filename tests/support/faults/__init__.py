"""Disturbs whole commands at chosen moments, and checks that the same command again ends as if nothing had been.

`python -m tests.support.faults --trials=60 --seed=1` prints a table of what was tried and survived.
"""
