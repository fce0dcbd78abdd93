"""Refusals of work on a whole file.

WorkbenchError
├── Stopped            somebody stopped it
├── WorkerDied         a process was ended from outside, mostly for want of memory
├── WorkerFailed       a fault of ours, named in the log
└── ResultUnwritable   the disk is full or read-only
"""

from __future__ import annotations

from lib.errors import TuneboardError


class WorkbenchError(TuneboardError):
    """Any refusal of work on a whole file."""

    what = "The file could not be worked through."


class Stopped(WorkbenchError):
    what = "The work was stopped."
    why = "Somebody cancelled it; nothing was changed."
    todo = "Start it again when you are ready."


class WorkerDied(WorkbenchError):
    what = "A process that looked through the file ended before it was done (status {status})."
    why = "Most often the machine has run out of memory, and the system ended the largest process."
    todo = "Close other programs or take a machine with more memory, then try again."


class WorkerFailed(WorkbenchError):
    what = "Looking through the file failed: {detail}"
    why = "This is a fault of Tuneboard, not of your file."
    todo = "Report it with the lines around it in the server's log."


class ResultUnwritable(WorkbenchError):
    what = "The result could not be written: {detail}"
    why = "The disk is full or may not be written to."
    todo = "Free some space, then try again."
