"""Proxies and certificates of the environment: which are used, and what is said of those that cannot be."""

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from selfinstruct.core.endpoint.client import Endpoint
from selfinstruct.core.endpoint.route import is_exempt, route_to
from selfinstruct.core.endpoint.send_error import SendError
from selfinstruct.core.settings.sources import resolve
from selfinstruct.db.records import Prompt
from tests import tls
from tests.server import Fault, ModelServer, error_body

ASKED: Prompt = [{"role": "user", "content": "x"}]
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*PROXIES, *CERTIFICATES):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


async def ask(address: str, **settings: object) -> bytes:
    endpoint = Endpoint(resolve({"model": "m", "base_url": address, **settings}))
    try:
        return await endpoint.send(ASKED, {"max_tokens": 1})
    finally:
        await endpoint.close()


async def failure(address: str) -> SendError:
    with pytest.raises(SendError) as caught:
        await ask(address)
    return caught.value


@contextmanager
def proxy_that_answers(status_line: str) -> Iterator[str]:
    """A proxy with one answer for everything; gives its address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    received = b""
                    while b"\r\n\r\n" not in received and (more := connection.recv(65536)):
                        received += more
                    connection.sendall(f"HTTP/1.1 {status_line}\r\ncontent-length: 0\r\n\r\n".encode())
                    connection.shutdown(socket.SHUT_WR)
                    while connection.recv(65536):
                        pass

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.mark.parametrize(
    ("address", "no_proxy"),
    [
        ("http://127.0.0.1:8000/v1", "localhost,127.0.0.0/8,::1"),
        ("http://127.0.0.1:8000/v1", "127.0.0.1"),
        ("http://127.0.0.1:8000/v1", "127.0.0.1:8000"),
        ("http://10.1.2.3/v1", "192.168.0.0/16 10.0.0.0/8"),
        ("http://10.9.9.9/v1", "10.1.2.3/8"),
        ("http://[::1]:8000/v1", "::1"),
        ("http://[::1]:8000/v1", "[::1]"),
        ("http://[::1]:8000/v1", "[::1]:8000"),
        ("http://[fd00::7]/v1", "fd00::/8"),
        ("https://api.example.com/v1", "example.com"),
        ("https://api.example.com/v1", ".example.com"),
        ("https://api.example.com/v1", "*.example.com"),
        ("https://api.example.com/v1", "EXAMPLE.COM:443"),
        ("https://example.com/v1", "https://example.com"),
        ("https://example.com/v1", "a.b, *"),
    ],
)
def test_what_no_proxy_exempts_is_reached_straight(address: str, no_proxy: str) -> None:
    assert is_exempt(urlsplit(address), no_proxy)


@pytest.mark.parametrize(
    ("address", "no_proxy"),
    [
        ("http://127.0.0.1:8000/v1", "127.0.0.1:9000"),
        ("http://127.0.0.1:8000/v1", "10.0.0.0/8,::1,,"),
        ("http://[::1]:8000/v1", "[::1]:9000"),
        ("http://[::2]/v1", "::1"),
        ("https://notexample.com/v1", "example.com"),
        ("https://example.com/v1", "api.example.com"),
        ("https://example.com/v1", "http://example.com"),
        ("https://example.com/v1", "example.com:80"),
        ("https://example.com/v1", "."),
    ],
)
def test_what_no_proxy_does_not_name_goes_through_the_proxy(address: str, no_proxy: str) -> None:
    assert not is_exempt(urlsplit(address), no_proxy)


@pytest.mark.parametrize(
    "proxy", ["socks://127.0.0.1:7890", "socks5://127.0.0.1:7890", "foo://h:1", "http://h:port", "http://"]
)
async def test_no_proxy_of_any_kind_stops_a_host_that_is_exempt(
    server: ModelServer, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.0/8,::1")
    await ask(server.url)
    assert len(server.received) == 1


async def test_a_proxy_for_https_has_no_part_in_http(
    server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "nonsense://")
    await ask(server.url)
    assert len(server.received) == 1


async def test_the_built_in_model_needs_neither_proxies_nor_certificates(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("SSL_CERT_FILE", "/not/there.pem")
    endpoint = Endpoint(resolve({"model": "offline"}))
    assert await endpoint.send([{"role": "user", "content": "x"}], {"max_tokens": 1})
    await endpoint.close()


@pytest.mark.parametrize(
    ("variable", "proxy", "said"),
    [
        ("ALL_PROXY", "socks://h:1", r"ALL_PROXY has an unsupported scheme \(socks://\)"),
        ("all_proxy", "ftp://h:1", r"all_proxy has an unsupported scheme \(ftp://\)"),
        ("HTTP_PROXY", "socks5://h:1", "HTTP_PROXY is a SOCKS proxy, which requires.*socksio"),
        ("HTTP_PROXY", "http://h:port", "HTTP_PROXY has no valid address"),
        ("HTTP_PROXY", "http://h:99999", "HTTP_PROXY has no valid address"),
        ("HTTP_PROXY", "http://", "HTTP_PROXY has no valid address"),
        ("HTTP_PROXY", "http://[::1", "HTTP_PROXY has no valid address"),
        ("HTTP_PROXY", "http://a b:1", "HTTP_PROXY has no valid address"),
    ],
)
async def test_a_proxy_that_cannot_be_used_is_told_by_its_variable_and_the_way_around(
    monkeypatch: pytest.MonkeyPatch, variable: str, proxy: str, said: str
) -> None:
    monkeypatch.setattr("selfinstruct.core.endpoint.route.find_spec", lambda name: None)
    monkeypatch.setenv(variable, proxy)
    error = await failure("http://model.example/v1")
    assert error.unusable
    assert error.free
    assert re.search(f"{said}.*NO_PROXY", error.sentence), error.sentence


async def test_a_proxy_that_cannot_be_reached_is_named_and_the_server_not_blamed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "127.0.0.1:9")
    endpoint = Endpoint(resolve({"model": "m", "base_url": "http://model.example/v1"}))
    with pytest.raises(SendError) as caught:
        await endpoint.send(ASKED, {"max_tokens": 1})
    await endpoint.close()
    assert caught.value.unreachable
    told = endpoint.advice(caught.value)
    assert "to the proxy http://127.0.0.1:9 (HTTP_PROXY): Connection refused." in told
    assert "NO_PROXY" in told
    assert "that the server is running" not in told


@pytest.mark.parametrize("address", ["http://model.example/v1", "https://model.example/v1"])
async def test_a_proxy_that_wants_a_password_is_said_to(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    with proxy_that_answers("407 Proxy Authentication Required") as proxy:
        monkeypatch.setenv("ALL_PROXY", proxy)
        error = await failure(address)
        assert f"The proxy {proxy} (ALL_PROXY) requires a name and a password (status 407)." in error.sentence
        assert error.unusable
        monkeypatch.setenv("ALL_PROXY", proxy.replace("://", "://me:sesame-9731@"))
        error = await failure(address)
        assert "rejects the name and password" in error.sentence
        assert "sesame" not in error.sentence


async def test_a_refusal_that_may_be_the_proxys_is_not_told_as_one_of_the_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MY_KEY", "sk-mine-and-nobodys")
    with proxy_that_answers("403 Forbidden") as proxy:
        monkeypatch.setenv("ALL_PROXY", proxy)
        for address, said in (
            ("https://model.example/v1", "did not connect to model.example: status 403 Forbidden."),
            ("http://model.example/v1", "was refused (status 403)."),
        ):
            error = await failure(address)
            assert error.unusable
            assert said in error.sentence
            assert f"The proxy {proxy} (ALL_PROXY)" in error.sentence
            assert "rejects the key" not in error.sentence
            assert "key" not in error.sentence.partition("The proxy")[0], "the likelier cause comes first"
            assert "add model.example to NO_PROXY to bypass it" in error.sentence


async def test_a_proxy_that_cannot_reach_the_server_may_do_so_later(monkeypatch: pytest.MonkeyPatch) -> None:
    with proxy_that_answers("502 Bad Gateway") as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy)
        error = await failure("https://model.example/v1")
    assert error.transient
    assert error.free
    assert "did not connect to model.example: status 502 Bad Gateway." in error.sentence


async def test_a_refusal_without_a_proxy_says_what_can_be_behind_it(server: ModelServer) -> None:
    server.refuse = lambda body: Fault(403, error_body("country not supported"))
    error = await failure(server.url)
    assert "was refused (status 403): country not supported." in error.sentence
    assert "Possible causes" in error.sentence
    assert "rejects the key" not in error.sentence


async def test_stale_certificates_of_the_environment_stop_no_plain_connection(
    server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/not/there.pem")
    monkeypatch.setenv("SSL_CERT_DIR", "/not/there")
    await ask(server.url)
    assert len(server.received) == 1


async def test_certificates_that_cannot_be_read_are_told_by_their_variable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_text("nothing")
    for variable, value, said in (
        ("SSL_CERT_FILE", "/not/there.pem", "names /not/there.pem, but there is no such file."),
        ("SSL_CERT_FILE", str(tmp_path), "but there is no such file."),
        ("SSL_CERT_FILE", str(empty), "which cannot be read: it holds no certificates in PEM format."),
        ("SSL_CERT_DIR", "/not/there", "names /not/there, but there is no such folder."),
    ):
        with monkeypatch.context() as environment:
            environment.setenv(variable, value)
            error = await failure("https://model.example/v1")
        assert error.sentence.startswith(f"{variable} names {value}")
        assert said in error.sentence
        assert "roxy" not in error.sentence
        assert error.unusable


@pytest.mark.parametrize(
    ("certificate", "trusted", "said"),
    [
        (
            tls.FOR_THIS_MACHINE,
            False,
            "self-signed certificate. Trusted certificates are those of the system.",
        ),
        (tls.FOR_ANOTHER_NAME, True, "IP address mismatch, certificate is not valid for '127.0.0.1'. Use"),
        (tls.EXPIRED, True, "certificate has expired. Check this machine's date"),
    ],
    ids=["unknown issuer", "another name", "expired"],
)
async def test_what_is_wrong_with_a_certificate_is_told_and_not_tried_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, certificate: str, trusted: bool, said: str
) -> None:
    server = ModelServer()
    address = tls.with_tls(server, certificate, tmp_path)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.pem"))
    with server:
        error = await failure(address)
    assert f"The certificate of 127.0.0.1 is not accepted: {said}" in error.sentence
    assert error.unusable
    assert error.free


async def test_a_certificate_that_ssl_cert_file_names_is_trusted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    server = ModelServer()
    address = tls.with_tls(server, tls.FOR_THIS_MACHINE, tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.pem"))
    with server:
        await ask(address)
    assert len(server.received) == 1


async def test_a_variable_that_is_not_read_is_said_not_to_be(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    server = ModelServer()
    address = tls.with_tls(server, tls.FOR_THIS_MACHINE, tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "server.pem"))
    with server:
        error = await failure(address)
    assert "REQUESTS_CA_BUNDLE" in error.sentence
    assert "SSL_CERT_FILE" in error.sentence


async def test_a_server_that_speaks_no_tls_is_told_from_one_that_is_not_there(server: ModelServer) -> None:
    error = await failure(server.url.replace("http://", "https://"))
    assert "did not complete the TLS handshake" in error.sentence
    assert "http://" in error.sentence


async def test_a_name_that_nobody_knows_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    error = await failure("http://model.example/v1")
    assert error.sentence == "The name model.example could not be looked up: Name or service not known."


def test_names_in_lower_case_come_before_those_in_capitals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://upper:1")
    monkeypatch.setenv("all_proxy", "http://lower:1")
    route = route_to("https://model.example/v1")
    assert (route.proxy, route.variable) == ("http://lower:1", "all_proxy")
    monkeypatch.setenv("HTTPS_PROXY", "http://special:1")
    assert route_to("https://model.example/v1").proxy == "http://special:1"
