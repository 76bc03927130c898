"""What a filter looks at."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from selfinstruct.core.language.registry import Language
from selfinstruct.core.language.unicode_tokens import fold
from selfinstruct.core.language.word_count import count_words

_QUOTED_LENGTH = 40


@dataclass(frozen=True, slots=True)
class Closest:
    """The task of the pool that is closest to a candidate."""

    score: float
    """ROUGE-L F-measure, or cosine."""
    named: Callable[[], str] = lambda: "a task of the pool"
    """How a sentence names it. Called only by a filter that objects, since it may read the workspace."""


@dataclass(frozen=True)
class Candidate:
    """An instruction that is not in the pool, and what is known of its neighbours there."""

    text: str
    language: Language
    nearest: Closest | None = None
    """The nearest task by ROUGE-L; None when the pool is empty or was not asked."""
    nearest_by_meaning: Closest | None = None
    """The nearest task by cosine; None without embeddings, or while a vector is missing."""
    refusal: int | None = None
    """The request in which the embedding model refused the text."""

    @cached_property
    def words(self) -> int:
        """How many words it has."""
        return count_words(self.text, self.language)

    @cached_property
    def folded(self) -> str:
        """The text in the form in which texts are searched: case, width and accents make no difference."""
        return fold(self.text)

    @property
    def quoted(self) -> str:
        """Its beginning in quotation marks, for a sentence."""
        return f'"{self.text[:_QUOTED_LENGTH]}"'
