"""The data workbench in a real browser: fixes, changes by hand, large files, and cells that mean harm."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from scripts.browsing import Server
from tests.bench.corpus import write_rows
from tests.e2e import road
from tests.e2e.road import key

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

VIEWS = ("Preview", "Problems", "Rows", "Tokens and cost", "Services")
ROW_HEIGHT, MARK = 35, 16
"""Pixels of a row of a table, and from its left edge to the box that ticks it."""


def figures(page: Page, examples: str = "") -> Locator:
    """Return the line that says how many examples and tokens the file gives."""
    return page.get_by_role("heading", name=re.compile(rf"Examples:\W*{examples}.* · Tokens"))


def open_view(page: Page, name: str) -> None:
    """Open one part of the page."""
    key(page, "data_view").get_by_role("radio", name=re.compile(name)).click()
    road.settled(page)


def unfold(page: Page) -> None:
    """Open all that is folded."""
    folded = page.locator("[data-testid=stExpander] details:not([open]) > summary:visible")
    while folded.count():
        folded.first.click()
        road.settled(page)


def tick(page: Page, row: int) -> None:
    """Tick a row, from 0, in the table of rows; it is a canvas."""
    table = page.get_by_role("region", name="Rows of the file", exact=True).first
    expect(table.locator("canvas").first).to_be_visible()
    road.settled(page)
    table.click(position={"x": MARK, "y": ROW_HEIGHT * (row + 1.5)})
    road.settled(page)


def messy(folder: Path) -> Path:
    """Write what a colleague's spreadsheet gives: semicolons, GB18030, a row twice, a mail address, no answer."""
    rows = [[f"第{n}题是什么？", f"答案是 {n * n}。"] for n in range(12)]
    rows[5][1] = "请写信到 anna.liu@example.com。"
    rows += [rows[3], ["没有答案的题", ""]]
    path = folder / "messy.csv"
    with path.open("w", encoding="gb18030", newline="") as file:
        csv.writer(file, delimiter=";").writerows([["question", "answer"], *rows])
    return path


def test_a_messy_file_is_fixed_changed_by_hand_and_saved_byte_for_byte(server: Server, page: Page) -> None:
    page.goto(f"{server.url}/data")
    page.locator("input[type=file]").set_input_files(messy(server.home.parent))
    expect(figures(page, "13")).to_be_visible()
    open_view(page, "Problems")
    accept = key(page, "data_finding_duplicate_rows_accept").get_by_role("button")
    accept.click()
    expect(figures(page, "12")).to_be_visible()
    key(page, "data_accepted").get_by_role("button").click()
    expect(figures(page, "13")).to_be_visible()
    expect(accept).to_be_visible()
    key(page, "data_accept_all").get_by_role("button").click()
    expect(figures(page, "12")).to_be_visible()

    open_view(page, "Rows")
    tick(page, 2)
    key(page, "data_rows_edit").get_by_role("button").click()
    page.get_by_role("dialog").get_by_label("answer").fill("答案是四。")
    key(page, "data_cell_save").get_by_role("button").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.reload()
    expect(figures(page, "12")).to_be_visible()
    open_view(page, "Rows")
    tick(page, 0)
    key(page, "data_rows_exclude").get_by_role("button").click()
    expect(figures(page, "11")).to_be_visible()
    page.reload()
    expect(figures(page, "11")).to_be_visible()
    key(page, "data_save").get_by_role("button").click()
    with page.expect_download() as download:
        page.locator("[class*=st-key-data_download_] button").click()
    answers = {n: f"答案是 {n * n}。" for n in range(1, 12)} | {2: "答案是四。", 5: "请写信到 [EMAIL]。"}
    lines = [
        json.dumps({"prompt": f"第{n}题是什么？ ->", "completion": f"{answer}###"}, ensure_ascii=False)
        for n, answer in answers.items()
    ]
    assert download.value.path().read_bytes() == "".join(f"{line}\n" for line in lines).encode()


def test_a_large_file_shows_its_progress_can_be_stopped_and_leaves_the_pages_usable(server: Server, page: Page) -> None:
    path = server.home.parent / "large.jsonl"
    write_rows(path, 30_000)
    page.goto(f"{server.url}/data")
    page.locator("input[type=file]").set_input_files(path)
    expect(figures(page, "about")).to_be_visible()
    expect(key(page, "data_progress_survey").locator("[data-testid=stProgress]")).to_be_visible()
    open_view(page, "Tokens and cost")
    expect(page.locator(road.CHART)).to_be_visible()
    expect(key(page, "data_stop_survey")).to_be_visible()
    key(page, "data_stop_survey").get_by_role("button").click()
    again = key(page, "data_again_survey").get_by_role("button")
    expect(again).to_be_visible()
    expect(figures(page, "about")).to_be_visible()
    again.click()
    expect(key(page, "data_progress_survey")).to_be_visible()
    page.reload()
    expect(figures(page, "30,000")).to_be_visible(timeout=120_000)
    expect(key(page, "data_progress_survey")).to_have_count(0)


def test_hostile_cells_fetch_and_run_nothing_on_any_view(
    server: Server, page: Page, canary: tuple[str, list[str]]
) -> None:
    stranger, asked = canary
    cells = [
        f"![x]({stranger}/md.png)",
        f"<img src={stranger}/tag.png onerror='window.__pwned=1'><script>window.__pwned=1</script>",
        f'=HYPERLINK("{stranger}/formula","go")',
        f"[go]({stranger}/link) <{stranger}/auto> :material/home: :red[x] $x^2$",
        "\u202eevil\u202c \u2066x\u2069 mail me: someone@example.com",
    ]
    path = server.home.parent / "hostile.csv"
    columns = [f"![q]({stranger}/head.png)", f"<b>a</b> ![a]({stranger}/head2.png)"]
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = [[f"{cell} {n}", f"{cell} answer"] for n in range(3) for cell in cells]
        csv.writer(file).writerows([columns, *rows, rows[0]])
    page.goto(f"{server.url}/data")
    page.locator("input[type=file]").set_input_files(path)
    expect(figures(page)).to_be_visible()
    for name in VIEWS:
        open_view(page, name)
        unfold(page)
    open_view(page, "Rows")
    tick(page, 0)
    key(page, "data_rows_edit").get_by_role("button").click()
    expect(page.get_by_role("dialog").locator("textarea").first).to_have_value(re.compile("md.png"))
    page.keyboard.press("Escape")
    assert page.get_by_label("Download as CSV").count() == 0
    assert page.evaluate("window.__pwned") is None
    assert page.locator(f"a[href^='{stranger}'], img[src^='{stranger}']").count() == 0
    assert asked == []
