"""The script Streamlit runs for every page: configuration, language, navigation, then the page itself.

It lies apart from `pages/`: beside that folder, the first visit to a deep link on a fresh server would run the page
without its shell.
"""

from __future__ import annotations

import sys
from pathlib import Path

import streamlit as st

ROOT = str(Path(__file__).resolve().parents[2])
if ROOT not in sys.path:  # Streamlit puts this folder on the path, not the project's
    sys.path.append(ROOT)

from lib.i18n import _  # noqa: E402 - needs the path above
from lib.ui import language, places  # noqa: E402

language.prepare()
st.set_page_config(page_title=_("Tuneboard"), page_icon=":material/tune:", layout="wide")
page = st.navigation([places.place(name) for name in places.PLACES])
with st.sidebar:
    language.draw_switch()
page.run()
