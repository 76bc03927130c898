"""An image of an index, as the workspace keeps it: the tokens of its texts, which take long to find."""

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
"""One more whenever tokens come out differently, or are stored differently."""


@dataclass(frozen=True, slots=True)
class PoolSnapshot:
    """What an index held when it had taken in what was decided and proposed up to some point."""

    last_decision: int
    last_task: int
    words: list[str]
    ids: Ints
    codes: Codes
    lengths: Ints

    def parts(self, most: int) -> Iterator[tuple[list[int], Codes, Ints]]:
        """Ids, tokens and lengths of `most` texts at a time."""
        starts = np.append(0, np.cumsum(self.lengths))
        for first in range(0, len(self.ids), most):
            last = min(first + most, len(self.ids))
            codes = self.codes[starts[first] : starts[last]]
            yield self.ids[first:last].tolist(), codes, self.lengths[first:last]


def pack(name: str, index: RougeIndex, *, last_decision: int, last_task: int) -> StoredIndex:
    """The image of an index, with a hash by which it is known again."""
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
    """The image, if there is one that a program like this made, for that language, and it is unharmed."""
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
    # Another version of Unicode may fold and cut another way.
    return f"{_FORMAT} {language} {unicodedata.unidata_version}"
