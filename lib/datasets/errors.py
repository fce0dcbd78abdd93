"""Refusals about files, columns and examples.

DatasetError
├── UnreadableFile              the bytes can't be understood
│   ├── EmptyFile
│   ├── UnsupportedFile         a kind of file that is not read here
│   ├── BinaryFile
│   ├── WrongEncoding           the chosen encoding does not fit
│   ├── UnclosedQuote
│   ├── BrokenJson
│   ├── BrokenYaml
│   ├── BrokenWorkbook
│   ├── BrokenArchive
│   ├── ManyFiles               an archive of several
│   ├── NoSuchSheet
│   └── ReaderFailed            a fault of ours
├── HostileFile                 reading it would take memory or time without end
│   ├── UnpacksTooLarge
│   ├── NestedArchive
│   ├── TooMuchMemory
│   ├── TooMuchTime
│   ├── SheetTooLarge
│   ├── TooManyColumns
│   ├── TooManyRows
│   ├── CellTooLong
│   ├── NestedTooDeep
│   ├── TooManyValues
│   └── YamlReference
├── NoUsableColumns             nothing to learn from
│   └── NoRows
├── BrokenTemplate, UnknownColumn   the prompt can't be built as the template says
├── ResultFile, JobListing      a file of another page
├── ApiAnswer
├── ReadingStopped              by whoever asked for it
└── TooFewExamples
"""

from __future__ import annotations

from lib.errors import TuneboardError


class DatasetError(TuneboardError):
    """Any refusal of a file or of what it holds."""

    what = "{file} can't be used."


class UnreadableFile(DatasetError):
    what = "{file} can't be read: {detail}"
    why = "Without readable rows there is nothing to train on."
    todo = "Save it again as CSV, XLSX or JSONL in UTF-8 and upload that."


class EmptyFile(UnreadableFile):
    what = "{file} is empty."
    todo = "Check that the export finished, then upload the file again."


class UnsupportedFile(UnreadableFile):
    what = "{file} is {kind}, which can't be read here."
    todo = "Upload CSV, TSV, XLSX, JSON, JSONL, YAML or TXT, alone or packed as .gz or .zip."


class BinaryFile(UnreadableFile):
    what = "{file} holds binary data, not text."
    todo = "Upload CSV, TSV, XLSX, JSON, JSONL, YAML or TXT, or choose the encoding if it is text."


class WrongEncoding(UnreadableFile):
    what = "{file} is not {encoding}: line {line}, column {column} can't be decoded."
    why = "Decoding it anyway would put wrong characters into the training data."
    todo = "Choose another encoding, or let it be detected."


class UnclosedQuote(UnreadableFile):
    what = "{file}: the quotation mark in the record that starts on line {line} is never closed."
    why = "Everything after it would become one single cell."
    todo = "Close it, or double it if it belongs to the text, and upload the file again."


class BrokenJson(UnreadableFile):
    what = "{file} is not valid JSON: line {line}, column {column}: {detail}"
    todo = "Correct that place and upload the file again."


class BrokenYaml(UnreadableFile):
    what = "{file} is not valid YAML: line {line}, column {column}: {detail}"
    todo = "Correct that place and upload the file again."


class BrokenWorkbook(UnreadableFile):
    what = "{file} is not a workbook that can be opened: {detail}"
    todo = "Open it in a spreadsheet program, save it as XLSX without a password, and upload that."


class BrokenArchive(UnreadableFile):
    what = "{file} is an archive that can't be unpacked: {detail}"
    todo = "Pack the file again without a password, or upload it unpacked."


class ManyFiles(UnreadableFile):
    what = "{file} is an archive of {n} files ({names}); one file alone is read."
    why = "Which of them is the dataset can't be known."
    todo = "Unpack it and upload the file you need."


class NoSuchSheet(UnreadableFile):
    what = "{file} has no sheet named {sheet}."
    todo = "Choose one of: {sheets}."


class ReaderFailed(UnreadableFile):
    what = "{file} made the reader fail."
    why = "This is a fault of this program; the server's log tells what happened."
    todo = "Save the file again as CSV or JSONL in UTF-8 and upload that."


class HostileFile(DatasetError):
    """A file that would take more memory or time than it is worth."""

    what = "{file} is larger inside than it looks."
    why = "Reading it could stop the server for everybody."


class UnpacksTooLarge(HostileFile):
    what = "{file} unpacks to more than {limit} MB."
    todo = "Split it into smaller files, or save it as CSV."


class NestedArchive(HostileFile):
    what = "{file} is an archive inside an archive ({inside})."
    why = "Archives inside archives can unpack without end."
    todo = "Unpack it and upload the file inside."


class TooMuchMemory(HostileFile):
    what = "{file} takes more than {limit} MB of memory to read, so reading was ended."
    todo = "Split it into smaller files, or save it as CSV or JSONL, which are read row by row."


class TooMuchTime(HostileFile):
    what = "{file} was not read after {limit} seconds, so reading was ended."
    todo = "Split it into smaller files, or save it as CSV or JSONL, which are read row by row."


class SheetTooLarge(HostileFile):
    what = "{file}: a sheet reaches to row {row}, column {column}; at most {limit} cells are read."
    todo = "Delete stray cells far from the table, or save the table alone as CSV."


class TooManyColumns(HostileFile):
    what = "{file} has {found} columns; at most {limit} are read."
    todo = "Check that the separator between columns is right, and keep only the columns you need."


class TooManyRows(HostileFile):
    what = "{file} has more than {limit} rows."
    todo = "Split it into smaller files, or keep only the best examples: a model learns as much from far fewer."


class CellTooLong(HostileFile):
    what = "{file}: a cell on line {line} is longer than {limit} characters."
    todo = "Look for a missing quotation mark there, or shorten the text."


class NestedTooDeep(HostileFile):
    what = "{file}: the data on line {line} is nested more than {limit} levels deep."
    todo = "Flatten it and upload it again."


class TooManyValues(HostileFile):
    what = "{file} holds more than {limit} values."
    todo = "Split it into smaller files, or save it as CSV or JSONL."


class YamlReference(HostileFile):
    what = "{file}: line {line} holds a YAML reference (*{anchor}); references are not followed."
    why = "A few of them can stand for gigabytes of data."
    todo = "Write the value out where it is used."


class NoUsableColumns(DatasetError):
    what = "{file} has no column to learn from."
    why = "An example needs at least a text that the model is to write."
    todo = "Use a header row and at least one column of text, e.g. prompt and completion."


class NoRows(NoUsableColumns):
    what = "{file} holds no rows of data."
    todo = "Check that the export is complete, then upload the file again."


class BrokenTemplate(DatasetError):
    what = "The template {template} opens a brace at character {place} and never closes it."
    why = "What stands between braces is the name of a column."
    todo = "Close the brace, or write {{{{ for a brace that belongs to the text."


class UnknownColumn(DatasetError):
    what = "The template names the column {column}, which is not in the file."
    why = "There would be nothing to put in its place."
    todo = "Use one of: {columns}."


class ResultFile(DatasetError):
    what = "{file} is a result file of a fine-tuning job, not a dataset."
    why = "It holds losses by step, and no text to learn from."
    todo = "Open it on the Results page to see its curves."


class JobListing(DatasetError):
    what = "{file} is a listing of fine-tuning jobs, not a dataset."
    why = "It tells about jobs, and holds no text to learn from."
    todo = "Upload the dataset that a job was trained on; result files can be opened on the Results page."


class ApiAnswer(DatasetError):
    what = "{file} is the answer of an API (an object called {kind}), not a dataset."
    why = "It tells about something at a service, and holds no examples to learn from."
    todo = "Upload the dataset itself."


class ReadingStopped(DatasetError):
    what = "Reading {file} was stopped."
    why = "Nothing of it was kept."
    todo = "Upload it again to read it."


class TooFewExamples(DatasetError):
    what = "{file} gives too few examples: {found}, where at least {minimum} are needed. Rows left out: {skipped}."
    why = "Services refuse smaller files, and a model learns nothing lasting from so few."
    todo = "Add examples, choose other columns, or look at the rows that were left out."
