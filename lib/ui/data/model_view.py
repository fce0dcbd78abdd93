"""An example as the model reads it: what it learns to write on one ground, what it only reads on another."""

from __future__ import annotations

import streamlit as st

from lib.datasets.rules.base import Record
from lib.workbench.targets import Target


def draw(record: Record, target: Target) -> None:
    """Draw the example with its template."""
    st.text(str(record))
