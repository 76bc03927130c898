"""How an address is reached: the proxy and the certificates that the environment names for it."""

import ipaddress
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

if TYPE_CHECKING:
    import ssl

_SCHEMES = ("http", "https", "socks5", "socks5h")
"""The kinds of proxies that the HTTP client can use."""

_PORTS = {"http": 80, "https": 443}


class RouteError(Exception):
    """The environment names a proxy or certificates that cannot be used: which, and what to do."""


@dataclass(frozen=True, slots=True)
class Route:
    """The way to one host.

    `proxy` is None when requests go straight to it; `variable` is what names the proxy.
    """

    host: str
    is_encrypted: bool
    """Whether TLS is spoken with the host itself, so that no proxy can answer in its place."""
    proxy: str | None = None
    variable: str = ""

    @property
    def proxy_shown(self) -> str:
        """The proxy as sentences name it: without its password."""
        parts = urlsplit(self.proxy or "")
        return f"the proxy {parts.scheme}://{parts.netloc.rpartition('@')[2]} ({self.variable})"

    @property
    def may_answer(self) -> bool:
        """Whether an answer may be the proxy's own."""
        return self.proxy is not None and not self.is_encrypted

    @property
    def needs_certificates(self) -> bool:
        """Whether TLS is spoken with anybody on the way."""
        return self.is_encrypted or (self.proxy or "").startswith("https:")

    @property
    def without_proxy(self) -> str:
        """What to do to reach the host without the proxy."""
        return f"add {self.host} to NO_PROXY to do without it"


def route_to(address: str) -> Route:
    """Find the way to an address: straight, or through the proxy that the environment names for it.

    HTTP_PROXY or HTTPS_PROXY, by the scheme of the address, comes before ALL_PROXY; names in lower case come
    before those in capitals. What NO_PROXY exempts is reached straight, and then no proxy is looked at.

    Raises:
        RouteError: the proxy cannot be used.
    """
    from urllib.request import getproxies  # noqa: PLC0415 - brings half of the network along

    parts = urlsplit(address)
    straight = Route(parts.hostname or "", parts.scheme == "https")
    proxies = getproxies()
    kind = next((kind for kind in (parts.scheme, "all") if proxies.get(kind)), None)
    if kind is None or is_exempt(parts, proxies.get("no", "")):
        return straight
    url = proxies[kind] if "://" in proxies[kind] else f"http://{proxies[kind]}"
    route = Route(straight.host, straight.is_encrypted, url, _variable(kind))
    _require_usable(route)
    return route


def is_exempt(address: SplitResult, no_proxy: str) -> bool:
    """Whether NO_PROXY exempts an address.

    Its entries, with commas or spaces between them, are `*`, a domain with all that is below it (with a dot
    before it or without), an IP address, a network such as 10.0.0.0/8, each with a port or without.
    """
    host = (address.hostname or "").rstrip(".")
    try:
        port = address.port or _PORTS.get(address.scheme)
    except ValueError:
        port = None
    return any(
        _matches(host, port, address.scheme, entry) for entry in no_proxy.lower().replace(",", " ").split()
    )


def _matches(host: str, port: int | None, scheme: str, entry: str) -> bool:
    if entry == "*":
        return True
    named_scheme, separator, rest = entry.rpartition("://")
    if separator and named_scheme not in {scheme, "all"}:
        return False
    network = _network(rest)
    if network is None:
        # An address of version 6 with a port has brackets, and so has a name none.
        name, colon, told_port = rest.rpartition(":")
        if colon:
            if told_port != str(port):
                return False
            rest, network = name, _network(name)
    if network is not None:
        ip = _ip(host)
        return ip is not None and ip in network
    domain = rest.removeprefix("*").strip(".")
    return bool(domain) and (host == domain or host.endswith(f".{domain}"))


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """An IP address or a network; None when it is neither."""
    address, slash, prefix = text.partition("/")
    try:
        return ipaddress.ip_network(f"{address.strip('[]')}{slash}{prefix}", strict=False)
    except ValueError:
        return None


def _ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _variable(kind: str) -> str:
    """The environment variable that names the proxy; macOS and Windows have settings for it, too."""
    names = [name for name in os.environ if name.lower() == f"{kind}_proxy" and os.environ[name]]
    return min(names, key=str.isupper, default="the system's settings")


def _require_usable(route: Route) -> None:
    """Make sure that the client can use a proxy. No sentence repeats what may be part of a password."""
    variable = route.variable
    mend = f"Correct {variable}, or {route.without_proxy}."
    try:
        parts = urlsplit(route.proxy or "")
        is_address = bool(parts.hostname) and parts.port != 0 and not re.search(r"\s", parts.netloc)
    except ValueError:
        is_address = False
    if not is_address:
        raise RouteError(
            f"The proxy in {variable} has no address that can be used; one is http://HOST:PORT. {mend}"
        )
    if parts.scheme not in _SCHEMES:
        raise RouteError(
            f"The proxy in {variable} is of a kind that cannot be used ({parts.scheme}://):"
            f" {', '.join(_SCHEMES[:-1])} and {_SCHEMES[-1]} can. {mend}"
        )
    if parts.scheme.startswith("socks") and find_spec("socksio") is None:
        raise RouteError(
            f"The proxy in {variable} is a SOCKS proxy, and the Python package socksio, which that takes, is"
            f" not installed. Install it (pip install socksio), or {route.without_proxy}."
        )


def client_options(route: Route) -> dict[str, Any]:
    """What the HTTP client is made with, so that it goes this way and looks at no environment itself.

    Raises:
        RouteError: the certificates, or the proxy, cannot be used.
    """
    import ssl  # noqa: PLC0415 - only where a call is made

    import httpx2  # noqa: PLC0415 - as above

    # Where nobody speaks TLS, no certificates are read; should anybody after all, nobody is trusted.
    context = _certificates() if route.needs_certificates else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    options: dict[str, Any] = {"trust_env": False, "verify": context}
    if route.proxy is not None:
        is_tls = route.proxy.startswith("https:")
        try:
            options["proxy"] = httpx2.Proxy(route.proxy, ssl_context=context if is_tls else None)
        except (httpx2.InvalidURL, ValueError):
            raise RouteError(
                f"The proxy in {route.variable} has no address that can be used. Correct it, or"
                f" {route.without_proxy}."
            ) from None
    return options


CERTIFICATE_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
"""What names the certificates that are trusted, the first before the second; else the system's are."""

UNREAD_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""What other programs read for that."""


def _certificates() -> "ssl.SSLContext":
    """What TLS connections are verified by.

    Raises:
        RouteError: the environment names certificates that cannot be read.
    """
    import ssl  # noqa: PLC0415 - as below

    import httpx2  # noqa: PLC0415 - comes with openai, and is as heavy

    variable = next((name for name in CERTIFICATE_VARIABLES if os.environ.get(name)), None)
    named = os.environ[variable] if variable else ""
    wanted, is_there = _KINDS[variable] if variable else ("", Path.exists)
    if variable and not is_there(Path(named)):
        raise RouteError(
            f"{variable} names {named}, and there is no such {wanted}. Correct it, or unset it to trust the"
            " certificates of the system."
        )
    try:
        return httpx2.create_ssl_context()
    except OSError as error:  # that of TLS is one, too
        is_content = isinstance(error, ssl.SSLError)
        why = "it holds no certificates in PEM format" if is_content else error.strerror or str(error)
        source = f"{variable} names {named}, which" if variable else "The certificates of the system"
        raise RouteError(
            f"{source} cannot be read: {why}. Name a file of certificates in SSL_CERT_FILE"
            f"{', or unset it to trust those of the system' if variable else ''}."
        ) from None


_KINDS: dict[str, tuple[str, Callable[[Path], bool]]] = {
    "SSL_CERT_FILE": ("file", Path.is_file),
    "SSL_CERT_DIR": ("folder", Path.is_dir),
}
