"""What all tests share: one property-test profile, and the way to the data folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# No deadline: continuous integration shares its cores. Derandomised: a red run is red again.
settings.register_profile("aisle", deadline=None, derandomize=True, max_examples=60, print_blob=True)
settings.load_profile("aisle")


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of real recordings and models that docs/data.md describes; skips where there is none."""
    named = os.environ.get("AISLE_DATA", "")
    if not named:
        pytest.skip("AISLE_DATA is not set: no folder of real recordings (docs/data.md says how to gather one)")
    folder = Path(named)
    if not folder.is_dir():
        pytest.skip(f"AISLE_DATA names {folder}, which is no folder (docs/data.md says how to gather one)")
    return folder
