"""What every test can ask for."""

import gc
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

pytest_plugins = ["tests.databases", "tests.house", "tests.browser.running"]

# No deadline: tests never time anything. Derandomised, so that a run says the same everywhere.
settings.register_profile("threefold", deadline=None, derandomize=True, max_examples=20)
settings.register_profile("thorough", deadline=None, derandomize=True, max_examples=300)
settings.load_profile("threefold")

MEMORY = Path("/dev/shm")  # noqa: S108 - Linux's folder in memory; what is made in it is made by mkdtemp
ENOUGH = 4 * 1024**3  # bytes: two browsers, a database server and whatever a few tests leave

# Nothing here has to outlive a power cut, and every commit would wait for the disk.
if "TMPDIR" not in os.environ and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ENOUGH:
    os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)


def pytest_collection_finish(session: pytest.Session) -> None:
    """What is loaded by now stays until the end: looking through it for what can go took a tenth of a run."""
    del session
    gc.collect()
    gc.freeze()
