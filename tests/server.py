"""A model server for tests: real HTTP on 127.0.0.1, with faults to order."""

import json
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from selfinstruct.core.offline.embeddings import embed
from selfinstruct.core.offline.transport import complete


@dataclass
class Fault:
    """An answer other than the usual one."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    drip_s: float = 0.0
    """Seconds between two bytes."""
    hang_up: bool = False
    """Close the connection without any answer."""


def error_body(message: str, **fields: str) -> bytes:
    """The body of an error as OpenAI writes it."""
    return json.dumps({"error": {"message": message, **fields}}).encode()


def chat_answer(text: str) -> Fault:
    """A whole chat answer with this text."""
    message = {"role": "assistant", "content": text}
    return Fault(body=json.dumps({"choices": [{"message": message, "finish_reason": "stop"}]}).encode())


def proposals_answer(*instructions: str) -> Fault:
    """A chat answer that proposes these instructions."""
    return chat_answer("\n".join(f"{number}. {one}" for number, one in enumerate(instructions, start=9)))


def instances_answer(*pairs: tuple[str, str]) -> Fault:
    """A chat answer with these instances, input and output each."""
    return chat_answer("\n".join(f"Input: {given}\nOutput: {output}" for given, output in pairs))


@dataclass
class Received:
    """A request as it came in."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]


class ModelServer:
    """Answers chat and legacy completions with the built-in grammar, and embeddings with the built-in ones.

    `faults` are answers for the next requests, in their order; `refuse` may turn any request down.
    `meanings` are the vectors of texts that are to have others; `spoil` changes an answer with vectors.
    `waits` keeps the answer to a request back for as long as it likes; `gate`, while it is cleared, keeps all
    of them back. `models` are those that it tells of, if it does.
    """

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.faults: deque[Fault] = deque()
        self.refuse: Callable[[dict[str, Any]], Fault | None] = lambda body: None
        self.waits: Callable[[dict[str, Any]], None] = lambda body: None
        self.meanings: dict[str, list[float]] = {}
        self.spoil: Callable[[dict[str, Any]], None] = lambda answer: None
        self.models: list[str] | None = None
        self.gate = threading.Event()
        self.gate.set()
        self.arrived = threading.Semaphore(0)
        self._lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                outer._answer(self)

            def do_GET(self) -> None:
                outer._list_models(self)

            def log_message(self, *args: object) -> None:
                """Say nothing."""

        class Server(ThreadingHTTPServer):
            # Python's own 5 would turn clients away when many requests come at once.
            request_queue_size = 256

            def handle_error(self, *args: object) -> None:
                """A client that went away is no news."""

        self._http = Server(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.gate.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """The address for --base-url."""
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        body = json.loads(handler.rfile.read(int(handler.headers["content-length"])))
        headers = {name.lower(): value for name, value in handler.headers.items()}
        with self._lock:
            self.received.append(Received(handler.path, headers, body))
            fault = self.faults.popleft() if self.faults else self.refuse(body)
        self.arrived.release()
        self.gate.wait()
        self.waits(body)
        fault = fault or Fault(body=json.dumps(self._usual(handler.path, body)).encode())
        if fault.hang_up:
            handler.close_connection = True
            return
        self._send(handler, fault)

    def _usual(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        if not path.endswith("/embeddings"):
            return complete(body, 0)
        answer = embed(body)
        for text, one in zip(body["input"], answer["data"], strict=True):
            if text in self.meanings:
                one["embedding"] = self.meanings[text]
        self.spoil(answer)
        return answer

    def embedded(self) -> list[list[str]]:
        """The texts whose vectors were asked for, request by request."""
        asked = (one for one in self.received if one.path.endswith("/embeddings"))
        return [one.body["input"] for one in asked]

    def _list_models(self, handler: BaseHTTPRequestHandler) -> None:
        if self.models is None or not handler.path.endswith("/v1/models"):
            self._send(handler, Fault(404, error_body("no such path")))
        else:
            listed = {"object": "list", "data": [{"id": name, "object": "model"} for name in self.models]}
            self._send(handler, Fault(body=json.dumps(listed).encode()))

    @staticmethod
    def _send(handler: BaseHTTPRequestHandler, fault: Fault) -> None:
        handler.send_response(fault.status)
        handler.send_header("content-type", "application/json")
        handler.send_header("content-length", str(len(fault.body)))
        for name, value in fault.headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        if not fault.drip_s:
            handler.wfile.write(fault.body)
            return
        for byte in fault.body:
            handler.wfile.write(bytes([byte]))
            time.sleep(fault.drip_s)
