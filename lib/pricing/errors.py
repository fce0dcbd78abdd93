"""What can go wrong while counting.

TuneboardError
├── MissingRanks           a rank file of an encoding is not in data/encodings
├── UnknownModel           no encoding is known for a hosted model
└── UnreadableTokenizer    an engine model's tokenizer.json can't be read
"""

from __future__ import annotations

from lib.errors import TuneboardError


class MissingRanks(TuneboardError):
    what = "Tokens can't be counted: the file {file} of the encoding {encoding} is missing."
    why = "Without it the count would be a guess, and so would the price."
    todo = "Put the file back into {folder}; its README says which file is which."


class UnknownModel(TuneboardError):
    what = "Tokens can't be counted for {model}: the catalogue does not know this model."
    why = "Every model splits text in its own way, so the count of another one would mislead."
    todo = "Choose a model from the list, or add this one to data/catalogue."


class UnreadableTokenizer(TuneboardError):
    what = "Tokens can't be counted: the tokenizer {file} can't be read ({detail})."
    why = "The time a job takes is worked out from its tokens."
    todo = "Check that the model's folder is complete; the job itself can still be started."
