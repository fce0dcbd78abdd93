"""What can go wrong between us and a backend.

BackendError
├── ConnectionLost       no answer that counts: what was asked may have happened
│   ├── Unreachable      nothing was sent
│   │   └── EngineDown   the embedded engine is (re)starting
│   ├── BackendTrouble   the backend or something before it answered 5xx
│   └── NotAnApi         the answer was not the API's: broken JSON, or no JSON at all
│       ├── WebPage      HTML
│       ├── Redirected   another address
│       ├── OtherDialect JSON of another kind
│       └── EmptyAnswer  nothing
└── Refused              the backend said no: nothing happened
    ├── Unauthorized     the key
    ├── NotAllowed       the account
    ├── NotFound         the object
    ├── RateLimited      too soon; `retry_after` seconds
    │   └── Busy         it does something else, and takes no more now
    └── OutOfCredit      the bill
StreamBroken           an answer that was being written broke off
StillLoading           a model that did not get ready in time

No message ever holds a key: `lib.providers.transport` cleans what it quotes.
"""

from __future__ import annotations

from lib.errors import TuneboardError


class NoSuchConnection(TuneboardError):
    what = "There is no connection called {id}."
    why = "Its settings may have been removed from the server."
    todo = "Choose another connection, or ask whoever runs this server."


class BackendError(TuneboardError):
    what = "{service} could not do this: {detail}"


class ConnectionLost(BackendError):
    what = "The connection to {service} was lost: {detail}"
    why = "What was asked may or may not have happened."
    todo = "Nothing to do: it is looked up before anything is sent again."


class Unreachable(ConnectionLost):
    what = "{service} can't be reached: {detail}"
    why = "Nothing was sent."
    todo = "Check the address and the network. It is tried again by itself."


class EngineDown(Unreachable):
    what = "The engine on this machine is not ready: {detail}"
    why = "It trains the models and answers in the playground."
    todo = "Wait a few seconds: it is started again by itself."


class BackendTrouble(ConnectionLost):
    what = "{service} has a problem on its side: {detail}"


class NotAnApi(ConnectionLost):
    what = "{service} answered something that is not the API: {detail}"
    why = "A login page, a proxy or a wrong address answers in its place."
    todo = "Check the base URL: it usually ends in /v1."


class WebPage(NotAnApi):
    what = "{service} answered with a web page: {detail}"
    why = "A page for people, such as a login or an error of a proxy, is at this address, and not the API."


class Redirected(NotAnApi):
    what = "{service} sends us to another address: {detail}"
    why = "The key is sent to the address that was given for it, and to no other."
    todo = "If that is where the API is, give that address as the base URL. If it is a login, you may need a VPN."


class OtherDialect(NotAnApi):
    what = "{service} answered in JSON of another kind: {detail}"
    why = "It is an API, but does not speak OpenAI's protocol at this address."
    todo = "Check the base URL: many services have an address of their own for OpenAI's protocol."


class EmptyAnswer(NotAnApi):
    what = "{service} answered with nothing at all."
    why = "Something takes requests at this address and has nothing to say to them."


class Refused(BackendError):
    what = "{service} refused: {detail}"
    why = "Nothing was started."
    todo = "Change what the message names, then try again."


class Unauthorized(Refused):
    what = "{service} does not accept the key: {detail}"
    todo = "Check the key in the server's settings."


class NotAllowed(Refused):
    what = "{service} does not allow this account to do that: {detail}"
    todo = "Choose another connection; the engine on this machine needs no account."


class NotFound(Refused):
    what = "{service} knows no such thing: {detail}"
    todo = "It may have been deleted. Choose another one."


class RateLimited(Refused):
    what = "{service} asks to wait: {detail}"
    why = "Too many requests were sent in a short time."
    todo = "Nothing to do: it is tried again by itself."

    @property
    def retry_after(self) -> float | None:
        """Return the seconds the backend asked to wait, if it said so."""
        value = self.values.get("retry_after")
        return float(value) if value is not None else None


class Busy(RateLimited):
    what = "{service} is busy: {detail}"
    why = "It takes no other request of this kind before the one at work has ended."


class OutOfCredit(Refused):
    what = "{service} refuses until the account is paid: {detail}"
    todo = "Add credit or raise the limit in the account, then try again."


class StreamBroken(BackendError):
    what = "{service} broke off the answer: {detail}"
    why = "What was written so far is kept."
    todo = "Ask again."


class StillLoading(BackendError):
    what = "{service} has been loading the model for minutes, and it still does not answer: {detail}"
    why = "A model that is new, or that nobody asked for a while, is loaded first."
    todo = "Ask again in some minutes. If it stays so, the model may need a deployment of its own at the service."


class ForbiddenAddress(TuneboardError):
    what = "A connection to {detail} is not allowed."
    why = "It leads to this server itself or to services of its network that trust it, and would reach them as it."
    todo = "Use a public or team address, or ask whoever runs this server to set TUNEBOARD_ALLOW_LOCAL_ADDRESSES=1."


class NoSecretKey(TuneboardError):
    what = "This server has no secret to keep keys with."
    why = "A key must not lie in the database as it is."
    todo = "Use it for this session alone, or ask whoever runs this server to set TUNEBOARD_SECRET_KEY."


class BadSecretKey(TuneboardError):
    what = "The server's secret is not one that keys can be kept with."
    why = "TUNEBOARD_SECRET_KEY must be 32 random bytes, written in URL-safe base64."
    todo = "Ask whoever runs this server to make one: the README has the command."


class BadConfiguration(TuneboardError):
    what = "The server's list of connections ({file}) can't be read: {detail}"
    why = "None of the connections in it can be used."
    todo = "Ask whoever runs this server to mend the file: the README shows what it looks like."


class KeyGone(TuneboardError):
    what = "The key for {service} is not here any more."
    why = "It was given for one session, or the server's secret was changed."
    todo = "Enter it again on the Settings page."


class BadKey(TuneboardError):
    what = "The key for {service} holds characters that no key holds, such as a space or a line break."
    why = "It can't be sent, and might end up in a log."
    todo = "Copy the key again into the server's settings, then start the server again."
