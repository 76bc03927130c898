"""Builds embedding requests and parses their responses. Pure."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from selfinstruct.core.endpoint.responses import AnswerError, read_object
from selfinstruct.core.settings.model import Settings
from selfinstruct.core.similarity.vector_index import Vector, unit
from selfinstruct.db.records import NewRequest
from selfinstruct.db.tables.vectors import Unembedded

_TEXTS_AT_ONCE = 128
"""Maximum number of texts per request."""

TEXTS = "texts"
"""The name under which a workspace stores the lower maximum of an endpoint."""


def texts_at_once(learned: Mapping[str, str | None]) -> int:
    """Return the maximum number of texts per request, as learned from earlier refusals."""
    return int(learned.get(TEXTS) or _TEXTS_AT_ONCE)


def request_for(wanted: Sequence[Unembedded], asked: Settings) -> NewRequest:
    """Build the embedding request for some tasks, to the endpoint of `Settings.of_embeddings`."""
    return NewRequest(
        stage="embed",
        batch=wanted[0].batch,
        task_id=None,
        model=asked.model,
        base_url=asked.address,
        prompt=tuple(one.instruction for one in wanted),
        # A fifth of the size of decimal digits; servers that do not support it return digits.
        parameters={"encoding_format": "base64"},
        in_context=tuple(one.task_id for one in wanted),
        instruction=None,
        label=None,
        reserved_usd=None,
        held=False,
    )


def read_vectors(body: bytes, count: int, *, dimension: int | None) -> list[Vector]:
    """Parse an embedding response into unit vectors, in the order of the texts.

    Args:
        body: JSON with a list of embeddings, each a list of numbers or base64 of little-endian float32.
        count: Number of texts sent.
        dimension: Expected dimension; None accepts any, as long as all are the same.

    Raises:
        AnswerError: The body is not a valid embedding response for these texts.
    """
    document = read_object(body)
    listed = document.get("data")
    if not isinstance(listed, list):
        raise AnswerError("The answer has no vectors.")
    if len(listed) != count:
        raise AnswerError(f"The answer has {len(listed)} vectors for {count} texts.")
    vectors: list[Vector | None] = [None] * count
    for place, one in enumerate(listed):
        if not isinstance(one, dict):
            raise AnswerError("The answer lists something that is not a vector.")
        index = one.get("index", place)
        if type(index) is not int or not 0 <= index < count or vectors[index] is not None:
            raise AnswerError("The vectors in the answer are not numbered like the texts.")
        vectors[index] = _vector(one.get("embedding"))
    found = [vector for vector in vectors if vector is not None]
    wanted = len(found[0]) if dimension is None else dimension
    for vector in found:
        if len(vector) != wanted:
            raise AnswerError(f"The answer has a vector of {len(vector)} numbers; {wanted} were expected.")
    return found


def _vector(embedding: Any) -> Vector:
    try:
        if isinstance(embedding, str):
            numbers: Any = np.frombuffer(base64.b64decode(embedding, validate=True), dtype="<f4")
        else:
            # float() would also accept numeric strings and booleans.
            numbers = [float(number) for number in embedding if type(number) in {int, float}]
            if len(numbers) != len(embedding):
                raise ValueError
    except (TypeError, ValueError, OverflowError, binascii.Error):
        raise AnswerError("The answer has a vector that is not a list of numbers.") from None
    vector = unit(numbers)
    if vector is None:
        raise AnswerError(
            "The answer has a vector without a direction: zeros, or numbers that are not finite."
        )
    return vector
