"""The curves of one or more jobs, or of any result file: charts, findings, table, download."""

import streamlit as st

from lib.errors import TuneboardError
from lib.i18n import _
from lib.results import charts, summary
from lib.ui import places
from lib.ui.results import sources
from lib.ui.text import escape, show_error

st.title(_("Results"))

offered = sources.offered()
shown = sources.choose(offered)

with st.expander(_("Upload a result file"), icon=":material/upload:", expanded=not offered, key="results_more"):
    st.file_uploader(
        _("Result files (CSV)"),
        type=["csv", "txt"],
        accept_multiple_files=True,
        key=sources.UPLOADED,
        on_change=sources.take_uploads,
        help=_("OpenAI's files, plain or wrapped in base64, old columns or new. They are kept on this server."),
    )

if not shown:
    st.caption(_("Choose a job that has started, or upload a result file."))
    places.link("jobs", _("Jobs"))
    st.stop()

tables = {}
for label, source in sources.distinct(shown).items():
    try:
        tables[label] = source.frame()
    except TuneboardError as error:
        show_error(error)
tables = {label: table for label, table in tables.items() if len(table)}
if not tables:
    st.caption(_("There are no numbers to draw yet."))
    st.stop()

with st.container(horizontal=True, vertical_alignment="bottom", gap="large"):
    smoothing = st.slider(_("Smoothing"), 0.0, 0.99, 0.0, key="results_smoothing", persist_state="session", width=280)
    log = st.toggle(_("Logarithmic loss"), key="results_log", persist_state="session")

drawn = {
    "loss": (_("Loss"), lambda: charts.curves(tables, "loss", smoothing, log)),
    "accuracy": (_("Token accuracy"), lambda: charts.curves(tables, "accuracy", smoothing)),
    "classification": (_("Classification"), lambda: charts.classification(tables, smoothing)),
}
with st.grid(2, min_column_width=320):
    for metric in charts.available(tables):
        title, draw = drawn[metric]
        st.altair_chart(
            draw().configure_legend(orient="top"), key=f"results_{metric}", alt=_("{metric} by step", metric=title)
        )

for label, source in sources.distinct(shown).items():
    if label not in tables:
        continue
    st.subheader(escape(label))
    st.markdown("\n".join(f"- {escape(sentence)}" for sentence in summary.summarise(tables[label])))
    for note in tables[label].attrs.get("notes", ()):
        st.caption(escape(note.text()))
    with st.expander(_("Table"), icon=":material/table:", key=f"results_table_{source.key}"):
        st.dataframe(tables[label], hide_index=True, alt=_("Metrics by step"))
    st.download_button(
        _("Download the CSV"),
        source.data,
        file_name=source.file_name,
        mime="text/csv",
        key=f"results_download_{source.key}",
        on_click="ignore",
        icon=":material/download:",
    )
