"""What must never happen, each measured to happen with the obvious way of writing it."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import time
from contextlib import closing

import psutil
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from scripts.browsing import Server
from tests.e2e import road
from tests.e2e.road import key

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(500)]


def jobs_of(server: Server, engine: bool = False) -> list[str]:
    """Return the job ids in the dashboard's database, or in the engine's."""
    where = next((server.home / "engine").glob("*.db")) if engine else server.home / "tuneboard.db"
    with closing(sqlite3.connect(where)) as database:
        return [row[0] for row in database.execute("SELECT id FROM jobs")]


@pytest.mark.parametrize("path", ["data", "train", "jobs", "results", "playground"])
def test_a_cold_deep_link_goes_through_the_shell(server: Server, page: Page, path: str) -> None:
    page.goto(f"{server.url}/{path}?lang=zh_CN")
    expect(page.locator("[data-testid=stSidebarNav]")).to_contain_text("首页")
    expect(key(page, "shell_language")).to_be_visible()


def test_a_double_click_and_a_closed_tab_give_one_job(server: Server, context: BrowserContext) -> None:
    page = context.new_page()
    road.prepare(page, server.url, road.stories(server.home.parent, rows=40))
    button = road.open_form(page, epochs=1)
    other = context.new_page()
    other.goto(page.url)
    expect(key(other, "train_launch").get_by_role("button")).to_be_visible()
    road.settled(other)
    button.dblclick(no_wait_after=True)
    key(other, "train_launch").get_by_role("button").click(no_wait_after=True)
    page.close()
    other.close()

    look = context.new_page()
    deadline = time.monotonic() + 20
    while not jobs_of(server) and time.monotonic() < deadline:
        look.goto(f"{server.url}/jobs")
        road.settled(look)
    look.goto(f"{server.url}/jobs?job={jobs_of(server)[0]}")
    road.wait_until_done(look)
    assert len(jobs_of(server)) == 1
    assert len(jobs_of(server, engine=True)) == 1


def test_a_reload_or_a_killed_server_at_any_moment_loses_nothing(server: Server, page: Page) -> None:
    page.goto(f"{server.url}/data")
    page.locator("input[type=file]").set_input_files(road.stories(server.home.parent, rows=60))
    field = page.get_by_role("textbox", name="Stop sequence")
    field.fill("<END>")
    field.press("Tab")
    road.settled(page)
    page.reload()
    expect(page.get_by_role("textbox", name="Stop sequence")).to_have_value("<END>")
    server.stop(signal.SIGKILL)
    server.start()
    page.reload()
    expect(page.get_by_role("textbox", name="Stop sequence")).to_have_value("<END>")

    key(page, "data_save").get_by_role("button").click()
    road.open_form(page, epochs=2)
    page.reload()
    expect(key(page, "train_epochs").locator("input")).to_have_value("2")
    key(page, "train_launch").get_by_role("button").click()
    page.wait_for_url(re.compile(r"/jobs\?.*job="))
    expect(page.locator("[data-testid=stProgress]")).to_be_visible(timeout=120_000)
    server.stop(signal.SIGKILL)
    server.start()
    page.reload()
    road.wait_until_done(page)
    assert len(jobs_of(server, engine=True)) == 1


def test_a_killed_engine_is_said_and_started_again(server: Server, page: Page) -> None:
    page.goto(server.url)
    expect(key(page, "home_backend")).to_contain_text("Engine ready")
    engine = engine_of(server)
    os.kill(engine, signal.SIGKILL)
    expect(page.get_by_text("Last restart")).to_be_visible()
    expect(key(page, "home_backend")).to_contain_text("Engine ready")
    assert engine_of(server) != engine


def engine_of(server: Server) -> int:
    """Return the process id of the server's engine."""
    assert server.process
    children = psutil.Process(server.process.pid).children(recursive=True)
    return next(child.pid for child in children if "lib.engine" in child.cmdline())


def test_text_from_a_file_never_renders(server: Server, page: Page, canary: tuple[str, list[str]]) -> None:
    stranger, asked = canary
    hostile = f"![x]({stranger}/md.png) <img src={stranger}/tag.png onerror='window.__pwned=1'> [go]({stranger}/link)"
    rows = [{"prompt": f"{hostile} {n}", "completion": f"{hostile} answer {n}"} for n in range(12)]
    file = server.home.parent / "![f](http:__x_f.png) <b>rows<.jsonl"
    file.write_text("\n".join(json.dumps(row) for row in rows))
    page.goto(f"{server.url}/data")
    page.locator("input[type=file]").set_input_files(file)
    expect(key(page, "data_save").get_by_role("button")).to_be_visible()
    expect(page.get_by_text("md.png").filter(visible=True).first).to_be_visible()  # a table holds more of it, unseen
    page.get_by_text("JSONL").last.click()
    road.settled(page)
    key(page, "data_save").get_by_role("button").click()
    expect(key(page, "data_train")).to_be_visible()
    for path in ("", "train", "jobs", "data"):
        page.goto(f"{server.url}/{path}")
        road.settled(page)
    assert page.evaluate("window.__pwned") is None
    assert page.locator(f"a[href^='{stranger}'], img[src^='{stranger}']").count() == 0
    assert asked == []


def test_text_from_a_model_never_renders(server: Server, page: Page, canary: tuple[str, list[str]]) -> None:
    stranger, asked = canary
    hostile = f"![x]({stranger}/md.png) <img src={stranger}/tag.png onerror='window.__pwned=1'> [go]({stranger}/link)"
    file = server.home.parent / "hostile.jsonl"
    file.write_text("\n".join(json.dumps({"prompt": f"question {n}", "completion": hostile}) for n in range(80)))
    road.prepare(page, server.url, file)
    road.launch(page, epochs=8)
    road.wait_until_done(page)
    page.locator("a[href*='playground'][href*='model=']").click()
    page.wait_for_url("**/playground?**")
    box = key(page, "playground_prompt").locator("textarea")
    box.fill("question 7")
    box.press("Enter")
    expect(page.get_by_text("tokens/s")).to_be_visible(timeout=120_000)
    answer = page.locator("[data-testid=stChatMessage] [data-testid=stText]").last.inner_text()
    assert "md.png" in answer, "the model did not learn what it must not be able to do"
    page.reload()
    expect(page.get_by_text("tokens/s")).to_be_visible()
    assert page.evaluate("window.__pwned") is None
    assert page.locator(f"a[href^='{stranger}'], img[src^='{stranger}']").count() == 0
    assert asked == []
