"""A tuned model has paid for itself from the first call on at which it is cheaper in all, and not one earlier."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.pricing.catalogue import find_named
from lib.pricing.usage import BreakEven, Call, break_even, call

PRICE = st.decimals(0, 200, places=2).map(float)
TOKENS = st.integers(0, 20_000)
CALL = st.builds(Call, TOKENS, TOKENS, PRICE, PRICE)


def test_a_short_prompt_pays_for_its_training() -> None:
    tuned = Call(prompt_tokens=100, completion_tokens=200, input_per_mtok=0.8, output_per_mtok=3.2)
    base = Call(prompt_tokens=2_100, completion_tokens=200, input_per_mtok=0.4, output_per_mtok=1.6)
    assert (tuned.cost, base.cost) == pytest.approx((0.00072, 0.00116))
    assert break_even(4.40, tuned, base) == BreakEven(10_001, 0.00044)


def test_a_tuned_model_that_costs_more_for_each_call_never_pays() -> None:
    tuned, base = Call(500, 200, 0.8, 3.2), Call(600, 200, 0.4, 1.6)
    assert break_even(1.0, tuned, base).calls is None
    assert break_even(1.0, tuned, base).saved_per_call < 0
    assert break_even(0.0, base, base).calls is None


def test_hosting_is_spread_over_the_calls_of_an_hour() -> None:
    tuned, base = Call(0, 0, 0, 0), Call(1_000_000, 0, 1.0, 0)
    assert break_even(10.0, tuned, base).calls == 11
    assert break_even(10.0, tuned, base, hosting_per_hour=1.7, calls_per_hour=3.4).calls == 21
    assert break_even(10.0, tuned, base, hosting_per_hour=1.7, calls_per_hour=1).calls is None
    assert break_even(10.0, tuned, base, hosting_per_hour=1.7).calls is None


@given(st.decimals(0, 1000, places=2).map(float), CALL, CALL)
def test_from_that_call_on_it_is_cheaper_and_not_before(training: float, tuned: Call, base: Call) -> None:
    calls = break_even(training, tuned, base).calls
    if calls is None:
        assert tuned.exact >= base.exact
        return
    from fractions import Fraction

    paid = Fraction(str(training))
    assert paid + calls * tuned.exact < calls * base.exact
    assert paid + (calls - 1) * tuned.exact >= (calls - 1) * base.exact


def test_prices_of_a_call_are_those_of_the_tuned_model_or_unknown() -> None:
    mini, azure = find_named("openai:gpt-4.1-mini"), find_named("azure:gpt-4.1-mini")
    assert mini
    assert azure
    assert call(mini, 10, 20) == Call(10, 20, 0.80, 3.20)
    assert call(azure, 10, 20) is None
