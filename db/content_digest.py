"""Content hashes of instances, by which a check sees that a text was altered outside of the programs."""

from hashlib import blake2b


def content_digest(*texts: str | None) -> bytes:
    """Return 16 bytes that tell apart sequences of texts; None differs from every text."""
    parts = []
    for text in texts:
        if text is None:
            parts.append(b"-")
        else:
            data = text.encode()
            parts += (b"%d:" % len(data), data)
    return blake2b(b"".join(parts), digest_size=16).digest()
