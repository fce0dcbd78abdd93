from __future__ import annotations

import pytest

from lib.datasets.files.old_encodings import rank

ALL = ["gb18030", "big5", "cp932", "cp1252"]


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        ("你好", "gb18030"),
        ("谢谢你的关心", "gb18030"),
        ("你好，謝謝", "big5"),
        ("東京", "cp932"),
        ("ひらがな、カタカナ", "cp932"),
        ("El año, el niño", "cp1252"),
        ("Où est le café ?", "cp1252"),
    ],
)
def test_a_few_characters_are_enough(text: str, codec: str) -> None:
    assert rank(text.encode(codec), ALL)[0] == codec


def test_what_might_be_two_things_is_both() -> None:
    assert rank("好".encode("gb18030"), ALL) == ["gb18030", "big5"]


def test_nothing_is_likely_for_an_encoding_that_is_not_known() -> None:
    assert rank("как дела".encode("cp1251"), ["cp1252"]) == []
