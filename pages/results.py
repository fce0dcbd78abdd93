"""The curves of one or more jobs, or of any result file: charts, findings, table, download."""

import streamlit as st

from lib.errors import TuneboardError
from lib.i18n import _
from lib.ui import places
from lib.ui.results import advice, controls, overlay, report, sources
from lib.ui.text import escape, show_error

st.title(_("Results"))

offered = sources.offered()
shown = sources.choose(offered)

with st.expander(_("Upload a result file"), icon=":material/upload:", expanded=not offered, key="results_more"):
    st.file_uploader(
        _("Result files (CSV, JSON)"),
        type=["csv", "txt", "json", "jsonl"],
        accept_multiple_files=True,
        key=sources.UPLOADED,
        on_change=sources.take_uploads,
        help=_(
            "CSV of any service, plain or wrapped in base64, old columns or new, and saved events, checkpoints or "
            "metrics as JSON. They are kept on this server."
        ),
    )

if not shown:
    st.caption(_("Choose a job that has started, or upload a result file."))
    places.link("jobs", _("Jobs"))
    st.stop()

named, tables = sources.distinct(shown), {}
for label, source in named.items():
    try:
        table = source.frame()
    except TuneboardError as error:
        show_error(error)
        continue
    if len(table):
        tables[label] = table
    else:
        st.caption(_("{name} has no numbers to draw yet.", name=escape(label)))
if not tables:
    st.stop()

courses = {label: named[label].course() for label in tables}
overlay.draw_charts(tables, courses, controls.draw())
overlay.draw_differences({label: named[label] for label in tables})

for label, table in tables.items():
    source = named[label]
    st.subheader(escape(label))
    advice.draw(source, table, courses[label])
    drawer = st.expander(_("Table"), icon=":material/table:", key=f"results_table_{source.key}", on_change="rerun")
    if drawer.open:  # a table of 100,000 rows is sent to those alone who look at it
        filled = table.dropna(axis="columns", how="all")
        drawer.dataframe(filled, hide_index=True, placeholder="—", alt=_("Metrics by step"))
    with st.container(horizontal=True):
        st.download_button(
            _("Download the numbers"),
            source.data,
            file_name=source.file_name,
            mime="text/csv",
            key=f"results_download_{source.key}",
            on_click="ignore",
            icon=":material/download:",
        )
        if source.job:
            st.download_button(
                _("Download the report"),
                report.maker(source.job, table, courses[label]),
                file_name=f"{source.job.id}.html",
                mime="text/html",
                key=f"results_report_{source.key}",
                on_click="ignore",
                icon=":material/description:",
                help=_("One HTML file with data, recipe, settings, curves and advice. It opens offline and prints."),
            )
