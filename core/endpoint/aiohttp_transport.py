"""An HTTP transport over aiohttp for direct connections.

It takes less than half the CPU of the HTTP client's own transport, whose connection pool looks at every
connection for every request. Proxies stay with the client's own, which knows SOCKS, and so do servers whose
responses aiohttp's strict parser refuses.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from http import HTTPStatus

import aiohttp
import httpx2
from yarl import URL

_KEEP_ALIVE_S = 4.0
"""Seconds that an unused connection stays open: less than the 5 s after which common servers close it."""
_LOOK_S = 0.5
"""Seconds from one look at a connection to the next, while nothing comes."""
_LONGEST_HEADER = 64 * 1024
"""Maximum bytes of one header line of a response; aiohttp's default of 8 kB is below what proxies send."""


class AiohttpTransport(httpx2.AsyncBaseTransport):
    """Sends the client's requests through an aiohttp session.

    Args:
        certificates: What to verify servers with.
    """

    def __init__(self, certificates: ssl.SSLContext) -> None:
        self._certificates = certificates
        self._session: aiohttp.ClientSession | None = None
        self._lenient: httpx2.AsyncHTTPTransport | None = None
        """The client's own transport, once aiohttp has refused a response."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request; the response's body is read from the connection as the caller asks for it."""
        if self._lenient is not None:
            return await self._lenient.handle_async_request(request)
        timeout = request.extensions.get("timeout", {})
        with self._translated():
            response = await self._opened().request(
                request.method,
                URL(str(request.url), encoded=True),
                headers=request.headers.multi_items(),
                data=await request.aread() or None,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=None, connect=timeout.get("connect")),
            )
        if response.status == HTTPStatus.SWITCHING_PROTOCOLS:
            response.close()
            raise httpx2.RemoteProtocolError("the server switched to another protocol")
        return httpx2.Response(
            response.status,
            headers=list(response.raw_headers),
            stream=_Body(response, self._translated),
            extensions={"reason_phrase": (response.reason or "").encode()},
        )

    async def aclose(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()
        if self._lenient is not None:
            await self._lenient.aclose()

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            # The endpoint limits what is in flight, and the client keeps cookies and decompresses bodies.
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=0,
                    ssl=self._certificates,
                    keepalive_timeout=_KEEP_ALIVE_S,
                    # The system's, which knows names that a DNS server does not.
                    resolver=aiohttp.ThreadedResolver(),
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                max_line_size=_LONGEST_HEADER,
                max_field_size=_LONGEST_HEADER,
            )
        return self._session

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Raise the client's exceptions, which tell what is certain not to have reached the server."""
        try:
            yield
        except aiohttp.ConnectionTimeoutError as error:
            raise httpx2.ConnectTimeout(str(error)) from error
        except aiohttp.ClientConnectorError as error:
            raise httpx2.ConnectError(error.strerror or str(error.os_error)) from error.os_error
        except aiohttp.InvalidURL as error:
            raise httpx2.UnsupportedProtocol(str(error)) from error
        except aiohttp.ServerDisconnectedError as error:
            raise httpx2.RemoteProtocolError("Server disconnected without sending a response") from error
        except aiohttp.ClientPayloadError as error:
            raise httpx2.RemoteProtocolError("the body is incomplete or malformed") from error
        except OSError as error:
            raise httpx2.ReadError(str(error)) from error
        except aiohttp.ClientError as error:
            no_limits = httpx2.Limits(max_connections=None, max_keepalive_connections=None)
            self._lenient = self._lenient or httpx2.AsyncHTTPTransport(
                verify=self._certificates, limits=no_limits
            )
            raise httpx2.RemoteProtocolError(str(error)) from error


class _Body(httpx2.AsyncByteStream):
    def __init__(
        self, response: aiohttp.ClientResponse, translated: Callable[[], AbstractContextManager[None]]
    ) -> None:
        self._response = response
        self._translated = translated

    async def __aiter__(self) -> AsyncIterator[bytes]:
        received, told = 0, self._response.content_length
        with self._translated():
            try:
                while chunk := await self._next():
                    received += len(chunk)
                    yield chunk
            except aiohttp.ClientPayloadError as error:
                if told is None or received >= told:
                    raise
                raise httpx2.RemoteProtocolError(
                    "peer closed connection without sending complete message body"
                    f" (received {received} bytes, expected {told})"
                ) from error

    async def _next(self) -> bytes:
        """Read what has come of the body; empty at its end.

        Raises:
            ClientError: aiohttp has refused the body; it tells the connection alone, and a read would wait.
        """
        content, connection = self._response.content, self._response.connection
        if content.is_eof() or connection is None:
            return await content.readany()
        reading = asyncio.ensure_future(content.readany())
        try:
            while not (await asyncio.wait({reading}, timeout=_LOOK_S))[0]:
                protocol = connection.protocol
                if protocol is None or protocol.exception() is not None:
                    raise aiohttp.ClientError("the body is malformed")
            return reading.result()
        except RuntimeError as error:  # the connection was closed and forgotten meanwhile
            raise aiohttp.ClientError(str(error)) from error
        finally:
            reading.cancel()

    async def aclose(self) -> None:
        # Gives the connection back if the body has been read, and closes it otherwise.
        self._response.release()
