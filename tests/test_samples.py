"""The samples that ship: what the generator writes, in the shapes they promise."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from typing import Any

import pytest
import yaml
from python_calamine import CalamineWorkbook

from lib.config import SAMPLES
from scripts.make_samples import stories_csv
from scripts.samples.products import SHEET, products_xlsx, rows

HEADLINE_KEYS = ["player", "team", "sport", "gender"]


@pytest.fixture(scope="module")
def stories() -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((SAMPLES / "stories.csv").read_text(encoding="utf-8"), newline="")))


def chats(name: str) -> list[list[dict[str, Any]]]:
    lines = (SAMPLES / name).read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["messages"] for line in lines]


def cells(workbook: bytes) -> list[list[Any]]:
    return CalamineWorkbook.from_filelike(io.BytesIO(workbook)).get_sheet_by_name(SHEET).to_python()


def test_the_stories_are_what_the_generator_writes() -> None:
    assert (SAMPLES / "stories.csv").read_bytes() == stories_csv()


def test_there_are_at_least_420_stories_and_no_two_are_alike(stories: list[dict[str, str]]) -> None:
    assert len(stories) >= 420
    assert len({s["story"] for s in stories}) == len(stories)
    assert len({(s["dynasty"], s["power"], s["mood"]) for s in stories}) == len(stories)


def test_every_story_tells_of_its_dynasty_and_its_power(stories: list[dict[str, str]]) -> None:
    for s in stories:
        assert re.search(s["dynasty"] + "(朝|时期)", s["story"])
        assert s["power"] in s["story"]


def test_a_story_names_no_other_dynasty(stories: list[dict[str, str]]) -> None:
    names = {f"{s['dynasty']}朝" for s in stories}
    for s in stories:
        assert not [n for n in names - {f"{s['dynasty']}朝"} if n in s["story"]]


def test_stories_are_complete_paragraphs_of_a_learnable_length(stories: list[dict[str, str]]) -> None:
    for s in stories:
        paragraphs = s["story"].split("\n")
        assert 150 <= len(s["story"]) <= 320
        assert len(paragraphs) == 4
        assert all(p and p[-1] in "。！？”" for p in paragraphs)
        assert not re.search(r"[{}A-Za-z]|，，|。。|。，|，。", s["story"])


def test_every_dynasty_power_and_mood_comes_about_equally_often(stories: list[dict[str, str]]) -> None:
    for column, least in (("dynasty", 12), ("power", 12), ("mood", 6)):
        counts = Counter(s[column] for s in stories)
        assert len(counts) >= least
        assert max(counts.values()) - min(counts.values()) <= 2


def test_hardly_any_paragraph_is_told_twice_word_for_word(stories: list[dict[str, str]]) -> None:
    """Endings are short and may come again; what leads up to them may not."""
    seen = Counter(paragraph for s in stories for paragraph in s["story"].split("\n")[:3])
    assert max(seen.values()) <= 2
    assert len(seen) >= 0.95 * seen.total()


@pytest.mark.parametrize("name", ["sarcastic_facts.jsonl", "headlines.jsonl"])
def test_chat_samples_hold_60_different_conversations_under_one_system_prompt(name: str) -> None:
    talks = chats(name)
    assert len(talks) >= 60
    assert len({talk[1]["content"] for talk in talks}) == len(talks)
    assert {talk[0]["content"] for talk in talks} == {talks[0][0]["content"]}
    for talk in talks:
        assert [m["role"] for m in talk] == ["system", "user", "assistant"]
        assert all(m["content"].strip() == m["content"] != "" for m in talk)


def test_headlines_are_answered_with_compact_json_that_the_headline_supports() -> None:
    for _, question, answer in chats("headlines.jsonl"):
        found = json.loads(answer["content"])
        assert list(found) == HEADLINE_KEYS
        assert answer["content"] == json.dumps(found, ensure_ascii=False, separators=(",", ":"))
        assert found["gender"] in {"m", "f", None}
        for key in ("player", "team"):
            assert all(word in question["content"] for word in (found[key] or "").split())


def test_the_product_workbook_is_what_the_generator_writes() -> None:
    committed = (SAMPLES / "products.xlsx").read_bytes()
    assert cells(committed) == cells(products_xlsx()) == rows()


def test_the_product_workbook_has_the_same_bytes_each_time() -> None:
    assert products_xlsx() == products_xlsx()


def test_products_have_60_different_full_rows() -> None:
    header, *body = rows()
    assert header == ["商品", "材质", "颜色", "风格", "适用场景", "文案"]
    assert len(body) >= 60
    assert len({row[-1] for row in body}) == len({tuple(row[:-1]) for row in body}) == len(body)
    assert all(all(row) and len(row) == len(header) for row in body)


def test_the_listener_has_50_different_pairs_in_the_conversations_shape() -> None:
    pairs = yaml.safe_load((SAMPLES / "listener.yaml").read_text(encoding="utf-8"))["conversations"]
    assert len(pairs) >= 50
    assert all(len(pair) == 2 and all(isinstance(text, str) and text for text in pair) for pair in pairs)
    assert len({question for question, _ in pairs}) == len({answer for _, answer in pairs}) == len(pairs)


def test_the_listener_sends_people_in_danger_to_emergency_services_and_people_they_trust() -> None:
    pairs = yaml.safe_load((SAMPLES / "listener.yaml").read_text(encoding="utf-8"))["conversations"]
    danger = re.compile(r"dying|end my life|hurt myself|hit me|kill|disappeared|pills|voices")
    crises = [answer for question, answer in pairs if danger.search(question)]
    assert len(crises) >= 8
    for answer in crises:
        assert "emergency number" in answer
        assert re.search(r"trust|with you|crisis line|stay with", answer)


def test_the_readme_states_the_sizes_the_files_have(stories: list[dict[str, str]]) -> None:
    readme = (SAMPLES / "README.md").read_text(encoding="utf-8")
    lengths = [len(s["story"]) for s in stories]
    pairs = yaml.safe_load((SAMPLES / "listener.yaml").read_text(encoding="utf-8"))["conversations"]
    for text in (
        f"{len(stories)} rows, {min(lengths)} to {max(lengths)} characters",
        f"{len(chats('sarcastic_facts.jsonl'))} conversations",
        f"{len(chats('headlines.jsonl'))} conversations",
        f"{len(rows()) - 1} rows",
        f"{len(pairs)} pairs",
    ):
        assert text in readme
