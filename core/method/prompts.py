"""Prompts: the template of each stage, and the paper's sampling parameters."""

import json
import random
import tomllib
from collections.abc import Callable, Iterable, Sequence
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from jinja2 import StrictUndefined, Template
from jinja2.sandbox import SandboxedEnvironment
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from selfinstruct.core.answer_schemas import FORMATS, RESPONSE_FORMAT
from selfinstruct.core.errors import SettingsError, why
from selfinstruct.core.language.registry import ENGLISH, language, read_toml
from selfinstruct.core.method.paper import IN_CONTEXT, MAX_INSTANCES, NEW_TASKS
from selfinstruct.core.setting_names import setting
from selfinstruct.core.settings.messages import explain
from selfinstruct.core.util.did_you_mean import nearest
from selfinstruct.core.util.storable_text import CANNOT_BE_STORED, is_storable
from selfinstruct.db.records import AnswerKind, ApiKind, Message, Parameters, TextPrompt

CLASSIFICATION_EXAMPLES, OTHER_EXAMPLES = 12, 19
"""Few-shot examples of a classify prompt (section 2.2)."""

JSON_LABEL_TOKENS = 32
"""Token limit of a label in JSON, fenced or over several lines."""

INSTANCE_EXAMPLES = 8
_EXAMPLE_LENGTH = 700
_FILE = "prompts.toml"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")

    @field_validator("*", mode="before")
    @classmethod
    def _can_be_sent(cls, value: Any) -> Any:
        if isinstance(value, str) and not is_storable(value):
            raise ValueError(CANNOT_BE_STORED)
        return value


class _Chat(_Strict):
    system: str
    user: str


class _Completions(_Strict):
    prompt: str


_MARK = "\ue000\ue001"
"""Stands in for an instruction while a frame is made; private characters, which no template contains."""


class _Stage(_Strict):
    chat: _Chat
    chat_json: _Chat | None = None
    """Missing where a person's own templates replace only the text of the chat."""
    completions: _Completions


class _Templates(_Strict):
    propose: _Stage
    classify: _Stage
    input_first: _Stage
    output_first: _Stage


@dataclass(frozen=True, slots=True)
class Example:
    """A seed task as the few-shot prompts show it."""

    id: int
    instruction: str
    is_classification: bool
    instances: tuple[tuple[str, str], ...]
    """Pairs of input (may be empty) and output."""

    @property
    def length(self) -> int:
        """Its approximate length in a prompt, in characters."""
        return len(self.instruction) + sum(len(given) + len(output) for given, output in self.instances)


@dataclass(frozen=True, slots=True)
class RenderedPrompt:
    """A prompt with its sampling parameters, and the ids of its in-context tasks."""

    prompt: TextPrompt
    parameters: Parameters
    in_context: tuple[int, ...]


class PromptWriter:
    """Writes the prompts of one workspace.

    The few-shot examples are drawn once, from the seeds with `rng`: all prompts of a stage then share a
    prefix, which endpoints with prompt caching charge once.

    Args:
        api: The kind of API that the prompts are for.
        seeds: The seed tasks.
        rng: Draws the few-shot examples.
        path: A person's own templates.
        code: The language of the templates.
        answers: Whether chat models are asked for JSON. Stages without a template for that ask for text,
            unless it is `json`.

    Raises:
        SettingsError: The person's own templates cannot be used.
    """

    def __init__(
        self,
        api: ApiKind,
        seeds: Sequence[Example],
        rng: random.Random,
        path: Path | None = None,
        code: str = ENGLISH,
        *,
        answers: AnswerKind = "text",
    ) -> None:
        self._api = api
        self._as_json = api == "chat" and answers != "text"
        self._templates = load_templates(path, code)
        self._is_built_in = path is None
        self._frames: dict[tuple[str, bool, tuple[int, ...]], _Frame] = {}
        self.warning = ""
        """A warning about templates that lack a form, as a sentence; empty when there is none."""
        if path is not None and self._as_json and (lacking := _without_json(self._templates)):
            self.warning = f"The prompts in {path} have no {lacking}, so they ask for text there."
            if answers == "json":
                raise SettingsError(
                    f"The prompts in {path} have no {lacking}. Add what is missing, or set"
                    f" {setting('answers')} to auto or text."
                )
        tongue = language(code)
        # A model may write an ASCII colon where the prompt has a full-width one.
        colons = dict.fromkeys((tongue.colon.rstrip(), ":"))
        self._next_task = [f"\n{tongue.answers.task[0]}{colon}" for colon in colons]
        self._next_example = f"\n{tongue.answers.example[0]} {MAX_INSTANCES + 1}"
        self._environment = SandboxedEnvironment(
            undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
        )
        # Jinja's own filter escapes characters for HTML.
        self._environment.filters["tojson"] = _to_json
        self._compiled: dict[str, Template] = {}
        classification = [seed for seed in seeds if seed.is_classification]
        other = [seed for seed in seeds if not seed.is_classification]
        self._classify_examples = _mix(
            [
                *rng.sample(classification, min(CLASSIFICATION_EXAMPLES, len(classification))),
                *rng.sample(other, min(OTHER_EXAMPLES, len(other))),
            ],
            rng,
        )
        self._without_label = other
        self._with_label = [
            seed for seed in classification if all(given for given, _ in seed.instances)
        ] or classification
        self._input_first_examples = _short_ones(self._without_label, rng)
        self._output_first_examples = _short_ones(self._with_label, rng)

    def for_text(self) -> "PromptWriter":
        """Return a writer of the same prompts, with the same examples, that asks for text."""
        writer = copy(self)
        writer._as_json = False
        return writer

    def try_all(self) -> None:
        """Render every template once, so that errors show up before the first paid request.

        Raises:
            SettingsError: a template is wrong; the message names it.
        """
        self.propose([(0, "Say something.")] * IN_CONTEXT, classification_only=False)
        self.propose([(0, "Say something.")] * IN_CONTEXT, classification_only=True)
        self.classify("Say something.")
        self.instantiate("Say something.", output_first=False)
        self.instantiate("Say something.", output_first=True)

    def propose(self, shown: Sequence[tuple[int, str]], *, classification_only: bool) -> RenderedPrompt:
        """Render a propose prompt after these (id, instruction) pairs (section 2.2, table 5)."""
        first = len(shown) + 1
        last = first + NEW_TASKS - 1
        prompt = self._render(
            "propose",
            instructions=[_one_line(instruction) for _, instruction in shown],
            first=first,
            last=last,
            classification_only=classification_only,
        )
        parameters: Parameters = {
            "temperature": 0.7,
            "top_p": 0.5,
            "presence_penalty": 2,
            "max_tokens": 1024,
        }
        stop = [f"\n{last + 1}."]
        return self._finish("propose", prompt, parameters, stop, [task_id for task_id, _ in shown])

    def classify(self, instruction: str, *, at_most: int | None = None) -> RenderedPrompt:
        """Render a classify prompt: is this a classification task? (section 2.2, table 6).

        Args:
            instruction: The task.
            at_most: The most examples that it shows.
        """
        examples = _few_of_both(self._classify_examples, at_most)
        prompt = self._render_about(
            _one_line(instruction),
            "classify",
            examples,
            lambda: {
                "examples": [
                    {"instruction": _one_line(seed.instruction), "is_classification": seed.is_classification}
                    for seed in examples
                ]
            },
        )
        max_tokens = 16 if self._json_template("classify") is None else JSON_LABEL_TOKENS
        parameters: Parameters = {"temperature": 0, "max_tokens": max_tokens}
        stop = ["\n\n", *self._next_task]
        return self._finish("classify", prompt, parameters, stop, [seed.id for seed in examples])

    def instantiate(
        self,
        instruction: str,
        *,
        output_first: bool,
        anew: random.Random | None = None,
        at_most: int | None = None,
    ) -> RenderedPrompt:
        """Render an instantiate prompt (section 2.2, tables 7 and 8).

        Args:
            instruction: The task.
            output_first: Whether the model writes the output before the input, as for classification tasks.
            anew: For a repeated request, which would get the same answer at temperature 0: sets a higher
                temperature and draws other examples.
            at_most: The most examples that it shows.
        """
        examples = self._output_first_examples if output_first else self._input_first_examples
        if anew is not None:
            examples = _short_ones(self._with_label if output_first else self._without_label, anew)
        examples = examples[:at_most]
        stage = "output_first" if output_first else "input_first"
        prompt = self._render_about(
            _one_line(instruction),
            stage,
            examples,
            lambda: {
                "examples": [
                    {
                        "instruction": _one_line(seed.instruction),
                        "instances": [{"input": given, "output": output} for given, output in seed.instances],
                    }
                    for seed in examples
                ],
                "most": MAX_INSTANCES,
            },
        )
        parameters: Parameters = {
            "temperature": 0 if anew is None else 0.7,
            "presence_penalty": 1.5,
            "max_tokens": 300 if output_first else 350,
        }
        stop = [*self._next_task, self._next_example]
        return self._finish(stage, prompt, parameters, stop, [seed.id for seed in examples])

    def _finish(
        self, stage: str, prompt: TextPrompt, parameters: Parameters, stop: list[str], in_context: list[int]
    ) -> RenderedPrompt:
        # A base model would continue with the next task. Chat models stop by themselves; some reject `stop`.
        if self._api == "completions":
            parameters = {**parameters, "stop": stop}
        elif self._json_template(stage) is not None:
            parameters = {**parameters, RESPONSE_FORMAT: FORMATS[stage]}
        return RenderedPrompt(prompt, parameters, tuple(in_context))

    def _render_about(
        self,
        instruction: str,
        stage: str,
        examples: Sequence[Example],
        values: Callable[[], dict[str, Any]],
    ) -> TextPrompt:
        """Render a few-shot prompt about an instruction.

        All prompts with the same examples share everything else, so the built-in templates are rendered once
        for each choice of examples. A person's own may do anything with the instruction.
        """
        if not self._is_built_in:
            return self._render(stage, instruction=instruction, **values())
        key = (stage, self._as_json, tuple(seed.id for seed in examples))
        if key not in self._frames:
            self._frames[key] = _Frame(lambda any_one: self._render(stage, instruction=any_one, **values()))
        return self._frames[key].around(instruction)

    def _render(self, stage: str, **values: Any) -> TextPrompt:
        templates: _Stage = getattr(self._templates, stage)
        if self._api == "completions":
            return self._text(f"{stage}.completions.prompt", templates.completions.prompt, values)
        in_json = self._json_template(stage)
        kind, chat = ("chat", templates.chat) if in_json is None else ("chat_json", in_json)
        system = self._text(f"{stage}.{kind}.system", chat.system, values)
        user = self._text(f"{stage}.{kind}.user", chat.user, values)
        messages: list[Message] = [{"role": "system", "content": system}] if system else []
        return [*messages, {"role": "user", "content": user}]

    def _json_template(self, stage: str) -> _Chat | None:
        """The template of a stage that asks for JSON; None if the stage asks for text."""
        templates: _Stage = getattr(self._templates, stage)
        return templates.chat_json if self._as_json else None

    def _text(self, name: str, template: str, values: dict[str, Any]) -> str:
        try:
            compiled = self._compiled.get(name)
            if compiled is None:
                compiled = self._compiled[name] = self._environment.from_string(template)
            return compiled.render(values)
        except Exception as error:  # a template is a user's program, and can raise anything
            raise SettingsError(f"The prompt template {name} is wrong: {error}.") from error


class _Frame:
    """A rendered prompt without the instruction that it is about.

    Args:
        render: Renders the prompt about an instruction, which it shows as it is.
    """

    def __init__(self, render: Callable[[str], TextPrompt]) -> None:
        prompt = render(_MARK)
        self._is_text = isinstance(prompt, str)
        messages = [Message(role="user", content=prompt)] if isinstance(prompt, str) else prompt
        self._parts = [(message["role"], message["content"].split(_MARK)) for message in messages]

    def around(self, instruction: str) -> TextPrompt:
        """Return the prompt about an instruction."""
        if self._is_text:
            return instruction.join(self._parts[0][1])
        return [Message(role=role, content=instruction.join(parts)) for role, parts in self._parts]


def built_in_templates(code: str) -> dict[str, Any]:
    """The built-in templates of a language by stage and kind of API, with English as the fallback."""
    return _with_own(read_toml(ENGLISH, _FILE), read_toml(code, _FILE))


def load_templates(path: Path | None, code: str) -> _Templates:
    """Load the templates of a language, overridden by those in the file at `path`.

    Raises:
        SettingsError: the file cannot be read, or contains an unknown name.
    """
    merged = built_in_templates(code)
    if path is not None:
        try:
            own = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        except (OSError, ValueError, RecursionError) as error:
            raise SettingsError(
                f"The prompts cannot be read from {path.absolute()}: {why(error)}. Set the path with"
                f" {setting('prompts')}."
            ) from error
        merged = _with_own(merged, own)
    try:
        return _Templates.model_validate(merged)
    except ValidationError as error:
        raise SettingsError(f"In the prompts of {path}, {_explain_first(error)}") from None


def _without_json(templates: _Templates) -> str:
    """The templates for JSON that are missing, as a message names them; empty if none is."""
    stages = [stage for stage in _Templates.model_fields if getattr(templates, stage).chat_json is None]
    *others, last = [f"[{stage}.chat_json]" for stage in stages] or [""]
    return f"{', '.join(others)} or {last}" if others else last


def _to_json(value: Any, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)


def _explain_first(error: ValidationError) -> str:
    """Describe the most useful error: an unknown name first, since it may cause a missing one."""
    errors = error.errors(include_url=False)
    first = next((one for one in errors if one["type"] == "extra_forbidden"), errors[0])
    where = ".".join(str(part) for part in first["loc"])
    if first["type"] != "extra_forbidden":
        return f"{where} is wrong: {explain(first)}."
    known = list(_names_below(_Templates, first["loc"][:-1]))
    near = nearest(str(first["loc"][-1]), known)
    meant = f"Did you mean '{near}'?" if near else f"The names are {', '.join(known)}."
    return f"'{where}' is not a known name. {meant}"


def _names_below(model: type[BaseModel], path: Sequence[int | str]) -> Iterable[str]:
    """The valid names in a table of the templates."""
    for name in path:
        annotation = model.model_fields[str(name)].annotation
        below = next((one for one in get_args(annotation) if one is not type(None)), annotation)
        assert isinstance(below, type)
        assert issubclass(below, BaseModel)
        model = below
    return model.model_fields


def _with_own(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """Templates overridden by others; a stage with another chat prompt and none for JSON has no JSON."""
    merged = _overlay(base, own)
    for stage, kinds in own.items():
        if isinstance(kinds, dict) and "chat" in kinds and "chat_json" not in kinds:
            merged[stage].pop("chat_json", None)
    return merged


def _overlay(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for name, value in own.items():
        below = merged.get(name)
        merged[name] = (
            _overlay(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
        )
    return merged


def _mix(examples: list[Example], rng: random.Random) -> list[Example]:
    rng.shuffle(examples)
    return examples


def _few_of_both(examples: list[Example], at_most: int | None) -> list[Example]:
    """At most so many of the examples, in their order, with about the same share of each label."""
    if at_most is None or at_most >= len(examples):
        return examples
    yes = [one for one in examples if one.is_classification]
    no = [one for one in examples if not one.is_classification]
    most = max(1, round(at_most * len(yes) / len(examples)))
    kept = {one.id for one in (*yes[:most], *no[: at_most - most])}
    return [one for one in examples if one.id in kept]


def _short_ones(seeds: Sequence[Example], rng: random.Random) -> list[Example]:
    """Sample examples that fit a small context window; the shortest ones if most are long."""
    short = [seed for seed in seeds if seed.length <= _EXAMPLE_LENGTH]
    if len(short) < INSTANCE_EXAMPLES:
        short = sorted(seeds, key=lambda seed: (seed.length, seed.id))[:INSTANCE_EXAMPLES]
    return rng.sample(short, min(INSTANCE_EXAMPLES, len(short)))


def _one_line(text: str) -> str:
    return " ".join(text.split())
