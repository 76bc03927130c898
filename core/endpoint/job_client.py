"""The Batch API of an endpoint: uploads files, creates jobs, finds them again. Each call once, no retries."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from selfinstruct.core.endpoint.client import Endpoint
from selfinstruct.core.endpoint.job_answers import (
    TOKEN,
    JobAnswer,
    RemoteJob,
    read_job,
    read_json,
    read_line,
    read_page,
)
from selfinstruct.core.endpoint.send_error import SendError
from selfinstruct.core.endpoint.status_errors import NOTHING_THERE
from selfinstruct.db.records import ApiKind

if TYPE_CHECKING:
    from openai import AsyncOpenAI

PATHS: dict[ApiKind, Any] = {"chat": "/v1/chat/completions", "completions": "/v1/completions"}
"""What the requests of a job are sent to, in the words of the Batch API: not relative to the address."""

_PAGE = 100
_MOST_PAGES = 100


class JobClient:
    """Calls the Batch API at the address of an endpoint.

    Args:
        endpoint: The endpoint; its key, headers, proxy and timeout apply here too.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    async def upload(self, name: str, content: bytes) -> str:
        """Upload the file of a job under a name; returns its id.

        Raises:
            SendError: It failed; unless the error is `free`, the file may be there.
        """
        file = (name, content, "application/jsonl")
        body = await self._call(
            lambda client: client.files.with_streaming_response.create(file=file, purpose="batch"),
            "no Batch API (/files",
            bytes_to_send=len(content),
        )
        document = read_json(body)
        file_id = document.get("id") if isinstance(document, dict) else None
        if not isinstance(file_id, str) or not file_id:
            raise SendError("The endpoint's answer to the upload names no file.", 200, body, transient=True)
        return file_id

    async def find_file(self, name: str) -> str | None:
        """Return the id of the uploaded file with this name; None if it is not in the endpoint's list.

        Raises:
            SendError: The endpoint does not list files, or not now.
        """
        async for one in self._listed(
            lambda client, page: client.files.with_streaming_response.list(purpose="batch", **page)
        ):
            if one.get("filename") == name and isinstance(one.get("id"), str):
                return str(one["id"])
        return None

    async def create(self, token: str, file_id: str, api: ApiKind) -> RemoteJob:
        """Create the job of an uploaded file.

        Raises:
            SendError: It failed; unless the error is `free`, the job may be there.
        """
        body = await self._call(
            lambda client: client.batches.with_streaming_response.create(
                completion_window="24h",
                endpoint=PATHS[api],
                input_file_id=file_id,
                metadata={TOKEN: token},
            ),
            "no Batch API (/batches",
        )
        return _job(body)

    async def find(self, token: str, file_id: str) -> RemoteJob | None:
        """Return the job with this token or this file; None if it is not in the endpoint's list.

        Raises:
            SendError: The endpoint does not list its jobs, or not now.
        """
        async for one in self._listed(
            lambda client, page: client.batches.with_streaming_response.list(**page)
        ):
            job = read_job(one)
            # Each file is uploaded for one job only, and not every server keeps the metadata.
            if job is not None and (job.token == token or job.input_file_id == file_id):
                return job
        return None

    async def retrieve(self, job_id: str) -> RemoteJob:
        """Return a job as it is now.

        Raises:
            SendError: The endpoint does not tell.
        """
        body = await self._call(
            lambda client: client.batches.with_streaming_response.retrieve(job_id),
            f"no batch '{job_id}', or none that this key may see (/batches",
        )
        return _job(body)

    async def answers(self, file_id: str) -> AsyncGenerator[JobAnswer | None]:
        """Yield what is in a job's output file or error file; None for a line that cannot be read.

        Raises:
            SendError: The file cannot be read, or not to its end.
        """
        downloaded = self._endpoint.download(
            lambda client: client.files.with_streaming_response.content(file_id)
        )
        async with aclosing(downloaded) as lines:
            async for line in lines:
                if line.strip():
                    yield read_line(line)

    async def _listed(
        self, make: "Callable[[AsyncOpenAI, dict[str, Any]], Any]"
    ) -> AsyncIterator[dict[str, Any]]:
        page: dict[str, Any] = {"limit": _PAGE}
        for _ in range(_MOST_PAGES):
            # The call is made before the next page is known.
            body = await self._call(lambda client, page=page: make(client, page), "no list (/batches")  # type: ignore[misc]
            read = read_page(body)
            if read is None:
                raise SendError("The endpoint's list is none.", 200, body)
            listed, has_more = read
            for one in listed:
                yield one
            last = listed[-1].get("id") if listed else None
            if not has_more or not isinstance(last, str):
                return
            page = {"limit": _PAGE, "after": last}

    async def _call(
        self, make: "Callable[[AsyncOpenAI], Any]", missing: str, *, bytes_to_send: int = 0
    ) -> bytes:
        try:
            return await self._endpoint.call(make, bytes_to_send=bytes_to_send)
        except SendError as error:
            if error.http_status in NOTHING_THERE:
                error.sentence = f"{self._endpoint.address} has {missing}: status {error.http_status})."
            raise


def _job(body: bytes) -> RemoteJob:
    job = read_job(read_json(body))
    if job is None:
        raise SendError("The endpoint's answer tells of no batch.", 200, body, transient=True)
    return job
