"""What the first visitor would wait for, done while nobody does: modules, the tokenizer, a look at a small file.

A second or two of one core, and the memory that the first file of any visitor takes anyway.
"""

from __future__ import annotations

import importlib
import logging
import threading

from lib.datasets.samples import SAMPLES
from lib.datasets.shapes.suggest import suggest_recipe
from lib.datasets.source import in_place
from lib.pricing.tokens import token_model
from lib.workbench.survey import survey
from lib.workbench.targets import chief_targets
from lib.workbench.traits import Traits

MODULES = ("pandas", "pyarrow", "altair", "lib.ui.data.outcome", "lib.ui.data.services_view")
"""Heavy ones that the first page would import."""

log = logging.getLogger(__name__)


def start() -> None:
    """Begin on a thread that dies with the server."""
    threading.Thread(target=warm, name="warm", daemon=True).start()


def warm() -> None:
    """Do what the page does with a small file. A fault here is told in the log; the page will tell it better."""
    try:
        for name in MODULES:
            importlib.import_module(name)
        sample = next(sample.file for sample in SAMPLES if sample.file.suffix == ".jsonl")
        source = in_place(sample, sample.name)
        priced = chief_targets()[0].priced
        model = token_model(priced.id) if priced else None
        survey(source, suggest_recipe(source.table), model=model, extra=[Traits], workers=1)
    except Exception:
        log.exception("Warming up failed")
