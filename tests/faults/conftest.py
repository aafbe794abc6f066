"""The dice of the fault harness, and its runs."""

import os
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from tests.faults.driver import Run

SEED = "FAULT_SEED"


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> str:
    """What this test's dice are thrown with: from the environment, else new; it is printed."""
    base = os.environ.get(SEED) or str(random.randrange(10**6))
    sys.stdout.write(f"{SEED}={base}\n")
    return f"{base} {request.node.originalname}"


@pytest.fixture
def make_run(app: Flask, tmp_path: Path, seed: str) -> Callable[..., Run]:
    """Return what makes a run on this test's installation."""

    def make(**facts: Any) -> Run:
        folder = tmp_path / "run"
        folder.mkdir()
        return Run(app, folder, seed, **facts)

    return make
