from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from lib.engine.serving.models import Loaded
from lib.engine.serving.stops import Detokenizer, StopHolder
from lib.engine.training.text import plain_ids

PIECES = st.lists(st.text("ab#", min_size=1, max_size=4), max_size=12)
STOPS = st.lists(st.text("ab#", min_size=1, max_size=5), max_size=3)


def first_stop(text: str, stops: list[str]) -> int:
    return min((at for stop in stops if (at := text.find(stop)) >= 0), default=-1)


@given(PIECES, STOPS)
def test_the_text_is_cut_at_the_first_stop_wherever_the_pieces_part(pieces: list[str], stops: list[str]) -> None:
    holder = StopHolder(stops)
    shown, taken = "", ""
    for piece in pieces:
        taken += piece
        shown += holder.feed(piece)
        assert taken.startswith(shown)
        assert first_stop(shown, stops) < 0
        if holder.stopped:
            break
    at = first_stop(taken, stops)
    assert holder.stopped == (at >= 0)
    assert shown + holder.flush() == (taken[:at] if at >= 0 else taken)


def test_text_that_cannot_begin_a_stop_is_not_held_back() -> None:
    holder = StopHolder(["\n\n###"])
    assert [holder.feed(piece) for piece in ("a", "\n", "b", "\n\n##", "!")] == ["a", "", "\nb", "", "\n\n##!"]


@given(st.text(st.characters(codec="utf-8"), max_size=40))
@settings(deadline=None)
def test_pieces_hold_whole_characters_and_add_up(loaded: Loaded, text: str) -> None:
    detokenizer = Detokenizer(loaded.tokenizer)
    pieces = [detokenizer.feed(token) for token in plain_ids(loaded.tokenizer, text)]
    assert "".join(pieces) == text


def test_bytes_that_are_no_character_do_not_hold_text_back_for_ever(loaded: Loaded) -> None:
    detokenizer = Detokenizer(loaded.tokenizer)
    shown = "".join(detokenizer.feed(0xFF) for _ in range(20))
    assert set(shown) == {"\ufffd"}
    assert plain_ids(loaded.tokenizer, "英")
    assert any("英" in detokenizer.feed(token) for token in plain_ids(loaded.tokenizer, "英雄故事英雄故事英"))
