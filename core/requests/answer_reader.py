"""Reads answers by the rules of one workspace: tasks, labels, instances. Pure.

`Intake` reads an answer when it comes in, and `core.reparsing` reads it again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

from selfinstruct.core import method
from selfinstruct.core.endpoint.responses import Answer, read_answer
from selfinstruct.core.method.clean_instruction import clean_instruction
from selfinstruct.core.method.prompt_echo import without_prompt
from selfinstruct.core.method.vocabulary import NO_OWN_NAMES, OwnNames
from selfinstruct.core.settings.model import Settings
from selfinstruct.db.records import AnyApi, Instance, Label, NewInstance, Request

_MOST_PROPOSED = 500
"""Upper bound on tasks per response, far above the eight requested and what the token limit allows."""


def answer_to(request: Request, body: bytes) -> Answer:
    """Read the answer to a request, without the lines of the system message that it may repeat.

    Args:
        request: The request.
        body: The response.

    Raises:
        AnswerError: The response has no usable content.
    """
    answer = read_answer(body, request.api)
    if not isinstance(request.prompt, list) or request.prompt[0]["role"] != "system":
        return answer
    return replace(answer, text=without_prompt(answer.text, request.prompt[0]["content"]))


@dataclass(frozen=True, slots=True)
class AnswerReader:
    """Turns the text of an answer into what is stored.

    Args:
        language: The code of the workspace's language.
        own: The field names of the user's own prompts, and the words of their settings.
    """

    language: str
    own: OwnNames

    @classmethod
    def of(cls, settings: Settings, language: str, *, reads_prompts: bool = True) -> Self:
        """Create the reader that goes with settings.

        Args:
            settings: The settings.
            language: The code of the workspace's language.
            reads_prompts: Whether to read the user's own prompts for their field names.

        Raises:
            SettingsError: The user's own prompts cannot be read.
        """
        own = NO_OWN_NAMES
        if reads_prompts and settings.prompts is not None:
            from selfinstruct.core.method.own_names import own_names  # noqa: PLC0415 - imports Jinja

            own = own_names(settings.api, settings.prompts, settings.language)
        return cls(language, own.with_words(settings.words.model_dump()))

    def tasks(self, answer: Answer, api: AnyApi) -> list[str]:
        """Return the proposed instructions, cleaned, in order."""
        proposed = method.parse_proposals(
            answer.text,
            cut=answer.cut,
            continues_item=api == "completions",
            language=self.language,
            own=self.own,
        )
        return [clean_instruction(text) for text in proposed[:_MOST_PROPOSED]]

    def label(self, answer: Answer) -> Label:
        """Return the label; `unknown` unless the answer is a clear yes or no."""
        return method.parse_label(answer.text, self.language, own=self.own)

    def instances(
        self, answer: Answer, label: Label, *, instruction: str, besides: Sequence[Instance]
    ) -> list[NewInstance]:
        """Return the instances of a task, each kept, or dropped with its reason.

        Args:
            answer: The answer to a request for instances.
            label: The task's label in that request, which decides the order of the fields.
            instruction: The wording of the task in that request.
            besides: The instances that the task already has.
        """
        parse = method.parse_output_first if label == "classification" else method.parse_input_first
        parsed = parse(answer.text, self.language, own=self.own, task=instruction)
        return method.keep_or_drop(parsed, cut=answer.cut, besides=besides)
