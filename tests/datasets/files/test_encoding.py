from __future__ import annotations

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.datasets.errors import BinaryFile, WrongEncoding
from lib.datasets.files import encoding
from lib.datasets.files.encoding import Text, find_encoding


def decode(data: bytes, name: str, encoding: str | None = None) -> Text:
    return find_encoding(BytesIO(data), name, encoding)


CHINESE = "问题,回答\n你好,很好，谢谢你的关心。\n你是谁,我是一个助手。\n"
TRADITIONAL = "問題,回答\n如何註冊新帳戶？,點擊網站右上角的「註冊」按鈕，然後填寫相關資訊。\n"
JAPANESE = "質問,回答\n今日の天気は？,晴れです。とても暖かいです。\n"
FRENCH = "question,réponse\nOù est-elle?,Près de l'école, à côté du café.\n"


@pytest.mark.parametrize(
    ("text", "written", "found"),
    [
        (CHINESE, "utf-8", "utf-8"),
        (CHINESE, "utf-8-sig", "utf-8"),
        (CHINESE, "utf-16", "utf-16"),
        (CHINESE, "gb18030", "gb18030"),
        (CHINESE, "gbk", "gb18030"),
        (TRADITIONAL, "big5", "big5"),
        (JAPANESE, "cp932", "cp932"),
        (FRENCH, "latin-1", "cp1252"),
        ("a,b\n1,2\n", "utf-16-le", "utf-16-le"),
        ("a,b\n1,2\n", "utf-16-be", "utf-16-be"),
    ],
)
def test_a_text_comes_back_as_it_was_written(text: str, written: str, found: str) -> None:
    decoded = decode(text.encode(written), "a.csv")
    assert (decoded.whole(), decoded.encoding) == (text, found)
    assert decoded.evidence


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"])))
def test_utf8_is_never_mistaken_for_anything_else(text: str) -> None:
    decoded = decode(("x" + text).encode(), "a.txt")
    assert decoded.whole() == "x" + text


@pytest.mark.parametrize("written", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", [CHINESE, "一,三\n专,丁\n", JAPANESE, "вопрос,ответ\n", "질문,답변\n"])
def test_utf16_needs_no_mark_to_be_known(text: str, written: str) -> None:
    decoded = decode(text.encode(written), "a.csv")
    assert (decoded.whole(), decoded.encoding) == (text, written)


def test_the_evidence_names_what_else_would_fit() -> None:
    assert "Big5" in decode("a,b\n好,x\n".encode("gb18030"), "a.csv").evidence[0].text()
    assert "line 1, column 1" in decode("как\n".encode("cp1251"), "a.csv").evidence[0].text()


def test_a_place_beyond_the_first_piece_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoding, "CHUNK", 3)
    with pytest.raises(WrongEncoding) as caught:
        decode("你好\n世界\n再".encode() + b"\xff", "a.csv", "utf-8")
    assert (caught.value.values["line"], caught.value.values["column"]) == (3, 2)


def test_a_few_stray_bytes_in_utf8_are_each_named() -> None:
    data = ("名字,说明\n" * 20).encode() + b"caf\xe9,x\n" + ("名字,说明\n").encode()
    decoded = decode(data, "a.csv")
    assert "café" in decoded.whole()
    assert [note.origin and note.origin.line for note in decoded.notes] == [21]
    assert "é" in decoded.notes[0].text()


def test_no_replacement_character_ever_appears() -> None:
    for data in (b"\xff\xfe\x00", b"abc\x80\x81", bytes(range(128, 256)), CHINESE.encode("gbk")[:-2]):
        try:
            assert "\ufffd" not in decode(data, "a.txt").whole()
        except (BinaryFile, WrongEncoding):
            continue


def test_a_chosen_encoding_that_does_not_fit_is_refused_with_the_place() -> None:
    with pytest.raises(WrongEncoding) as caught:
        decode("a,b\nx,é\n".encode("latin-1"), "a.csv", "utf-8")
    assert (caught.value.values["line"], caught.value.values["column"]) == (2, 3)


def test_a_chosen_encoding_wins_over_the_detected_one() -> None:
    assert decode("é".encode(), "a.txt", "cp1252").whole() == "Ã©"


def test_an_unknown_encoding_is_refused() -> None:
    with pytest.raises(WrongEncoding):
        decode(b"a", "a.txt", "no-such-codec")


def test_binary_data_is_refused() -> None:
    with pytest.raises(BinaryFile):
        decode(bytes(range(1, 32)) * 100, "a.csv")


def test_one_very_long_line_is_decoded_in_no_time() -> None:
    data = b"x" * 3_000_000 + b"\xe9"
    assert decode(data, "a.txt").whole().endswith("é")
