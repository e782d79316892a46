"""What tests share: the whole evidence, and a copy of the data that a test may spoil."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

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


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """The real dashboard, served by Voila in a process of its own."""
    from tests import browser

    with browser.dashboard() as url:
        yield url


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A real Chromium."""
    from playwright.sync_api import sync_playwright

    from tests import browser

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=browser.CHROMIUM, args=browser.ARGUMENTS)
        yield started
        started.close()


@pytest.fixture(scope="session")
def wide(chromium: Any, address: str) -> Iterator[Any]:
    """The dashboard on a wide screen, one page for all tests that do not need a fresh one."""
    from tests import browser

    opened = browser.Visit(chromium, address)
    yield opened
    opened.page.close()


@pytest.fixture(scope="session")
def narrow(chromium: Any, address: str) -> Iterator[Any]:
    """The dashboard on a telephone."""
    from tests import browser

    opened = browser.Visit(chromium, address, width=390)
    yield opened
    opened.page.close()
