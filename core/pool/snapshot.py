"""Snapshots of the pool's indexes, stored in the workspace to save tokenization."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from selfinstruct.core.language.tokens import Codes
from selfinstruct.core.similarity.rouge_index import RougeIndex
from selfinstruct.core.similarity.token_store import Ints
from selfinstruct.db.records import StoredIndex
from selfinstruct.db.tables.pool_snapshots import digest_of

_FORMAT = 1
"""Format version; increment it when tokenization or the encoding changes."""


@dataclass(frozen=True, slots=True)
class PoolSnapshot:
    """The content of an index as of a decision and a proposed task."""

    last_decision: int
    last_task: int
    words: list[str]
    ids: Ints
    codes: Codes
    lengths: Ints

    def parts(self, most: int) -> Iterator[tuple[list[int], Codes, Ints]]:
        """Yield ids, tokens and lengths, for `most` texts at a time."""
        starts = np.append(0, np.cumsum(self.lengths))
        for first in range(0, len(self.ids), most):
            last = min(first + most, len(self.ids))
            codes = self.codes[starts[first] : starts[last]]
            yield self.ids[first:last].tolist(), codes, self.lengths[first:last]


def pack(name: str, index: RougeIndex, *, last_decision: int, last_task: int) -> StoredIndex:
    """Serialize an index, with a checksum."""
    words, ids, codes, lengths = index.coded()
    image = StoredIndex(
        name=name,
        made_by=_made_by(index.language),
        last_decision=last_decision,
        last_task=last_task,
        words=" ".join(words),
        ids=ids.astype("<i8").tobytes(),
        lengths=lengths.astype("<i8").tobytes(),
        tokens=codes.astype("<u4").tobytes(),
        sha256="",
    )
    return replace(image, sha256=digest_of(image))


def unpack(stored: StoredIndex | None, language: str) -> PoolSnapshot | None:
    """Deserialize a snapshot; None if it is missing, damaged, or of another language or format version."""
    if stored is None or stored.made_by != _made_by(language) or stored.sha256 != digest_of(stored):
        return None
    return PoolSnapshot(
        stored.last_decision,
        stored.last_task,
        words=stored.words.split(),
        ids=np.frombuffer(stored.ids, dtype="<i8"),
        codes=np.frombuffer(stored.tokens, dtype="<u4"),
        lengths=np.frombuffer(stored.lengths, dtype="<i8"),
    )


def _made_by(language: str) -> str:
    # Another version of Unicode may normalize and tokenize differently.
    return f"{_FORMAT} {language} {unicodedata.unidata_version}"
