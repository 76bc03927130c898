"""Content hashes of instances, by which a check sees that a text was altered outside of the programs."""

from hashlib import blake2b


def content_digest(*texts: str | None) -> bytes:
    """Return 16 bytes that tell apart sequences of texts; None differs from every text."""
    digest = blake2b(digest_size=16)
    for text in texts:
        data = b"" if text is None else text.encode()
        digest.update(b"-" if text is None else f"{len(data)}:".encode())
        digest.update(data)
    return digest.digest()
