"""From a spreadsheet to a model that writes, in a real browser, in both languages."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from scripts.browsing import Server
from tests.e2e import road
from tests.e2e.road import key

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(500)]

WATCH_ANSWER = """() => {
    window.__lengths = [];
    const look = () => {
        const texts = document.querySelectorAll('[data-testid=stChatMessage] [data-testid=stText]');
        const length = texts.length < 2 ? 0 : texts[texts.length - 1].textContent.length;
        if (length && length !== window.__lengths.at(-1)) window.__lengths.push(length);
    };
    new MutationObserver(look).observe(document.body, {subtree: true, childList: true, characterData: true});
}"""


@pytest.mark.parametrize(
    ("context", "title", "chart_title"),
    [("zh-CN", "数据", "结果"), ("en-US", "Data", "Results")],
    indirect=["context"],
)
def test_a_spreadsheet_becomes_a_model_that_writes(server: Server, page: Page, title: str, chart_title: str) -> None:
    road.prepare(page, server.url, road.stories(server.home.parent, rows=200))
    expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible()

    job = road.launch(page, epochs=3)
    chart = page.locator(road.CHART).first
    expect(chart).to_be_visible(timeout=120_000)
    step = page.locator("[data-testid=stProgress]").inner_text()
    before = chart.screenshot()
    expect(page.locator("[data-testid=stProgress]")).not_to_have_text(step, timeout=60_000)
    page.wait_for_timeout(2_000)
    assert chart.screenshot() != before, "the curve stands still while the model trains"
    road.wait_until_done(page)

    page.locator("a[href*='results'][href*='job=']").click()
    expect(page.get_by_role("heading", name=chart_title, exact=True)).to_be_visible()
    expect(page.locator(road.CHART)).to_have_count(2)

    page.goto(job)
    page.locator("a[href*='playground'][href*='model=']").click()
    page.wait_for_url("**/playground?**")
    page.evaluate(WATCH_ANSWER)
    box = key(page, "playground_prompt").locator("textarea")
    box.fill("唐,隐形,轻松")
    box.press("Enter")
    expect(page.get_by_text("tokens/s").or_(page.get_by_text("词元/秒"))).to_be_visible(timeout=120_000)
    lengths = page.evaluate("window.__lengths")
    assert len(lengths) >= 10, f"the text did not arrive bit by bit: {lengths}"
    answer = page.locator("[data-testid=stChatMessage] [data-testid=stText]").last.inner_text()
    assert len(answer) > 10

    page.reload()
    expect(page.locator("[data-testid=stChatMessage] [data-testid=stText]").last).to_have_text(answer)
    page.goto(f"{server.url}/data")
    expect(key(page, "data_versions").or_(key(page, "data_train")).first).to_be_visible()
    page.goto(job)
    expect(page.locator("a[href*='playground'][href*='model=']")).to_be_visible()
