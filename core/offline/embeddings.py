"""The built-in model's embeddings: hashed bags of character n-grams, n = 3 to 5.

Texts that share many n-grams are close to each other. Meaning plays no part.
"""

import base64
import hashlib
import unicodedata
from collections import Counter
from typing import Any

import numpy as np

_DIMENSION = 256
_LENGTHS = (3, 4, 5)


def embed(body: dict[str, Any]) -> dict[str, Any]:
    """The response to the JSON body of an embeddings request, as from an OpenAI-compatible server."""
    texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
    as_bytes = body.get("encoding_format") == "base64"
    listed = []
    for index, text in enumerate(texts):
        vector = _bag(text)
        embedding = base64.b64encode(vector.tobytes()).decode() if as_bytes else vector.tolist()
        listed.append({"object": "embedding", "index": index, "embedding": embedding})
    tokens = sum(len(text.split()) for text in texts)
    return {
        "object": "list",
        "data": listed,
        "model": "offline",
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }


def _bag(text: str) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    padded = f" {' '.join(unicodedata.normalize('NFKC', text).casefold().split())} "
    grams = Counter(
        padded[start : start + length] for length in _LENGTHS for start in range(len(padded) - length + 1)
    )
    vector = np.zeros(_DIMENSION, dtype="<f4")
    for gram, count in sorted(grams.items()):
        digest = hashlib.blake2b(gram.encode("utf-8", "replace"), digest_size=4).digest()
        # Signed hashing: collisions cancel out on average.
        vector[int.from_bytes(digest[:2]) % _DIMENSION] += count**0.5 * (1 if digest[2] & 1 else -1)
    if not vector.any():
        vector[0] = 1.0
    return vector
