"""Lines of conversations become conversations, and whoever speaks can be named."""

from __future__ import annotations

import json

from lib import library
from tests.pages.conftest import Visit
from tests.pages.test_data import upload
from tests.pages.test_data_problems import show, state

SAID = [
    (thread, turn, "Ann" if turn % 2 else "Shop", f"t{thread} line {turn}") for thread in range(12) for turn in (1, 2)
]
LINES = "thread_id,turn,speaker,text\n" + "".join(f"{t},{n},{who},{text}\n" for t, n, who, text in SAID)


def test_lines_become_conversations_once_the_speakers_are_named(visit: Visit) -> None:
    at = upload(visit("data"), "talk.csv", LINES)
    at.radio(key="data_format").set_value("chat").run()
    for column, role in enumerate(("thread", "order", "speaker", "line")):
        at.selectbox(key=f"data_role_{column}").select(role).run()
    assert not at.exception
    at.selectbox(key="data_speaker_0").select("user").run()
    at.selectbox(key="data_speaker_1").select("assistant").run()
    assert not at.exception
    assert state(at)["recipe"]["speakers"] == {"Ann": "user", "Shop": "assistant"}  # type: ignore[index]
    show(at, "rows")
    assert len(at.dataframe[-1].value) == 12
    at.button(key="data_save").click().run()
    (version,) = library.versions()
    first = json.loads(library.version_bytes(version.id).split(b"\n")[0])
    assert first["messages"] == [
        {"role": "user", "content": "t0 line 1"},
        {"role": "assistant", "content": "t0 line 2"},
    ]
