"""Which services this server may talk to, and what works there."""

import streamlit as st

from lib.i18n import _
from lib.ui import own
from lib.ui.settings import adding, listing
from lib.ui.text import refusals

st.title(_("Settings"))
st.caption(_("Connections to the services that train models and answer."))
with refusals():
    listing.draw(own.usable())
st.header(_("Add a connection"))
adding.draw()
