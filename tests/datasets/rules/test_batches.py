from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.datasets.recipe import Recipe
from lib.datasets.rules.base import Context, Rule, View, view_of
from lib.datasets.rules.batches import LARGE, SIZE, Batch, batches_of
from lib.datasets.rules.character_classes import AT
from lib.datasets.rules.characters import Characters
from lib.datasets.rules.languages import Languages
from lib.datasets.rules.near_duplicates import NearDuplicates
from lib.datasets.rules.private_data import PrivateData
from lib.datasets.table import Origin


def views(*pairs: tuple[str, str]) -> list[View]:
    return [view_of(n, Origin(n + 1), {"prompt": p, "completion": c}) for n, (p, c) in enumerate(pairs)]


@given(st.lists(st.tuples(st.text(max_size=5) | st.just("\ud800👩"), st.text(max_size=5)), min_size=1, max_size=5))
def test_every_text_is_found_where_it_starts(pairs: list[tuple[str, str]]) -> None:
    batch = Batch(views(*pairs))
    for text, start, length in zip(batch.texts, batch.starts.tolist(), batch.lengths.tolist(), strict=True):
        assert "".join(map(chr, batch.units[start : start + length].tolist())) == text


def test_characters_are_counted_for_each_text() -> None:
    batch = Batch(views(("a@b@", "@"), ("", "x"), ("y", "@@")))
    marked = (batch.classes & AT) > 0
    assert batch.counts(marked).tolist() == [2, 1, 0, 0, 0, 2]
    assert [view.row for view in batch.holding(marked)] == [0, 2]


def test_examples_come_in_batches_in_order_and_large_ones_by_themselves() -> None:
    given_views = views(("a", "b"), ("x" * LARGE, "c"), ("d", "e"), ("f" * SIZE, "g"), ("h", "i"))
    found = [
        [view.row for view in (made.views if isinstance(made, Batch) else [made])] for made in batches_of(given_views)
    ]
    assert found == [[0], [1], [2, 3], [4]]


@pytest.mark.parametrize("rule", [Characters, Languages, NearDuplicates, PrivateData])
@settings(max_examples=5)
@given(size=st.integers(1, 3 * SIZE))
def test_what_is_found_does_not_depend_on_the_batch(rule: type[Rule], size: int) -> None:
    told = (
        "问题：我的邮箱是a@b.cn，为什么\u200b收不到邮件呢？",
        "Please look into the folder for unwanted mail first.",
    )
    looked = rule(Context(Recipe()))
    for view in views(("x" * size, "y"), *[told] * 2, *[(told[1], told[1])] * 3):
        looked.look(view)
    alone = [list(finding.found.rows) for finding in looked.findings()]
    looked = rule(Context(Recipe()))
    for view in views(("x", "y"), *[told] * 2, *[(told[1], told[1])] * 3):
        looked.look(view)
    assert [list(finding.found.rows) for finding in looked.findings()] == alone


@pytest.mark.parametrize(("rule", "codes"), [(Characters, ["invisible_characters"]), (PrivateData, ["private_mail"])])
def test_the_middle_of_a_huge_text_is_looked_at_too(rule: type[Rule], codes: list[str]) -> None:
    looked = rule(Context(Recipe()))
    (view,) = views(("中" * LARGE + " a@b.cn\u200b " + "中" * LARGE, "x"))
    looked.look(view)
    assert [finding.code for finding in looked.findings()] == codes


def test_huge_texts_are_compared_by_their_beginning_and_end() -> None:
    looked = NearDuplicates(Context(Recipe()))
    huge = "".join(chr(0x4E00 + n * n % 9973) for n in range(6_000)) * (LARGE // 6_000)
    for view in views((huge, huge), ("a short one", "indeed"), (huge + "。", huge)):
        looked.look(view)
    assert looked.surplus() == {2}
