"""A read position in JSON that comes in parts: one value after the other, never the whole text in memory."""

import json
import re
from collections.abc import Iterator
from typing import Any

_BLANK = re.compile(r"\s*")
_CUT_OFF = 32
"""Characters before the end of what is read within which a value may simply go on."""
LONGEST = 1 << 28
"""Characters of the longest value that is read."""


class TooLongError(ValueError):
    """A value is longer than what is read."""


class JsonCursor:
    """Reads JSON values from parts of a text.

    Args:
        chunks: The text.
    """

    def __init__(self, chunks: Iterator[str]) -> None:
        self._chunks = chunks
        self._buffer, self._at = "", 0
        self._decode = json.JSONDecoder().raw_decode

    def peek(self, skipped: re.Pattern[str] = _BLANK) -> str:
        """Return the next character behind what is skipped, blanks by default; empty at the end."""
        while True:
            found = skipped.match(self._buffer, self._at)
            assert found is not None
            self._at = found.end()
            if self._at < len(self._buffer) or not self._read_on(1):
                return self._buffer[self._at : self._at + 1]

    def step(self) -> None:
        """Go beyond the next character."""
        self._at += 1

    def value(self) -> tuple[Any, str]:
        """Return the value that begins here, and its text.

        Raises:
            ValueError: it is not valid JSON, or too long; the position stays.
            RecursionError: it is nested too deep.
        """
        while True:
            start = self._at
            try:
                value, end = self._decode(self._buffer, self._at)
            except json.JSONDecodeError as error:
                # Twice as much each time: a long value is not decoded from its beginning for every part.
                if self._may_go_on(error) and self._read_on(len(self._buffer) - self._at):
                    continue
                raise json.JSONDecodeError(error.msg, self._buffer[self._at :], error.pos - start) from None
            if end == len(self._buffer) and self._read_on(1):
                continue  # a number may go on
            text, self._at = self._buffer[self._at : end], end
            return value, text

    def shown(self, length: int) -> str:
        """Return the beginning of what has been read behind the position."""
        return self._buffer[self._at : self._at + length]

    def _may_go_on(self, error: json.JSONDecodeError) -> bool:
        return error.msg.startswith("Unterminated string") or error.pos >= len(self._buffer) - _CUT_OFF

    def _read_on(self, least: int) -> bool:
        """Read at least so many characters; returns whether there were any."""
        if len(self._buffer) - self._at > LONGEST:
            raise TooLongError(f"longer than {LONGEST >> 20} million characters")
        parts, length = [self._buffer[self._at :]], 0
        while length < max(1, least) and (chunk := next(self._chunks, None)) is not None:
            parts.append(chunk)
            length += len(chunk)
        self._buffer, self._at = "".join(parts), 0
        return length > 0
