"""The program: `promptnoise`, or `python -m promptnoise`."""

import sys

from benchmark.__main__ import main

if __name__ == "__main__":
    sys.exit(main())
