"""Home: what is going on, what comes next."""

from __future__ import annotations

import pytest

from tests.pages.conftest import Visit


@pytest.mark.parametrize("lang", ["en", "zh_CN"])
def test_an_empty_house_offers_the_tour_as_its_one_primary_button(visit: Visit, lang: str) -> None:
    at = visit("home", lang)
    assert not at.exception
    assert [button.key for button in at.button if button.proto.type == "primary"] == ["home_tour"]
