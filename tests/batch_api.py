"""A server with a Batch API, after OpenAI's guide: real HTTP on 127.0.0.1, with faults to order."""

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, Self
from urllib.parse import parse_qs, urlsplit

from selfinstruct.core.offline.embeddings import embed
from selfinstruct.core.offline.transport import complete
from tests.server import Fault, error_body

Step = Literal["upload", "list files", "create", "list", "retrieve", "content", "chat", "embeddings"]

Line = dict[str, Any]
"""What stands in a line of an output or error file."""


def answered(custom_id: str, body: dict[str, Any], status: int = 200) -> Line:
    """A line with a response."""
    response = {"status_code": status, "request_id": f"req-{custom_id}", "body": body}
    return {"id": f"batch_req_{custom_id}", "custom_id": custom_id, "response": response, "error": None}


def refused(custom_id: str, message: str, status: int = 400, **fields: str) -> Line:
    """A line with a response that is an error."""
    return answered(custom_id, {"error": {"message": message, **fields}}, status)


def not_run(custom_id: str, code: str = "batch_expired") -> Line:
    """A line for a request that was not carried out."""
    error = {
        "code": code,
        "message": "This request could not be executed before the completion window expired.",
    }
    return {"id": f"batch_req_{custom_id}", "custom_id": custom_id, "response": None, "error": error}


@dataclass
class File:
    """A file as it was uploaded, or made here."""

    id: str
    name: str
    content: bytes
    purpose: str = "batch"

    def document(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": "file",
            "bytes": len(self.content),
            "created_at": int(time.time()),
            "filename": self.name,
            "purpose": self.purpose,
            "status": "processed",
        }


@dataclass
class Batch:
    """A batch, which is over after some looks at it."""

    id: str
    input_file_id: str
    endpoint: str
    metadata: dict[str, str] | None
    created_at: int
    looks: int
    status: str = "validating"
    output_file_id: str | None = None
    error_file_id: str | None = None
    errors: list[dict[str, Any]] = field(default_factory=list)
    total: int = 0
    completed: int = 0
    failed: int = 0

    def document(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": "batch",
            "endpoint": self.endpoint,
            "errors": {"object": "list", "data": self.errors} if self.errors else None,
            "input_file_id": self.input_file_id,
            "completion_window": "24h",
            "status": self.status,
            "output_file_id": self.output_file_id,
            "error_file_id": self.error_file_id,
            "created_at": self.created_at,
            "expires_at": self.created_at + 86400,
            "request_counts": {"total": self.total, "completed": self.completed, "failed": self.failed},
            "metadata": self.metadata,
        }


@dataclass(frozen=True)
class Call:
    """A request as it came in."""

    step: Step
    path: str
    headers: dict[str, str]


class BatchApiServer:
    """Answers the lines of each batch with the built-in grammar when it has been looked at often enough.

    `looks` is that number, for the batches that are created from then on; `ends_as` is the state in which
    they end. `line` may give another line for a request, or none. `before` may answer a call in place of the
    server, `after` once the call has had its effect. `spoil` makes an output file of its lines.
    """

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.files: dict[str, File] = {}
        self.batches: dict[str, Batch] = {}
        self.looks = 1
        self.ends_as = "completed"
        self.line: Callable[[str, dict[str, Any]], Line | None] = lambda custom_id, body: answered(
            custom_id, complete(body, 0)
        )
        self.before: Callable[[Step], Fault | None] = lambda step: None
        self.after: Callable[[Step], Fault | None] = lambda step: None
        self.spoil: Callable[[list[bytes]], bytes] = b"".join
        self.keeps_metadata = True
        self.run: Counter[str] = Counter()
        """How often each prompt was carried out, in batches and alone."""
        self._lock = threading.RLock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                outer._answer(self, self.rfile.read(int(self.headers["content-length"])))

            def do_GET(self) -> None:
                outer._answer(self, b"")

            def log_message(self, *args: object) -> None:
                """Say nothing."""

        class Server(ThreadingHTTPServer):
            def handle_error(self, *args: object) -> None:
                """A client that went away is no news."""

        self._http = Server(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """The address for --base-url."""
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def count(self, step: Step) -> int:
        """How many calls of a kind came in."""
        return sum(call.step == step for call in self.calls)

    def requests(self, batch: Batch) -> list[dict[str, Any]]:
        """The requests of a batch, as they are in its file."""
        return [json.loads(line) for line in self.files[batch.input_file_id].content.splitlines()]

    def _answer(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        url = urlsplit(handler.path)
        parts = url.path.removeprefix("/v1/").split("/")
        step = _step(handler.command, parts)
        headers = {name.lower(): value for name, value in handler.headers.items()}
        if step is None:
            _send(handler, Fault(404, error_body("There is no such path.")))
            return
        with self._lock:
            self.calls.append(Call(step, handler.path, headers))
        fault = self.before(step)
        if fault is None:
            with self._lock:
                done = self._do(step, parts, parse_qs(url.query), headers, body)
            fault = self.after(step) or done
        _send(handler, fault)

    def _do(
        self,
        step: Step,
        parts: list[str],
        query: dict[str, list[str]],
        headers: dict[str, str],
        body: bytes,
    ) -> Fault:
        match step:
            case "upload":
                return self._upload(headers["content-type"], body)
            case "list files":
                return _page([one.document() for one in reversed(self.files.values())], query)
            case "content":
                file = self.files.get(parts[1])
                return (
                    Fault(404, error_body("No such File object."))
                    if file is None
                    else Fault(body=file.content)
                )
            case "create":
                return self._create(json.loads(body))
            case "list":
                return _page([one.document() for one in reversed(self.batches.values())], query)
            case "retrieve":
                batch = self.batches.get(parts[1])
                if batch is None:
                    return Fault(404, error_body(f"No batch found with id '{parts[1]}'."))
                self._advance(batch)
                return _json(batch.document())
            case "chat":
                asked = json.loads(body)
                self.run[_prompt(asked)] += 1
                return _json(complete(asked, 0))
            case "embeddings":
                return _json(embed(json.loads(body)))

    def _upload(self, content_type: str, body: bytes) -> Fault:
        whole = message_from_bytes(b"content-type: " + content_type.encode() + b"\r\n\r\n" + body)
        parts = {part.get_param("name", header="content-disposition"): part for part in whole.walk()}
        content = parts["file"].get_payload(decode=True)
        purpose = parts["purpose"].get_payload()
        assert isinstance(content, bytes)
        assert isinstance(purpose, str)
        file = File(f"file-{len(self.files)}", parts["file"].get_filename() or "", content, purpose.strip())
        self.files[file.id] = file
        return _json(file.document())

    def _create(self, asked: dict[str, Any]) -> Fault:
        if asked["input_file_id"] not in self.files or asked["completion_window"] != "24h":
            return Fault(400, error_body("The batch is not valid."))
        metadata = asked.get("metadata") if self.keeps_metadata else None
        number = len(self.batches)
        batch = Batch(
            f"batch_{number}",
            asked["input_file_id"],
            asked["endpoint"],
            metadata,
            int(time.time()),
            self.looks,
        )
        self.batches[batch.id] = batch
        return _json(batch.document())

    def _advance(self, batch: Batch) -> None:
        if batch.status not in {"validating", "in_progress", "finalizing"}:
            return
        requests = self.requests(batch)
        batch.total = len(requests)
        batch.errors = _faults_of(requests, batch.endpoint)
        if batch.errors:
            batch.status = "failed"
            return
        if batch.looks > 0:
            batch.looks -= 1
            batch.status = "in_progress"
            return
        if self.ends_as == "failed":
            batch.status, batch.errors = (
                "failed",
                [{"code": "token_limit_exceeded", "message": "Enqueued token limit reached."}],
            )
            return
        good: list[bytes] = []
        bad: list[bytes] = []
        for request in requests:
            line = self.line(request["custom_id"], request["body"])
            if line is None:
                continue
            is_good = (line["response"] or {}).get("status_code") == 200
            if is_good:
                self.run[_prompt(request["body"])] += 1
            (good if is_good else bad).append(json.dumps(line).encode() + b"\n")
        random.Random(0).shuffle(good)
        batch.completed, batch.failed = len(good), len(bad)
        batch.output_file_id = self._made("output", self.spoil(good)) if good else None
        batch.error_file_id = self._made("error", b"".join(bad)) if bad else None
        batch.status = self.ends_as

    def _made(self, kind: str, content: bytes) -> str:
        file = File(f"file-{len(self.files)}", f"{kind}.jsonl", content, "batch_output")
        self.files[file.id] = file
        return file.id


def _step(method: str, parts: list[str]) -> Step | None:
    match method, *parts:
        case "POST", "files":
            return "upload"
        case "GET", "files":
            return "list files"
        case "GET", "files", _, "content":
            return "content"
        case "POST", "batches":
            return "create"
        case "GET", "batches":
            return "list"
        case "GET", "batches", _:
            return "retrieve"
        case "POST", "chat", "completions":
            return "chat"
        case "POST", "embeddings":
            return "embeddings"
        case _:
            return None


def _faults_of(requests: list[dict[str, Any]], endpoint: str) -> list[dict[str, Any]]:
    """What a validation finds: custom ids that are not unique, another URL, more than one model."""
    ids = Counter(one["custom_id"] for one in requests)
    faults = []
    if max(ids.values(), default=0) > 1:
        faults.append({"code": "duplicate_custom_id", "message": "A custom_id is not unique.", "line": 2})
    if any(one["url"] != endpoint or one["method"] != "POST" for one in requests):
        faults.append({"code": "mismatched_url", "message": "The URL is another one.", "line": 1})
    if len({one["body"]["model"] for one in requests}) > 1:
        faults.append({"code": "mismatched_model", "message": "There is more than one model.", "line": 1})
    return faults


def _prompt(body: dict[str, Any]) -> str:
    return json.dumps(body.get("messages") or body.get("prompt"))


def _page(documents: list[dict[str, Any]], query: dict[str, list[str]]) -> Fault:
    limit = int(query.get("limit", ["20"])[0])
    after = query.get("after", [""])[0]
    ids = [one["id"] for one in documents]
    start = ids.index(after) + 1 if after in ids else 0
    some = documents[start : start + limit]
    return _json({"object": "list", "data": some, "has_more": start + limit < len(documents)})


def _json(document: dict[str, Any]) -> Fault:
    return Fault(body=json.dumps(document).encode())


def _send(handler: BaseHTTPRequestHandler, fault: Fault) -> None:
    if fault.hang_up:
        handler.close_connection = True
        if fault.body:  # a part of what was announced
            handler.send_response(fault.status)
            handler.send_header("content-length", str(2 * len(fault.body)))
            handler.end_headers()
            handler.wfile.write(fault.body)
        return
    handler.send_response(fault.status)
    handler.send_header("content-type", "application/json")
    handler.send_header("content-length", str(len(fault.body)))
    for name, value in fault.headers.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(fault.body)
