"""Vectors asked for and taken in: what a request for them says, and what its answer must hold. Pure."""

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
"""A request asks for the vectors of no more texts."""

TEXTS = "texts"
"""Under this name a workspace remembers that an endpoint takes fewer."""


def texts_at_once(learned: Mapping[str, str | None]) -> int:
    """How many texts a request may have, by what was learned from refusals."""
    return int(learned.get(TEXTS) or _TEXTS_AT_ONCE)


def request_for(wanted: Sequence[Unembedded], asked: Settings) -> NewRequest:
    """The request for the vectors of some tasks, to the endpoint of `Settings.of_embeddings`."""
    return NewRequest(
        stage="embed",
        batch=wanted[0].batch,
        task_id=None,
        model=asked.model,
        base_url=asked.address,
        prompt=tuple(one.instruction for one in wanted),
        # A fifth of the bytes that digits take; what knows nothing of it answers in digits.
        parameters={"encoding_format": "base64"},
        in_context=tuple(one.task_id for one in wanted),
        instruction=None,
        label=None,
        reserved_usd=None,
        held=False,
    )


def read_vectors(body: bytes, count: int, *, dimension: int | None) -> list[Vector]:
    """Read the answer to a request for vectors; they come in the order of the texts, of length 1.

    Args:
        body: The JSON of a list of embeddings, each a list of numbers or the base64 of float32 bytes.
        count: How many texts were sent.
        dimension: How many numbers each has; None when any number will do.

    Raises:
        AnswerError: it is not that.
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
            raise AnswerError("The answer has something else among its vectors.")
        index = one.get("index", place)
        if type(index) is not int or not 0 <= index < count or vectors[index] is not None:
            raise AnswerError("The vectors of the answer are not numbered as the texts are.")
        vectors[index] = _vector(one.get("embedding"))
    found = [vector for vector in vectors if vector is not None]
    wanted = len(found[0]) if dimension is None else dimension
    for vector in found:
        if len(vector) != wanted:
            raise AnswerError(f"The answer has a vector of {len(vector)} numbers where {wanted} are wanted.")
    return found


def _vector(embedding: Any) -> Vector:
    try:
        if isinstance(embedding, str):
            numbers: Any = np.frombuffer(base64.b64decode(embedding, validate=True), dtype="<f4")
        else:
            # Only numbers, so that text which looks like one is not taken for it.
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
