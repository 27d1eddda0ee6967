"""The program: `promptnoise`, or `python -m promptnoise`."""

from benchmark.__main__ import run

if __name__ == "__main__":
    run()
