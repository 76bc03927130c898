"""Explains connection failures: which host or proxy failed, how, and what the person can do."""

import errno
import os
import ssl
from collections.abc import Iterator
from socket import gaierror

from selfinstruct.core.endpoint.open_files import limit
from selfinstruct.core.endpoint.redaction import struck_text
from selfinstruct.core.endpoint.route import CERTIFICATE_VARIABLES, UNREAD_VARIABLES, Route
from selfinstruct.core.endpoint.send_error import SendError
from selfinstruct.core.setting_names import setting

_LONGEST_QUOTED = 200

_OF_CONNECTING = frozenset({"ConnectError", "ConnectTimeout", "UnsupportedProtocol"})
"""Exceptions that the HTTP client raises before it has sent anything."""

_UNKNOWN_ISSUER = frozenset({2, 18, 19, 20, 21})
_NOT_NOW = frozenset({9, 10})
_OTHER_NAME = frozenset({62, 63, 64})
"""Error codes of OpenSSL's X509_verify_cert, grouped by their remedy."""


def connection_error(cause: BaseException, route: Route) -> SendError:
    """Return the SendError for a connection that could not be made, or that broke before a response.

    Args:
        cause: The exception of the HTTP client.
        route: The route of the request.
    """
    kind, errors = type(cause).__name__, list(_chain(cause))
    if kind == "ProxyError":
        return _of_proxy(cause, route)
    if kind not in _OF_CONNECTING:
        return SendError(f"The connection broke: {why(cause)}.", transient=True)
    for error in errors:
        if isinstance(error, ssl.SSLError):
            return _of_tls(error, route)
    for error in reversed(errors):
        if isinstance(error, OSError) and error.errno in {errno.EMFILE, errno.ENFILE}:
            return _of_open_files(error)
    cause = next((error for error in reversed(errors) if getattr(error, "errno", None)), cause)
    if isinstance(cause, gaierror):
        return _unreached(f"The name {_asked_for(route)} could not be looked up: {why(cause)}.", route)
    return _unreached(f"No connection could be made{_to(route)}: {why(cause)}.", route)


def not_connected_within(seconds: float, route: Route) -> SendError:
    """Return the SendError for a connection timeout."""
    return _unreached(f"No connection could be made{_to(route)} within {seconds:g} seconds.", route)


def why(error: BaseException) -> str:
    """Return the message of the system or library for an error, to end a sentence."""
    if isinstance(error, OSError) and error.errno and not isinstance(error, gaierror):
        said = os.strerror(error.errno)
    else:
        said = getattr(error, "strerror", None) or str(error)
    said = struck_text(" ".join(said.split()))[:_LONGEST_QUOTED].rstrip(".")
    return said or "it was closed"


def sentence_case(words: str) -> str:
    """Capitalize the first letter and change nothing else."""
    return f"{words[:1].upper()}{words[1:]}"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and its causes, the innermost last; of an exception group, the first."""
    while error is not None:
        yield error
        if isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        else:
            # The HTTP client raises `from None`, which hides the context but keeps it.
            error = error.__cause__ or error.__context__


def _asked_for(route: Route) -> str:
    return f"of {route.proxy_shown}" if route.proxy else route.host


def _to(route: Route) -> str:
    return f" to {route.proxy_shown}" if route.proxy else ""


def _unreached(sentence: str, route: Route) -> SendError:
    advice = f"Check that the proxy runs, correct {route.variable}, or {route.without_proxy}."
    return SendError(sentence, transient=True, free=True, advice=advice if route.proxy else "")


def _of_open_files(error: OSError) -> SendError:
    """Return the SendError for a lack of file descriptors, which is a local problem."""
    if error.errno == errno.ENFILE:
        sentence = "No connection could be made: all programs together have too many files open."
        return SendError(sentence, transient=True, free=True, advice="Close some of them and start again.")
    sentence = f"No connection could be made: this program has reached its limit of {limit()} open files."
    advice = f"Raise that limit with ulimit -n, or lower {setting('concurrency')}."
    return SendError(sentence, transient=True, free=True, advice=advice)


def _of_tls(error: ssl.SSLError, route: Route) -> SendError:
    if isinstance(error, ssl.SSLCertVerificationError):
        return _of_certificate(error, route)
    reason = (error.reason or str(error)).replace("_", " ").lower()
    who = f"{route.host}, or {route.proxy_shown}," if route.proxy else route.host
    return SendError(
        f"{who} did not complete the TLS handshake ({struck_text(reason)}). If it speaks plain HTTP, use an"
        " address that starts with http://.",
        free=True,
        unusable=True,
    )


def _of_certificate(error: ssl.SSLCertVerificationError, route: Route) -> SendError:
    whose = f"{route.host}{f', or of {route.proxy_shown}' if route.proxy else ''}"
    return SendError(
        f"The certificate of {whose} is not accepted: {error.verify_message.rstrip('.')}."
        f" {_advice_on(error.verify_code)}",
        free=True,
        unusable=True,
    )


def _advice_on(code: int) -> str:
    if code in _NOT_NOW:
        return "Check this machine's date; if it is right, the server needs another certificate."
    if code in _OTHER_NAME:
        return "Use a host name that the certificate covers."
    if code not in _UNKNOWN_ISSUER:
        return "The server needs another certificate."
    named = next((name for name in CERTIFICATE_VARIABLES if os.environ.get(name)), None)
    trusted = f"those in {named}" if named else "those of the system"
    advice = (
        f"Trusted certificates are {trusted}. If you trust this one, set SSL_CERT_FILE to a file with it or"
        " with its issuer's."
    )
    unread = [name for name in UNREAD_VARIABLES if os.environ.get(name)]
    return (
        f"{advice} {' and '.join(unread)} {'is' if len(unread) == 1 else 'are'} not read."
        if unread
        else advice
    )


def _of_proxy(error: BaseException, route: Route) -> SendError:
    """Return the SendError for a proxy that was reached but did not connect to the host."""
    status = str(error).split(" ", 1)[0]
    mend = f"{route.without_proxy}."
    if status == "407":
        return SendError(wants_password(route), free=True, unusable=True)
    sentence = f"{sentence_case(route.proxy_shown)} did not connect to {route.host}"
    if status.isdigit():
        is_passing = int(status) >= 500 or int(status) == 429
        sentence += f": status {struck_text(str(error)).strip()}."
    else:
        is_passing = False
        sentence += f": {why(error)}."
    if is_passing:
        advice = f"The proxy may be unable to reach it; otherwise {mend}"
        return SendError(sentence, transient=True, free=True, advice=advice)
    return SendError(f"{sentence} Allow the host in the proxy, or {mend}", free=True, unusable=True)


def wants_password(route: Route) -> str:
    """Return the sentence for a proxy that requires authentication."""
    has_one = "@" in (route.proxy or "")
    what = "rejects the name and password" if has_one else "requires a name and a password"
    return (
        f"{sentence_case(route.proxy_shown)} {what} (status 407). Put them in {route.variable}, as in"
        f" http://NAME:PASSWORD@HOST:PORT, or {route.without_proxy}."
    )
