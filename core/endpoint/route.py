"""Network routes: the proxy and the certificates for an address, from the environment."""

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
"""URL schemes of the proxies that the HTTP client supports."""

_PORTS = {"http": 80, "https": 443}


class RouteError(Exception):
    """The environment names an unusable proxy or certificates; the message says which, and what to do."""


@dataclass(frozen=True, slots=True)
class Route:
    """The route to a host.

    `proxy` is its URL, None for a direct connection; `variable` is the environment variable that sets it.
    """

    host: str
    is_encrypted: bool
    """Whether TLS is end to end with the host, so that a proxy cannot answer in its place."""
    proxy: str | None = None
    variable: str = ""

    @property
    def proxy_shown(self) -> str:
        """The proxy for messages, without its password."""
        parts = urlsplit(self.proxy or "")
        return f"the proxy {parts.scheme}://{parts.netloc.rpartition('@')[2]} ({self.variable})"

    @property
    def may_answer(self) -> bool:
        """Whether a response may come from the proxy instead of the host."""
        return self.proxy is not None and not self.is_encrypted

    @property
    def needs_certificates(self) -> bool:
        """Whether any hop uses TLS."""
        return self.is_encrypted or (self.proxy or "").startswith("https:")

    @property
    def without_proxy(self) -> str:
        """Advice for reaching the host without the proxy."""
        return f"add {self.host} to NO_PROXY to bypass it"


def route_to(address: str) -> Route:
    """Find the route to an address: direct, or through the proxy that the environment sets.

    HTTP_PROXY or HTTPS_PROXY, by the scheme of the address, takes precedence over ALL_PROXY, and lower-case
    names over upper-case. Addresses that NO_PROXY exempts are reached directly, whatever the proxy's value.

    Raises:
        RouteError: The proxy cannot be used.
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

    Entries, separated by commas or spaces, are `*`, a domain including its subdomains (with or without a
    leading dot), an IP address, or a network such as 10.0.0.0/8; each with or without a port.
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
        # An IPv6 address needs brackets to have a port, so the last colon separates the port.
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
    """Parse an IP address or a network; None if it is neither."""
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
    """Return the environment variable that sets the proxy, or the system's settings (macOS, Windows)."""
    names = [name for name in os.environ if name.lower() == f"{kind}_proxy" and os.environ[name]]
    return min(names, key=str.isupper, default="the system's settings")


def _require_usable(route: Route) -> None:
    """Check that the client can use the proxy. Messages quote nothing that may be part of a password."""
    variable = route.variable
    mend = f"Correct {variable}, or {route.without_proxy}."
    try:
        parts = urlsplit(route.proxy or "")
        is_address = bool(parts.hostname) and parts.port != 0 and not re.search(r"\s", parts.netloc)
    except ValueError:
        is_address = False
    if not is_address:
        raise RouteError(f"The proxy in {variable} has no valid address, such as http://HOST:PORT. {mend}")
    if parts.scheme not in _SCHEMES:
        raise RouteError(
            f"The proxy in {variable} has an unsupported scheme ({parts.scheme}://); supported are"
            f" {', '.join(_SCHEMES[:-1])} and {_SCHEMES[-1]}. {mend}"
        )
    if parts.scheme.startswith("socks") and find_spec("socksio") is None:
        raise RouteError(
            f"The proxy in {variable} is a SOCKS proxy, which requires the Python package socksio. Install it"
            f" (pip install socksio), or {route.without_proxy}."
        )


def client_options(route: Route) -> dict[str, Any]:
    """Build the HTTP client's options for a route; the client itself ignores the environment.

    Raises:
        RouteError: The certificates or the proxy cannot be used.
    """
    import ssl  # noqa: PLC0415 - only where a call is made

    import httpx2  # noqa: PLC0415 - as above

    # Without TLS, loading certificates would waste time; this empty context trusts no server.
    context = _certificates() if route.needs_certificates else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    options: dict[str, Any] = {"trust_env": False, "verify": context}
    if route.proxy is None:
        from selfinstruct.core.endpoint.aiohttp_transport import AiohttpTransport  # noqa: PLC0415 - as above

        options["transport"] = AiohttpTransport(context)
    else:
        is_tls = route.proxy.startswith("https:")
        try:
            options["proxy"] = httpx2.Proxy(route.proxy, ssl_context=context if is_tls else None)
        except (httpx2.InvalidURL, ValueError):
            raise RouteError(
                f"The proxy in {route.variable} has no valid address. Correct it, or {route.without_proxy}."
            ) from None
    return options


CERTIFICATE_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
"""Variables that set the trusted certificates, in order of precedence; the default is the system's."""

UNREAD_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""Variables that other programs read for the same purpose, and that are ignored here."""


def _certificates() -> "ssl.SSLContext":
    """Load the trusted certificates for TLS.

    Raises:
        RouteError: The environment names certificates that cannot be read.
    """
    import ssl  # noqa: PLC0415 - as below

    import httpx2  # noqa: PLC0415 - comes with openai, and is as heavy

    variable = next((name for name in CERTIFICATE_VARIABLES if os.environ.get(name)), None)
    named = os.environ[variable] if variable else ""
    wanted, is_there = _KINDS[variable] if variable else ("", Path.exists)
    if variable and not is_there(Path(named)):
        raise RouteError(
            f"{variable} names {named}, but there is no such {wanted}. Correct it, or unset it to trust the"
            " certificates of the system."
        )
    try:
        return httpx2.create_ssl_context()
    except OSError as error:  # includes ssl.SSLError
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
