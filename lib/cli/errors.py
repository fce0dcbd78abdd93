"""Refusals of the command line.

TuneboardError
├── BadUsage              the arguments make no command
├── NoSuchFile            the file to read is not there, or may not be read
├── OutputExists          a file to write is there already
├── OutputIsInput         the result would replace the file it is made from
├── WrongOutput           the name of the result has an ending that is not written
├── BadRecipe             a recipe file can't be used
├── RecipeDoesNotFit      a recipe speaks of columns that the file does not have
├── ValidationDoesNotFit  the validation file has other columns than the file to train on
├── UnknownRole           --role names a column or a role that is not there
└── Fault                 a fault of ours
"""

from __future__ import annotations

from lib.errors import TuneboardError


class BadUsage(TuneboardError):
    what = "The command can't be understood: {detail}"
    todo = "Write it like this, or add --help to see examples:\n{usage}"


class NoSuchFile(TuneboardError):
    what = "{file} can't be opened: {detail}"
    todo = "Check the name and the folder; put names with spaces between quotation marks."


class OutputExists(TuneboardError):
    what = "{file} is there already."
    why = "Nothing is replaced unless you say so."
    todo = "Choose another name, or add --force."


class OutputIsInput(TuneboardError):
    what = "{file} is the file that is read."
    why = "The original would be gone."
    todo = "Choose another name for the result."


class WrongOutput(TuneboardError):
    what = "{file} has an ending that is not written here."
    why = "Services take only .jsonl; .csv is for people."
    todo = "Name the result .jsonl, or .csv if no service is to take it."


class BadRecipe(TuneboardError):
    what = "The recipe {file} can't be used: {detail}"
    why = "Without it the examples would come out differently."
    todo = "Give a file that prepare --save-recipe or the Data page wrote."


class RecipeDoesNotFit(TuneboardError):
    what = "The recipe {file} speaks of other columns than the file has: {columns}."
    why = "Without them there is no text to learn from."
    todo = "Give the recipe of a file with the same columns, or leave --recipe out."


class ValidationDoesNotFit(TuneboardError):
    what = "The validation file {file} has other columns than the file to train on: {columns}."
    why = "Both must become examples in the same way."
    todo = "Give a validation file with the same columns, or prepare it by itself first."


class UnknownRole(TuneboardError):
    what = "There is no {kind} named {name}."
    todo = "Choose one of: {known}."


class Fault(TuneboardError):
    what = "Something went wrong that should not: {detail}"
    why = "This is a fault of Tuneboard, not of your file."
    todo = "Report it with the file, or with a few lines that show the same."
