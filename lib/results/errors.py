"""What can be wrong with a result file.

TuneboardError
├── EmptyResultFile    nothing in it
├── NotText            bytes that no encoding explains
├── NotAResultFile     a table of something else, or no table
└── BrokenResultRow    a row with too many values, or a value that is no number
"""

from __future__ import annotations

from lib.errors import TuneboardError


class EmptyResultFile(TuneboardError):
    what = "{file} is empty."
    why = "There is nothing to draw."
    todo = "Download the result file again; a job writes it when it ends."


class NotText(TuneboardError):
    what = "{file} is not text: byte {byte} can't be read."
    why = "A result file is a CSV file, plain or wrapped in base64."
    todo = "Choose the CSV file that the job wrote, not an archive or a workbook."


class NotAResultFile(TuneboardError):
    what = "{file} is not a result file: no column holds a loss, an accuracy or a reward. Its first line is: {columns}"
    why = "Only a table of training metrics can be drawn as curves."
    todo = "If it holds examples, open it on the Data page. Otherwise choose the result file of a fine-tuning job."


class BrokenResultRow(TuneboardError):
    what = "{file}, line {line}, column {column}: {value} is not a number."
    why = "A curve with a guessed point would mislead."
    todo = "Correct that line, or download the result file again."


class RaggedResultRow(TuneboardError):
    what = "{file}, line {line}: {found} values where the first line names {expected} columns."
    why = "It can't be known which value belongs to which column."
    todo = "Correct that line, or download the result file again."
