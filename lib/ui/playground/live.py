"""An answer on screen, as plain text, while the model writes it and afterwards."""

from __future__ import annotations

import time
from collections.abc import Iterator

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lib.errors import TuneboardError
from lib.i18n import N_, _
from lib.inference.answer import Answer, Sampling, stream
from lib.inference.prompting import Prepared
from lib.providers.connections import Connection
from lib.ui import format as fmt
from lib.ui.playground.talk import Talk, Turn
from lib.ui.pump import pump
from lib.ui.text import escape, show_error

READER, MODEL = ":material/person:", ":material/smart_toy:"

SAVE_EVERY = 1.0
"""Seconds between writes of a growing answer: what a killed server may lose."""

ENDINGS = {"stop": N_("came to its end"), "length": N_("cut at the longest answer allowed")}
"""A service's finish reason -> what it means."""

SILENCE = 5.0
"""Seconds without a token after which the reader is told."""


def draw_turn(turn: Turn) -> None:
    """Draw a question and its answer."""
    with st.chat_message("user", avatar=READER):
        st.text(turn.question)
    with st.chat_message("assistant", avatar=MODEL):
        st.text(turn.text)
        _draw_end(turn)


def ask(
    connection: Connection,
    prepared: Prepared,
    sampling: Sampling,
    talk: Talk,
    question: str,
    made_at: float | None = None,
) -> None:
    """Ask, draw the answer as it grows, and keep it whatever happens: also when the reader stops it or leaves.

    A model that was made at `made_at` may not be loaded yet: it is waited for.
    """
    turn = Turn(question)
    talk.turns.append(turn)
    talk.save()
    with st.chat_message("user", avatar=READER):
        st.text(question)
    with st.chat_message("assistant", avatar=MODEL):
        shown, told = st.empty(), st.empty()
        answer = Answer()
        pieces = stream(connection, talk.model, prepared, sampling, answer, made_at)
        _follow(pieces, answer, talk, (shown, told))
        with told.container():
            _draw_end(turn)


def _follow(pieces: Iterator[str], answer: Answer, talk: Talk, places: tuple[DeltaGenerator, DeltaGenerator]) -> None:
    """Write the last turn of `talk` from the stream. Between two tokens the script can be stopped."""
    shown, told = places
    turn = talk.turns[-1]
    heard = pump(pieces)
    began = spoke = saved = time.monotonic()
    ended = False
    try:
        for text in heard:
            now = time.monotonic()
            if text:
                spoke = now
                shown.text(answer.text)
            told.caption(_progress(answer, now - began, now - spoke))
            if now - saved > SAVE_EVERY:
                saved = now
                turn.take(answer)
                talk.save()
        ended = True
    finally:
        heard.close()
        answer.stopped = answer.stopped or not ended
        turn.take(answer)
        talk.save()


def _progress(answer: Answer, waited: float, silent: float) -> str:
    if answer.loading:
        return _("The model is being loaded, {time}. It is asked again by itself.", time=fmt.duration(waited))
    if not answer.text:
        return _("Waiting for the first token, {time}", time=fmt.duration(waited))
    if silent > SILENCE:
        return _("Nothing new for {time}. You can stop it.", time=fmt.duration(silent))
    return _("{n} tokens", n=fmt.number(answer.tokens))


def _draw_end(turn: Turn) -> None:
    """Say how an answer ended, and how fast it was."""
    if turn.error:
        show_error(TuneboardError.from_json(turn.error))
    parts = [_("{n} tokens", n=fmt.number(turn.tokens))]
    if turn.first_token_s is not None:
        parts.append(_("first token after {n} s", n=fmt.number(turn.first_token_s, 2)))
    if turn.tokens_per_s is not None:
        parts.append(_("{n} tokens/s", n=fmt.number(turn.tokens_per_s, 1)))
    if turn.finish_reason:
        parts.append(_(ENDINGS.get(turn.finish_reason, turn.finish_reason)))
    with st.container(horizontal=True, vertical_alignment="center"):
        if not turn.whole and not turn.error:
            why = _("stopped") if turn.stopped else _("interrupted")
            st.badge(why, icon=":material/cancel:", color="orange")
        st.caption(escape(" · ".join(parts)), width="content")
