"""What tests share: the whole evidence, and a copy of the data that a test may spoil."""

from __future__ import annotations

from pathlib import Path

import pytest
from broken_data import DataFolder
from hypothesis import HealthCheck, settings

import ldnevidence as ldn
from ldnevidence import paths
from ldnevidence.evidence import Evidence

# No deadlines: a slow machine is no fault. The session-wide evidence is frozen, so sharing it is safe.
settings.register_profile(
    "ldnevidence", deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
settings.load_profile("ldnevidence")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def ev() -> Evidence:
    """All tables, every study."""
    return ldn.load()


@pytest.fixture
def data(tmp_path: Path) -> DataFolder:
    """A copy of the data that may be edited."""
    return DataFolder(tmp_path)


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    assert paths.root() == ROOT, "tests run on a checkout"
    return ROOT
