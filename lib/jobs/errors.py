"""What a launch, or a job, can end with."""

from __future__ import annotations

from lib.errors import TuneboardError


class NoSuchVersion(TuneboardError):
    what = "The dataset version is gone."
    why = "A job needs its examples."
    todo = "Choose another dataset version."


class TooFewToTrain(TuneboardError):
    what = "{found} examples are left to train on once {held_out} are held out; {service} needs at least {minimum}."
    why = "Nothing was sent."
    todo = "Hold out a smaller part, or add examples."


class BrokenVersion(TuneboardError):
    what = "The dataset version can't be split: {detail}"
    why = "Nothing was sent."
    todo = "Save the dataset again, then launch once more."


class JobFailed(TuneboardError):
    what = "{service} ended the job: {message}"
    why = "The reason is in {service}'s own words."
    todo = "Change what the reason names, then launch again."


class JobFailedSilently(TuneboardError):
    what = "{service} ended the job and gave no reason."
    todo = "Look at its last events; launching again may be enough."


class JobVanished(TuneboardError):
    what = "{service} no longer knows the job {remote_id}."
    why = "It was deleted there, or its data was lost."
    todo = "Launch again to train it anew. What was recorded is kept here."


class OverBudget(TuneboardError):
    what = "This launch would cost about ${asked}: more than is left of this month's budget."
    why = "${spent} of ${budget} are spent, by what jobs cost or are expected to."
    todo = "Choose fewer epochs, a smaller dataset or the engine, or ask whoever runs this server for more."


class NotALaunch(TuneboardError):
    what = "This file holds no launch settings: {detail}"
    why = "Nothing was changed."
    todo = "Choose a YAML file that was downloaded from the Train page."
