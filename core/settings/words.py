"""The `[words]` settings: the words that answers use in a language of the user's own."""

from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from selfinstruct.core.language.unicode_tokens import fold
from selfinstruct.core.settings.checked import Checked, quoted

# One word may name both the output and the class label: no prompt asks for both.
_APART = (
    ("yes", "no"),
    ("task", "input"),
    ("task", "output"),
    ("task", "label"),
    ("input", "output"),
    ("input", "label"),
)


class WordSettings(Checked):
    """Words by which answers are read, besides those of the workspace's language and of English."""

    yes: Annotated[tuple[str, ...], Field(description="Words for yes, in an answer about the label.")] = ()
    no: Annotated[tuple[str, ...], Field(description="Words for no, in an answer about the label.")] = ()
    task: Annotated[tuple[str, ...], Field(description="Names of the field that repeats the task.")] = ()
    input: Annotated[tuple[str, ...], Field(description="Names of an instance's input.")] = ()
    output: Annotated[tuple[str, ...], Field(description="Names of an instance's output.")] = ()
    label: Annotated[tuple[str, ...], Field(description="Names of the class label of an instance.")] = ()
    example: Annotated[
        tuple[str, ...], Field(description="Words before the number of an instance, such as Example.")
    ] = ()
    no_input: Annotated[tuple[str, ...], Field(description="Inputs that say that there is no input.")] = ()

    @field_validator("*")
    @classmethod
    def _are_words(cls, words: tuple[str, ...]) -> tuple[str, ...]:
        named = tuple(" ".join(word.split()).rstrip(":：") for word in words)
        if not all(any(character.isalnum() for character in word) for word in named):
            raise ValueError("each entry needs a letter or a digit")
        return named

    @model_validator(mode="after")
    def _mean_one_thing(self) -> Self:
        for one, other in _APART:
            known = {fold(word) for word in getattr(self, other)}
            for word in getattr(self, one):
                if fold(word) in known:
                    raise ValueError(
                        f"{quoted(word)} is in both {one} and {other}; remove it from one of them"
                    )
        return self
