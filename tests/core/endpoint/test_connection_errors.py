"""Of a connection that fails one learns who failed, how, whether it cost anything, and what to do."""

import errno
import os
import ssl
from socket import EAI_NONAME, gaierror

import pytest

from selfinstruct.core.endpoint.connection_errors import connection_error, not_connected_within, why
from selfinstruct.core.endpoint.route import CERTIFICATE_VARIABLES, UNREAD_VARIABLES, Route
from selfinstruct.core.endpoint.send_error import SendError

DIRECT = Route("h.example", is_encrypted=True)
PROXIED = Route(
    "h.example", is_encrypted=True, proxy="http://me:canary@p.example:3128", variable="HTTPS_PROXY"
)
SHOWN = "the proxy http://p.example:3128 (HTTPS_PROXY)"


class ConnectError(Exception):
    """As the HTTP client's."""


class ProxyError(Exception):
    """As the HTTP client's."""


class ReadError(Exception):
    """As the HTTP client's."""


def connecting(*causes: BaseException) -> ConnectError:
    """A failure to connect, with what caused it, the innermost last."""
    error: BaseException = ConnectError("")
    outermost = error
    for cause in causes:
        error.__context__ = cause
        error = cause
    assert isinstance(outermost, ConnectError)
    return outermost


def os_error(number: int) -> OSError:
    return OSError(number, os.strerror(number))


def told(error: SendError) -> tuple[bool, bool, bool]:
    return error.transient, error.free, error.unusable


@pytest.mark.parametrize(
    ("status", "said", "passing"),
    [
        ("403 Forbidden", "403 Forbidden. Allow the host in the proxy, or add h.example to NO_PROXY", False),
        ("499 Odd", "499 Odd. Allow the host in the proxy, or add", False),
        ("429 Too Many Requests", "429 Too Many Requests.", True),
        ("500 Odd", "500 Odd.", True),
        ("502 Bad Gateway", "502 Bad Gateway.", True),
    ],
)
def test_a_proxy_that_does_not_connect_is_named_with_its_status(
    status: str, said: str, passing: bool
) -> None:
    error = connection_error(ProxyError(status), PROXIED)
    assert error.sentence.startswith(f"T{SHOWN[1:]} did not connect to h.example: status {said}")
    assert told(error) == (passing, True, not passing)
    assert ("unable to reach it" in error.advice) == passing
    assert "canary" not in error.sentence + error.advice


def test_a_proxy_that_says_no_status_is_named_with_its_words() -> None:
    error = connection_error(ProxyError("Malformed reply."), PROXIED)
    assert "did not connect to h.example: Malformed reply. Allow the host" in error.sentence
    assert told(error) == (False, True, True)


@pytest.mark.parametrize(
    ("proxy", "what"),
    [
        ("http://p.example:3128", "requires a name and a password"),
        ("http://me:canary@p.example:3128", "rejects the name and password"),
    ],
)
def test_a_proxy_that_wants_a_password_is_given_one_where_it_is_set(proxy: str, what: str) -> None:
    route = Route("h.example", is_encrypted=True, proxy=proxy, variable="HTTPS_PROXY")
    error = connection_error(ProxyError("407 Proxy Authentication Required"), route)
    assert f"{what} (status 407). Put them in HTTPS_PROXY, as in" in error.sentence
    assert told(error) == (False, True, True)
    assert "canary" not in error.sentence


def test_a_connection_that_breaks_before_the_answer_may_have_cost_something() -> None:
    error = connection_error(ReadError("It was reset."), DIRECT)
    assert error.sentence == "The connection broke: It was reset."
    assert told(error) == (True, False, False)
    assert not error.unreachable
    assert connection_error(ReadError(""), DIRECT).sentence == "The connection broke: it was closed."


@pytest.mark.parametrize(("route", "to"), [(DIRECT, ""), (PROXIED, f" to {SHOWN}")])
def test_a_connection_that_is_refused_is_told_in_the_words_of_the_system(route: Route, to: str) -> None:
    error = connection_error(connecting(OSError("odd"), os_error(errno.ECONNREFUSED)), route)
    assert error.sentence == f"No connection could be made{to}: Connection refused."
    assert told(error) == (True, True, False)
    assert error.unreachable
    advice = "Check that the proxy runs, correct HTTPS_PROXY, or add h.example to NO_PROXY to bypass it."
    assert error.advice == (advice if route.proxy else "")
    late = not_connected_within(2.5, route)
    assert late.sentence == f"No connection could be made{to} within 2.5 seconds."
    assert told(late) == (True, True, False)


def test_of_several_addresses_that_were_tried_the_first_tells_why() -> None:
    tried = ExceptionGroup("all", [os_error(errno.ENETUNREACH), os_error(errno.ECONNREFUSED)])
    error = connection_error(connecting(tried), DIRECT)
    assert error.sentence == "No connection could be made: Network is unreachable."


@pytest.mark.parametrize(("route", "name"), [(DIRECT, "h.example"), (PROXIED, f"of {SHOWN}")])
def test_a_name_that_is_not_known_is_that_of_the_host_or_of_the_proxy(route: Route, name: str) -> None:
    error = connection_error(connecting(gaierror(EAI_NONAME, "Name or service not known")), route)
    assert error.sentence == f"The name {name} could not be looked up: Name or service not known."


@pytest.mark.parametrize(
    ("number", "said", "advice"),
    [
        (errno.EMFILE, "this program has reached its limit of", "Raise that limit with ulimit -n, or lower"),
        (errno.ENFILE, "all programs together have too many files open", "Close some of them"),
    ],
)
def test_a_lack_of_open_files_is_no_fault_of_the_server(number: int, said: str, advice: str) -> None:
    error = connection_error(connecting(os_error(number), OSError("odd")), DIRECT)
    assert said in error.sentence
    assert error.advice.startswith(advice)
    assert told(error) == (True, True, False)


@pytest.mark.parametrize(("route", "who"), [(DIRECT, "h.example"), (PROXIED, f"h.example, or {SHOWN},")])
def test_a_handshake_that_fails_may_be_with_a_server_that_speaks_plainly(route: Route, who: str) -> None:
    broken = ssl.SSLError(1, "odd")
    broken.reason = "WRONG_VERSION_NUMBER"
    error = connection_error(connecting(broken), route)
    assert error.sentence.startswith(
        f"{who} did not complete the TLS handshake (wrong version number). If it"
    )
    assert told(error) == (False, True, True)


def certificate(code: int) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "odd")
    error.verify_code, error.verify_message = code, "it is odd."
    return error


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        (9, "Check this machine's date"),
        (10, "Check this machine's date"),
        (62, "Use a host name that the certificate covers."),
        (64, "Use a host name that the certificate covers."),
        (23, "The server needs another certificate."),
        (18, "Trusted certificates are those of the system."),
        (20, "Trusted certificates are those of the system."),
    ],
)
@pytest.mark.parametrize(("route", "whose"), [(DIRECT, "h.example"), (PROXIED, f"h.example, or of {SHOWN}")])
def test_a_certificate_that_is_not_accepted_says_what_mends_it(
    monkeypatch: pytest.MonkeyPatch, code: int, advice: str, route: Route, whose: str
) -> None:
    for name in (*CERTIFICATE_VARIABLES, *UNREAD_VARIABLES):
        monkeypatch.delenv(name, raising=False)
    error = connection_error(connecting(certificate(code)), route)
    assert error.sentence.startswith(f"The certificate of {whose} is not accepted: it is odd. {advice}")
    assert "not read" not in error.sentence
    assert told(error) == (False, True, True)


def test_variables_that_name_certificates_are_told_whether_they_are_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in (*CERTIFICATE_VARIABLES, *UNREAD_VARIABLES):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(CERTIFICATE_VARIABLES[0], "/x")
    monkeypatch.setenv(UNREAD_VARIABLES[0], "/y")
    said = connection_error(connecting(certificate(20)), DIRECT).sentence
    assert f"Trusted certificates are those in {CERTIFICATE_VARIABLES[0]}." in said
    assert said.endswith(f" {UNREAD_VARIABLES[0]} is not read.")
    monkeypatch.setenv(UNREAD_VARIABLES[1], "/z")
    assert connection_error(connecting(certificate(20)), DIRECT).sentence.endswith(
        f" {UNREAD_VARIABLES[0]} and {UNREAD_VARIABLES[1]} are not read."
    )


def test_a_long_reason_is_quoted_in_part_and_on_one_line() -> None:
    assert why(ReadError("a\n b.")) == "a b"
    assert why(ReadError("x" * 500)) == "x" * 200
    assert why(OSError("odd")) == "odd"
