"""One thread: the tensors of the tests are tiny, and a second thread on a busy machine makes them ten times slower."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
