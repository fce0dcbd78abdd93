"""The steps of the road as a person takes them in the browser, found by key so that they work in any language."""

from __future__ import annotations

import csv
import re
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from lib.config import SAMPLES

MINUTES_TO_TRAIN = 4 * 60_000
CHART = "[data-testid=stVegaLiteChart]"


def key(page: Page, name: str) -> Locator:
    """Return the element that the code calls `key=name`."""
    return page.locator(f".st-key-{name}")


def stories(folder: Path, rows: int) -> Path:
    """Write the first rows of the story sample as a CSV of its own, as an analyst would bring it."""
    with (SAMPLES / "stories.csv").open(encoding="utf-8-sig", newline="") as file:
        chosen = list(csv.reader(file))[: rows + 1]
    path = folder / "my stories.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(chosen)
    return path


def settled(page: Page) -> None:
    """Wait until the page's script has run to its end."""
    expect(page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_visible()


def prepare(page: Page, url: str, file: Path) -> None:
    """Upload a file and save it as a dataset version."""
    page.goto(f"{url}/data")
    page.locator("input[type=file]").set_input_files(file)
    key(page, "data_save").get_by_role("button").click()
    expect(key(page, "data_train").get_by_role("button")).to_be_visible()
    settled(page)


def open_form(page: Page, epochs: int) -> Locator:
    """Go from the saved version to the launch form, set the epochs, and return the launch button."""
    key(page, "data_train").get_by_role("button").click()
    field = key(page, "train_epochs").locator("input")
    field.fill(str(epochs))
    field.press("Tab")
    expect(page.locator("[data-testid=stMetricLabel]").filter(has_text=str(epochs))).to_be_visible()
    settled(page)
    return key(page, "train_launch").get_by_role("button")


def launch(page: Page, epochs: int = 1) -> str:
    """Launch from the form and return the job's address."""
    open_form(page, epochs).click()
    page.wait_for_url(re.compile(r"/jobs\?.*job="))
    return page.url


def wait_until_done(page: Page) -> None:
    """Wait on a job's page until it offers the model."""
    expect(page.locator("a[href*='playground'][href*='model=']")).to_be_visible(timeout=MINUTES_TO_TRAIN)
