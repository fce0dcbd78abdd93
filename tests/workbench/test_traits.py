"""What examples hold that some service may refuse."""

import pickle

from lib.datasets.recipe import Recipe
from lib.datasets.rules.base import Context, view_of
from lib.datasets.table import Origin
from lib.workbench.traits import Traits, traits_of

ASK = {"role": "user", "content": "Why?"}
SAY = {"role": "assistant", "content": "Because."}


def seen(*records):
    traits = Traits(Context(Recipe()))
    for row, record in enumerate(records):
        traits.look(view_of(row, Origin(row + 1), record))
    return traits


def test_a_plain_example_has_no_traits():
    assert list(traits_of({"messages": [{"role": "system", "content": "Be kind."}, ASK, SAY]})) == []
    assert list(traits_of({"prompt": "a", "completion": "b"})) == []


def test_names_weights_tools_and_keys_of_the_users_own_are_traits():
    record = {
        "messages": [{**ASK, "name": "ann"}, {**SAY, "weight": 0, "mood": "fine"}],
        "tools": [{"type": "function"}],
        "id": 7,
    }
    assert set(traits_of(record)) == {"name", "weight", "weight_zero", "key:mood", "tools", "field:id"}


def test_the_order_of_the_roles_is_looked_at_and_tool_calls_may_stand_in_between():
    call = {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]}
    result = {"role": "tool", "content": "4", "tool_call_id": "1"}
    assert set(traits_of({"messages": [ASK, call, result, SAY]})) == {"role:tool", "tools"}
    assert set(traits_of({"messages": [ASK, ASK, SAY]})) == {"not_alternating"}
    assert set(traits_of({"messages": [ASK, SAY, {"role": "system", "content": "x"}]})) == {"system_late"}
    assert set(traits_of({"messages": [ASK, SAY, ASK]})) == {"ends_unanswered"}


def test_a_graded_example_may_have_fields_of_its_own_and_no_answer():
    assert list(traits_of({"messages": [ASK], "reference": "4"})) == []


def test_images_are_counted_and_their_place_is_looked_at():
    def image(address):
        return {"type": "image_url", "image_url": {"url": address}}

    many = {"role": "user", "content": [image("data:image/png;base64,aaaa")] * 11}
    assert set(traits_of({"messages": [many, SAY]})) == {"image", "images_over:10", "parts_and_text"}
    linked = {"role": "user", "content": [image("https://example.org/a.png")]}
    assert "image_linked" in set(traits_of({"messages": [linked, SAY]}))


def test_traits_of_pieces_are_merged_in_order_and_survive_pickling():
    first, second = seen({"messages": [{**ASK, "name": "a"}, SAY]}), seen({"messages": [{**ASK, "name": "b"}, SAY]})
    whole = pickle.loads(pickle.dumps(first))  # noqa: S301 - our own bytes
    whole.merge(second)
    assert (whole.examples, whole.formats, len(whole.of("name"))) == (2, {"chat": 2}, 2)


def test_a_file_with_thousands_of_keys_does_not_fill_the_memory():
    traits = seen(*({"prompt": "a", "completion": "b", f"k{n}": 1} for n in range(300)))
    assert len(traits.named("field")) == 51
    assert sum(map(len, traits.named("field").values())) == 300
