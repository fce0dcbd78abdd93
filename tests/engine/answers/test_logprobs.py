from __future__ import annotations

import math

from lib.engine.answers.logprobs import Told, chat_logprobs, completion_logprobs

HALF: Told = {"bytes": [0xE4, 0xBD], "logprob": -1.0, "top": [{"bytes": [0xE4], "logprob": -0.5}], "offset": 0}
WORD: Told = {"bytes": list("é".encode()), "logprob": -math.inf, "top": [], "offset": 1}


def test_part_of_a_character_is_named_by_its_bytes() -> None:
    assert completion_logprobs([HALF], 1)["tokens"] == ["bytes:\\xe4\\xbd"]
    assert completion_logprobs([HALF], 1)["top_logprobs"] == [{"bytes:\\xe4": -0.5, "bytes:\\xe4\\xbd": -1.0}]
    (entry,) = chat_logprobs([HALF])["content"]
    assert (entry["token"], entry["bytes"]) == ("\\xe4\\xbd", [0xE4, 0xBD])


def test_what_is_impossible_has_the_number_that_openai_sends() -> None:
    assert completion_logprobs([WORD], 0)["token_logprobs"] == [-9999.0]
    assert chat_logprobs([WORD])["content"][0] == {
        "token": "é",
        "bytes": [195, 169],
        "logprob": -9999.0,
        "top_logprobs": [],
    }


def test_of_tokens_that_read_alike_the_likelier_is_named() -> None:
    alike: Told = {"bytes": [97], "logprob": -3.0, "top": [{"bytes": [97], "logprob": -1.0}], "offset": 0}
    assert completion_logprobs([alike], 1)["top_logprobs"] == [{"a": -1.0}]
