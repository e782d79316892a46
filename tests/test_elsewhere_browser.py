"""The dashboard where the page is not ours: under Voila as it comes, as on Binder. JupyterLab is alike."""

from __future__ import annotations

import os
from typing import Any

import pytest

from ldnevidence.paths import dashboard_notebook
from tests import browser
from tests.browser import Visit

if browser.CHROMIUM is None and os.environ.get("LDNEVIDENCE_REQUIRE_BROWSER"):
    pytest.fail("Chromium is needed here and was not found", pytrace=False)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(browser.CHROMIUM is None, reason="browser tests need Chromium, and none was found"),
]


def test_the_dashboard_works_under_voila_s_own_template(chromium: Any) -> None:
    with browser.stock_voila(dashboard_notebook()) as address:
        visit = Visit(chromium, f"{address}?tab=compare&condition=fibromyalgia")
        page = visit.page
        page.get_by_role("heading", name="Fibromyalgia, all doses").wait_for()  # the link was followed
        page.locator(".js-plotly-plot .main-svg").first.wait_for()
        assert "Education, not medical advice" in page.locator(".ldn-header").inner_text()
        page.get_by_role("button", name="Safety").click()
        page.get_by_role("heading", name="Harms counted on LDN and on placebo").wait_for()
        assert not page.locator(".ldn-command").is_visible()
        assert page.get_by_role("button", name="Copy a link to this view").count() == 0
        page.close()
