"""The candidate that filters check."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from selfinstruct.core.language.registry import Language
from selfinstruct.core.language.unicode_tokens import fold
from selfinstruct.core.language.word_count import count_words

_QUOTED_LENGTH = 40


@dataclass(frozen=True, slots=True)
class Closest:
    """A candidate's nearest neighbour in the pool."""

    score: float
    """ROUGE-L F-measure, or cosine."""
    named: Callable[[], str] = lambda: "a task of the pool"
    """Its name for use in a sentence. Lazy, since it may read the workspace; called only for a reason."""


@dataclass(frozen=True)
class Candidate:
    """An instruction that is not in the pool, with its nearest neighbours there."""

    text: str
    language: Language
    nearest: Closest | None = None
    """The nearest task by ROUGE-L; None if the pool is empty or was not searched."""
    nearest_by_meaning: Closest | None = None
    """The nearest task by cosine; None without embeddings, or while its vector is missing."""
    refusal: int | None = None
    """The id of the request in which the embedding model refused the text."""

    @cached_property
    def words(self) -> int:
        """Its length in words."""
        return count_words(self.text, self.language)

    @cached_property
    def folded(self) -> str:
        """The normalized text that phrases are searched in (see `fold`)."""
        return fold(self.text)

    @property
    def quoted(self) -> str:
        """The beginning of its text in quotation marks, for use in a sentence."""
        return f'"{self.text[:_QUOTED_LENGTH]}"'
