"""`make shots`: take the README's screenshots from the running app, in both languages, while it really trains."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, ViewportSize, expect

from lib.config import ROOT
from lib.datasets.samples import SAMPLES
from scripts.browsing import Server, chromium, free_port

FOLDER = ROOT / "docs" / "screens"
LANGUAGES = {"en": "en", "zh": "zh_CN"}
SIZE = ViewportSize(width=1280, height=860)
TRAINED_ENOUGH = 25
"""Percent of the job after which its curves are worth a picture."""
MINUTES = 60_000
CHART = "[data-testid=stVegaLiteChart]"

expect.set_options(timeout=60_000)


def main() -> int:
    """Walk the road once and leave twelve pictures."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, chromium() as browser:
        server = Server(Path(folder) / "home", free_port())
        server.home.mkdir()
        server.start()
        try:
            walk(Walk(browser, server.url))
        finally:
            server.stop()
    return 0


class Walk:
    """One tab in each language on the same server."""

    def __init__(self, browser: Browser, url: str) -> None:
        self.url = url
        self.tabs = {tag: browser.new_page(viewport=SIZE, device_scale_factor=1.5) for tag in LANGUAGES}
        self.tab: Page = self.tabs["en"]

    def picture(self, name: str, path: str, *ready: str) -> None:
        """Save a page in each language once what `ready` selects is there."""
        for tag, tab in self.tabs.items():
            tab.goto(f"{self.url}/{path}{'&' if '?' in path else '?'}lang={LANGUAGES[tag]}")
            expect(tab.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_visible()
            for selector in ready:
                expect(tab.locator(selector).first).to_be_visible()
            tab.wait_for_timeout(1_500)  # charts and fonts settle
            tab.screenshot(path=FOLDER / f"{name}.{tag}.png")

    def where(self) -> str:
        """Return the tab's address behind the server's, without a language."""
        return self.tab.url.removeprefix(f"{self.url}/").replace("&lang=en", "").replace("lang=en&", "")

    def press(self, key: str) -> None:
        """Press the button that the code calls by that key."""
        self.tab.locator(f".st-key-{key}").get_by_role("button").click()


def walk(road: Walk) -> None:
    """Take each picture where the road passes it."""
    road.picture("home", "", ".st-key-home_tour")
    road.tab.goto(f"{road.url}/?lang=en")
    road.press("home_tour")
    road.tab.wait_for_url("**/data?**")
    road.picture("data", road.where(), ".st-key-data_save")
    road.press("data_save")
    road.press("data_train")
    road.tab.wait_for_url("**/train?**")
    road.picture("train", road.where(), ".st-key-train_launch")
    road.press("train_launch")
    road.tab.wait_for_url("**/jobs?**")
    job = road.where()
    bar = road.tab.locator("[data-testid=stProgress] [role=progressbar]")
    expect(bar).to_be_visible(timeout=2 * MINUTES)
    while int(bar.get_attribute("aria-valuenow") or 100) < TRAINED_ENOUGH:
        road.tab.wait_for_timeout(500)
    road.picture("jobs", job, CHART)
    talk = road.tab.locator("a[href*='playground'][href*='model=']")
    expect(talk).to_be_visible(timeout=6 * MINUTES)
    road.picture("results", f"results?{job.partition('?')[2]}", CHART)
    road.tab.goto(f"{road.url}/{job}&lang=en")
    talk.click()
    road.tab.wait_for_url("**/playground?**")
    box = road.tab.locator(".st-key-playground_prompt textarea")
    box.fill(next(sample.ask for sample in SAMPLES if sample.key == "stories"))
    box.press("Enter")
    expect(road.tab.get_by_text("tokens/s")).to_be_visible(timeout=2 * MINUTES)
    road.picture("playground", road.where(), "[data-testid=stChatMessage]")


if __name__ == "__main__":
    sys.exit(main())
