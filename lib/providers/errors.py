"""What can go wrong between us and a backend.

BackendError
├── ConnectionLost       no answer that counts: what was asked may have happened
│   ├── Unreachable      nothing was sent
│   │   └── EngineDown   the embedded engine is (re)starting
│   ├── BackendTrouble   the backend or something before it answered 5xx
│   └── NotAnApi         the answer was not the API's: a web page, a redirect, broken JSON
└── Refused              the backend said no: nothing happened
    ├── Unauthorized     the key
    ├── NotAllowed       the account
    ├── NotFound         the object
    ├── RateLimited      too soon; `retry_after` seconds
    └── OutOfCredit      the bill

No message ever holds a key: `lib.providers.transport` cleans what it quotes.
"""

from __future__ import annotations

from lib.errors import TuneboardError
from lib.i18n import N_


class NoSuchConnection(TuneboardError):
    what = N_("There is no connection called {id}.")
    why = N_("Its settings may have been removed from the server.")
    todo = N_("Choose another connection, or ask whoever runs this server.")


class BackendError(TuneboardError):
    what = N_("{service} could not do this: {detail}")


class ConnectionLost(BackendError):
    what = N_("The connection to {service} was lost: {detail}")
    why = N_("What was asked may or may not have happened.")
    todo = N_("Nothing to do: it is looked up before anything is sent again.")


class Unreachable(ConnectionLost):
    what = N_("{service} can't be reached: {detail}")
    why = N_("Nothing was sent.")
    todo = N_("Check the address and the network. It is tried again by itself.")


class EngineDown(Unreachable):
    what = N_("The engine on this machine is not ready: {detail}")
    why = N_("It trains the models and answers in the playground.")
    todo = N_("Wait a few seconds: it is started again by itself.")


class BackendTrouble(ConnectionLost):
    what = N_("{service} has trouble of its own: {detail}")


class NotAnApi(ConnectionLost):
    what = N_("{service} answered something that is not the API: {detail}")
    why = N_("A login page, a proxy or a wrong address answers in its place.")
    todo = N_("Check the base URL: it usually ends in /v1.")


class Refused(BackendError):
    what = N_("{service} refused: {detail}")
    why = N_("Nothing was started.")
    todo = N_("Change what the message names, then try again.")


class Unauthorized(Refused):
    what = N_("{service} does not accept the key: {detail}")
    todo = N_("Check the key in the server's settings.")


class NotAllowed(Refused):
    what = N_("{service} does not allow this account to do that: {detail}")
    todo = N_("Choose another connection; the engine on this machine needs no account.")


class NotFound(Refused):
    what = N_("{service} does not know it: {detail}")
    todo = N_("It may have been deleted. Choose another one.")


class RateLimited(Refused):
    what = N_("{service} asks to wait: {detail}")
    why = N_("Too many requests were sent in a short time.")
    todo = N_("Nothing to do: it is tried again by itself.")

    @property
    def retry_after(self) -> float | None:
        """Return the seconds the backend asked to wait, if it said so."""
        value = self.values.get("retry_after")
        return float(value) if value is not None else None


class OutOfCredit(Refused):
    what = N_("{service} won't go on because of the bill: {detail}")
    todo = N_("Add credit or raise the limit in the account, then try again.")
