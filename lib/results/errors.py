"""What can be wrong with a result file.

TuneboardError
├── EmptyResultFile     nothing in it
├── NotText             bytes that are no text, plain or wrapped in base64
├── BrokenJsonFile      a JSON file with a line that is none
├── NotAResultFile      a table of something else, or no table
├── BrokenResultValue   a value that is no number where a metric should be
└── BrokenResultRow     a row with more values than columns, or one that can't be split
"""

from __future__ import annotations

from lib.errors import TuneboardError


class EmptyResultFile(TuneboardError):
    what = "{file} is empty."
    why = "There is nothing to draw."
    todo = "Download the result file again; a job writes it when it ends."


class NotText(TuneboardError):
    what = "{file} is not text: the byte at position {byte} can't be read."
    why = "A result file is a CSV file, plain or wrapped in base64."
    todo = "Choose the CSV file that the job wrote, not an archive or a workbook."


class BrokenJsonFile(TuneboardError):
    what = "{file}, line {line}: this is not JSON."
    why = "The file begins like JSON, and can't be read as a table either."
    todo = "Save what the service answers again, whole, or choose the CSV file of the job."


class NotAResultFile(TuneboardError):
    what = "{file} is not a result file: no column holds a loss, an accuracy or a reward. Its first line is: {columns}"
    why = "Only a table of training metrics can be drawn as curves."
    todo = "If it holds examples, open it on the Data page. Otherwise choose the result file of a fine-tuning job."


class BrokenResultValue(TuneboardError):
    what = "{file}, line {line}, column {column}: {value} is not a number."
    why = "A curve with a guessed point would mislead."
    todo = "Correct that line, or download the result file again."


class BrokenResultRow(TuneboardError):
    what = "{file}, line {line}: the values don't fit the {columns} columns of the first line."
    why = "It can't be known which value belongs to which column."
    todo = "Correct that line, or download the result file again."
