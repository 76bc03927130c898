"""The pairs of labels and inputs that the fields of an output-first answer form."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from selfinstruct.core.language.unicode_tokens import fold
from selfinstruct.core.method.field_heads import head_of
from selfinstruct.core.method.field_pairs import (
    ASIDE,
    LEAST_ASIDES,
    aside_at,
    open_end,
    own_fields,
    text_above,
    unnamed_inputs,
)
from selfinstruct.core.method.instance_fields import Field
from selfinstruct.core.method.next_task import names_task, only_introduces
from selfinstruct.core.method.parsed_instance import OPEN_END, UNREADABLE, Pair
from selfinstruct.core.method.unknown_form import holds_fields
from selfinstruct.core.method.values import value_of
from selfinstruct.core.method.vocabulary import Vocabulary
from selfinstruct.db.records import Reason

_NO_INPUT = Reason("unreadable", "This label has no input, though others have: their inputs may be shifted.")
_EMPTY_INPUT = Reason("empty_input", "The input of this label is empty, and those of others are not.")
_LIST = Reason("unreadable", "The input is a list, which may be one input or several.")
_AROUND_LABEL = re.compile(r"(?P<mark>`|\*\*|\*|__)(?P<label>[^`*_\n]+)(?P=mark)")
_LISTED = re.compile(r"^\s*(?:[-*•+]|\(?\d{1,2}[.)])[ \t]+(?=\S)")


def labels_with_inputs(fields: Sequence[Field], vocabulary: Vocabulary) -> list[Pair]:
    """Pair each label with the inputs below it: the fields that follow, or else the lines below the label.

    Where some labels have no input, the inputs may stand above their labels. Inputs that are all empty are
    those of a task without inputs; one among others is unfinished.
    """
    has_inputs = any(one.kind == "input" and one.value.strip() for one in fields)
    names = _explanations(list(_texts_of_inputs(fields)), vocabulary)
    groups: list[tuple[str, list[Pair]]] = []
    others = _other_tasks(fields, vocabulary)
    for number, one in enumerate(fields):
        if one.kind in {"", "example"}:
            groups.append((one.value, []))
        elif one.kind != "input":
            label, _, rest = value_of(one.value).partition("\n")
            label = _without_marks(label)
            inputs = [
                replace(each, value=text_above(each.value, names, vocabulary))
                for each in _inputs_below(fields[number + 1 :])
            ]
            pairs = [
                Pair(
                    given.value,
                    label,
                    open_end(one, given)
                    or (OPEN_END if number in others else None)
                    or (_EMPTY_INPUT if has_inputs and not given.value.strip() else None)
                    or _fault_of_list(given, vocabulary)
                    or _fault_of_end(given.value, vocabulary),
                )
                for given in inputs
            ]
            given = text_above(rest, names, vocabulary)
            holds = UNREADABLE if holds_fields(given, vocabulary, ("input",)) else None
            fault = holds or (_LIST if _is_list(given) else _fault_of_end(given, vocabulary))
            groups.append(("", pairs or [Pair(given, label, open_end(one) or fault)]))
    below = [group[0] for _, group in groups if group]
    alone = all(_LISTED.match(pair.given) and pair.fault is None for pair in below)
    if alone and not any(one.kind == "input" for one in fields):
        # Each input is the only item of a list.
        groups = [(text, [_without_bullet(pair) for pair in group]) for text, group in groups]
    return _checked(groups, vocabulary)


def _other_tasks(fields: Sequence[Field], vocabulary: Vocabulary) -> frozenset[int]:
    """The labels with a task below them, whose inputs may be its own; none if all labels have one."""
    labels = [number for number, one in enumerate(fields) if one.kind in {"output", "label"}]
    below = [
        number
        for number in labels
        if any(
            names_task(head_of(line, vocabulary), vocabulary) for line in fields[number].value.split("\n")[1:]
        )
    ]
    return frozenset(below if len(below) < len(labels) or len(labels) == 1 else ())


def _without_marks(label: str) -> str:
    """A label without the code marks or bold type around it."""
    marked = _AROUND_LABEL.fullmatch(label.strip())
    return marked["label"] if marked else label


def _without_bullet(pair: Pair) -> Pair:
    return replace(pair, given=_LISTED.sub("", pair.given))


def inputs_above_labels(fields: Sequence[Field], vocabulary: Vocabulary) -> list[Pair]:
    """The pairs of labels with inputs above them that have their own names; empty if there are none.

    Each label has one, and nothing is below the last label.
    """
    if any(one.kind == "input" for one in fields):
        return []
    if not any(own_fields(one.value, vocabulary)[0] for one in fields if one.kind in {"", "example"}):
        return []
    pairs = unnamed_inputs(fields, vocabulary)
    labels = sum(one.kind not in {"", "example"} for one in fields)
    are_whole = len(pairs) == labels and all(pair.given.strip() and pair.fault is None for pair in pairs)
    below = value_of(pairs[-1].output).partition("\n")[2]
    return [] if not are_whole or below.strip() else pairs


def _inputs_below(fields: Sequence[Field]) -> Iterator[Field]:
    for one in fields:
        if one.kind != "input":
            return
        yield one


def _checked(groups: Sequence[tuple[str, list[Pair]]], vocabulary: Vocabulary) -> list[Pair]:
    """The pairs of all labels, with a fault where a label without an input shows that they may be shifted."""
    pairs = [group for _, group in groups if group]
    if any(pair.fault == _LIST for group in pairs for pair in group):
        pairs = [
            [replace(pair, fault=_LIST) if _LISTED.match(pair.given) else pair for pair in group]
            for group in pairs
        ]
    missing = [len(group) == 1 and not group[0].given.strip() for group in pairs]
    above = [text for text, group in groups if not group and text.strip()]
    spoken = any(not only_introduces(text, vocabulary) for text in above)
    # An empty label may be the title of the answer, and each label that of the input above it.
    may_be_shifted = spoken or (len(pairs) > 1 and not pairs[0][0].output.strip())
    if missing and missing[-1] and may_be_shifted:
        return [replace(pair, fault=_NO_INPUT) for group in pairs for pair in group]
    if all(missing):
        return [pair for group in pairs for pair in group]
    found: list[Pair] = []
    for number, (group, lacks) in enumerate(zip(pairs, missing, strict=True)):
        # The last input may be that of the label after it.
        shifted = number + 1 < len(pairs) and missing[number + 1] and len(group) > 1
        last = len(group) - 1
        found += [
            replace(pair, fault=pair.fault or _NO_INPUT) if lacks or (shifted and place == last) else pair
            for place, pair in enumerate(group)
        ]
    return found


def _fault_of_list(given: Field, vocabulary: Vocabulary) -> Reason | None:
    meaning = vocabulary.meaning(given.name)
    several = meaning is not None and not meaning.usual and fold(given.name).endswith("s")
    return _LIST if several and _is_list(given.value) else None


def _is_list(text: str) -> bool:
    lines = [line for line in text.split("\n") if line.strip()]
    return len(lines) > 1 and all(map(_LISTED.match, lines))


def _texts_of_inputs(fields: Sequence[Field]) -> Iterator[str]:
    """The inputs of an output-first answer: the fields, or else what is below a label."""
    for one, after in pairwise([*fields, Field("", "")]):
        if one.kind == "input":
            yield one.value
        elif one.kind not in {"", "example"} and after.kind != "input":
            yield value_of(one.value).partition("\n")[2]


def _explanations(texts: Sequence[str], vocabulary: Vocabulary) -> frozenset[str]:
    """The names below inputs that explain their labels; a reason does so where each input has one."""
    names = vocabulary.reasoning | vocabulary.thoughts
    explained = [text for text in texts if text_above(text, names, vocabulary) != text]
    all_have = len(texts) >= LEAST_ASIDES and len(explained) == len(texts)
    return names if all_have else vocabulary.reasoning


def _fault_of_end(given: str, vocabulary: Vocabulary) -> Reason | None:
    return ASIDE if aside_at(given, None, vocabulary) is not None else None
