from __future__ import annotations

from typing import Any

from lib.datasets.recipe import Recipe
from lib.datasets.shapes.convert import Skip, example_of

ROLES = {"q": "user", "a": "assistant", "images": "images"}
SEEN = Recipe(ROLES, "chat")
PICTURE = {"type": "image_url", "image_url": {"url": "https://x/1.png"}}


def asked(text: str, images: list[Any]) -> Any:
    made = example_of({"q": text, "a": "b", "images": images}, SEEN)
    return made.code if isinstance(made, Skip) else made["messages"][0]["content"]


def test_an_image_stands_where_the_text_says_so() -> None:
    parts = [{"type": "text", "text": "see "}, PICTURE, {"type": "text", "text": " here"}]
    assert asked("see <image> here", ["https://x/1.png"]) == parts
    assert asked("<image>", [{"url": "https://x/1.png"}]) == [PICTURE]


def test_without_a_mark_images_stand_before_the_question() -> None:
    assert asked("what?", ["https://x/1.png"]) == [PICTURE, {"type": "text", "text": "what?"}]


def test_without_images_the_text_stays_as_it_is() -> None:
    assert asked("a <image> tag", []) == "a <image> tag"


def test_files_that_are_not_here_and_numbers_that_differ_leave_the_row_out() -> None:
    assert asked("<image>", ["demo/1.png"]) == "missing_image"
    assert asked("<image><image>", ["https://x/1.png"]) == "unmatched_images"


def test_images_fit_into_chat_alone_and_pass_unchanged_a_second_time() -> None:
    fields = {"q": "<image>?", "a": "b", "images": ["https://x/1.png"]}
    alone = example_of(fields, Recipe(ROLES))
    assert isinstance(alone, Skip)
    assert alone.code == "many_turns"
    once = example_of(fields, SEEN)
    assert isinstance(once, dict)
    assert example_of(once, SEEN) == once
