"""The same launch as Python, curl and a settings file, and such a file loaded again."""

from __future__ import annotations

from functools import partial

import streamlit as st

from lib import library
from lib.datasets import jsonl
from lib.datasets.split import split
from lib.i18n import _
from lib.jobs import as_code, saved
from lib.jobs.launch import LaunchSpec
from lib.library import Version
from lib.ui import drafts
from lib.ui.text import refusals
from lib.ui.train import form
from lib.ui.train.models import Choice

FILE = "train_settings_file"
FILE_NAME = "launch.yaml"


def draw(draft_id: str, choice: Choice, version: Version, spec: LaunchSpec) -> None:
    """Draw the launch as code, and its settings as a file."""
    with st.expander(_("As code or a file"), icon=":material/terminal:", key="train_elsewhere"):
        at = choice.connection
        if at and at.can.wire == "openai":
            script, commands = st.tabs(["Python", "curl"])
            script.code(as_code.python(spec, at), language="python")
            commands.code(as_code.curl(spec, at), language="bash")
            with st.container(horizontal=True):
                _download(as_code.TRAINING, version, spec, 0)
                if spec.validation_fraction > 0:
                    _download(as_code.VALIDATION, version, spec, 1)
        st.download_button(
            _("Settings as YAML"),
            saved.to_yaml(spec, version.label),
            FILE_NAME,
            "application/yaml",
            on_click="ignore",
            icon=":material/download:",
            key="train_yaml",
        )
        st.file_uploader(
            _("Load settings"), ["yaml", "yml"], key=FILE, max_upload_size=1, on_change=_load, args=(draft_id,)
        )


def _download(name: str, version: Version, spec: LaunchSpec, part: int) -> None:
    st.download_button(
        name,
        partial(_part, version.id, spec.validation_fraction, spec.seed or 0, part),
        name,
        "application/jsonl",
        on_click="ignore",
        icon=":material/download:",
        key=f"train_file_{part}",
    )


def _part(version_id: str, fraction: float, seed: int, part: int) -> bytes:
    """Return the examples that are trained on (0) or only checked on (1), as the launch would send them."""
    data = library.version_bytes(version_id)
    if fraction <= 0:
        return data
    return jsonl.write(split([record for _line, record in jsonl.read(data)], fraction, seed)[part])


def _load(draft_id: str) -> None:
    """Put the settings of a file into the form. A version or a model that is not here stays as it was chosen."""
    with refusals():
        given = st.session_state.get(FILE)
        if given is None:
            return
        asked = form.asked_by(saved.from_yaml(given.getvalue()))
        if library.version(asked["train_version"]) is None:
            del asked["train_version"]
        library.save_draft(draft_id, form.KIND, (library.draft(draft_id, form.KIND) or {}) | asked)
        drafts.forget(form.KIND)
