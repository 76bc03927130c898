"""The data-set card: Markdown with the metadata of the Hugging Face Hub, written beside an export."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from selfinstruct.core.export.card_facts import CardFacts, CardFile, RowFacts
from selfinstruct.core.export.markdown_text import markdown_text, visible_line

_ISO_639 = re.compile(r"[a-z]{2,3}")
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_LARGEST = "1M<n<10M"
_ORIGINS = {
    "model": "written by a model",
    "human": "written by people",
    "imported": "imported",
    "seed": "seeds",
}


def card(facts: CardFacts, *, data_files: bool = False) -> str:
    """Return the card of a data set.

    The licence is left to the person who publishes it: the metadata have none, and the text says so.

    Args:
        facts: What the card says; texts in it may contain anything.
        data_files: Whether the metadata name the files of each split, for `datasets.load_dataset`.
    """
    metadata = "\n".join(_metadata(facts, data_files=data_files))
    sections = (
        ["", _summary(facts)],
        ["Licence", "TODO: choose a licence and name it in the metadata above, as `license: <identifier>`."],
        ["Rows", *_rows(facts.rows)],
        ["Review", *_review(facts)],
        ["Models and cost", *_models(facts)],
        ["Filters", *_filters(facts)],
        ["Files", _files(facts.files)],
        ["Options of the export", f"```json\n{json.dumps(facts.options, indent=2, sort_keys=True)}\n```"],
    )
    parts = [f"---\n{metadata}\n---", f"# {markdown_text(facts.title)}"]
    for title, *paragraphs in sections:
        parts += [f"## {title}"] * bool(title)
        parts += filter(None, paragraphs)
    return "\n\n".join(parts) + "\n"


def _metadata(facts: CardFacts, *, data_files: bool) -> Iterator[str]:
    yield f"pretty_name: {_yaml(facts.title)}"
    yield "# license: TODO, see https://huggingface.co/docs/hub/repositories-licenses"
    codes = [code for code in facts.languages if _ISO_639.fullmatch(code)]
    if codes:
        yield from ["language:", *(f"- {code}" for code in codes)]
    yield from ["task_categories:", "- text-generation"]
    yield from ["size_categories:", f"- {_size(facts.rows.total)}"]
    yield from ["tags:", "- instruction-tuning", "- self-instruct"]
    if facts.rows.rows.get("model"):
        yield "- synthetic"
    if data_files:
        yield from ["configs:", "- config_name: default", "  data_files:"]
        for split, files in groupby(facts.files, key=lambda file: file.split):
            yield f"  - split: {_yaml(split)}"
            yield from ["    path:", *(f"    - {_yaml(file.name)}" for file in files)]


def _size(rows: int) -> str:
    return next((name for limit, name in _SIZES if rows < limit), _LARGEST)


def _summary(facts: CardFacts) -> str:
    rows, tasks = facts.rows.total, sum(facts.rows.tasks.values())
    return (
        f"{_number(rows, 'row')} of {_number(tasks, 'task')}, exported on {markdown_text(facts.date)} from a"
        " workspace that follows the Self-Instruct method ([arXiv 2212.10560](https://arxiv.org/abs/2212.10560))."
    )


def _rows(rows: RowFacts) -> Iterator[str]:
    by_origin = [
        (told, _count(rows.rows.get(origin, 0)), _count(rows.tasks.get(origin, 0)))
        for origin, told in _ORIGINS.items()
        if rows.rows.get(origin)
    ]
    yield _table(("origin of the task", "rows", "tasks"), by_origin)
    yield _table(("label", "rows"), [(label, _count(count)) for label, count in sorted(rows.labels.items())])


def _review(facts: CardFacts) -> Iterator[str]:
    rows, candidates = facts.rows, facts.candidates
    accepted, rejected = candidates.get("accepted", 0), candidates.get("rejected", 0)
    pending = candidates.get("pending", 0)
    lines = [
        f"Acceptance rate: {_share(accepted, accepted + rejected)} of the candidates that were decided on"
        f"{f'; {_count(pending)} are undecided' if pending else ''}.",
        f"Reviewed: of {_share(rows.reviewed, rows.total)} of the rows, a person has decided on the task or"
        " on the row itself.",
        f"Decided on the task: {_share(rows.of_decided_tasks, rows.total)} of the rows.",
        f"Edited, added or restored the row: {_share(rows.decided, rows.total)} of the rows.",
        f"Edit rate: a person has edited the input or output of {_share(rows.edited, rows.total)} of the"
        f" rows, and the instruction of {_share(rows.of_edited_tasks, rows.total)}.",
    ]
    yield _list(lines)
    people = [(markdown_text(name) or "(no name)", _count(count)) for name, count in rows.people.items()]
    yield _table(("reviewed by", "rows"), people)


def _models(facts: CardFacts) -> Iterator[str]:
    if not facts.models:
        yield "No model was asked."
        return
    yield _table(
        ("model", "requests", "prompt tokens", "completion tokens", "cost"),
        [
            (
                markdown_text(one.model),
                _count(one.requests),
                _count(one.prompt_tokens),
                _count(one.completion_tokens),
                _usd(one.cost_usd),
            )
            for one in facts.models
        ],
    )
    generated = facts.rows.rows.get("model", 0)
    a_row = facts.cost_usd / generated if facts.cost_usd is not None and generated else None
    yield (
        f"Cost of the workspace: {_usd(facts.cost_usd)}, which is {_usd(a_row)} for each row of a task that a"
        " model wrote."
        + (
            f" The cost of {_number(facts.of_unknown_cost, 'request')} is unknown."
            if facts.of_unknown_cost
            else ""
        )
    )


def _filters(facts: CardFacts) -> Iterator[str]:
    yield "In force at the export:"
    yield _table(
        ("setting", "value"),
        [(markdown_text(name), markdown_text(text)) for name, text in facts.filters.items()],
    )
    if facts.refused:
        yield "Candidates that filters object to, by verdict:"
        yield _counted("verdict", facts.refused)
    if facts.dropped:
        yield "Instances that were dropped, by reason:"
        yield _counted("reason", facts.dropped)


def _files(files: Sequence[CardFile]) -> str:
    return _table(
        ("file", "split", "rows", "SHA-256"),
        [
            (markdown_text(file.name), markdown_text(file.split), _count(file.rows), file.sha256)
            for file in files
        ],
    )


def _counted(name: str, counts: Mapping[str, int]) -> str:
    return _table((name, "number"), [(markdown_text(code), _count(count)) for code, count in counts.items()])


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table, or nothing without rows; cells are safe already."""
    lines = [" | ".join(row) for row in rows]
    if not lines:
        return ""
    rule = " | ".join("---" for _ in head)
    return "\n".join(f"| {line} |" for line in (" | ".join(head), rule, *lines))


def _list(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _number(count: int, noun: str) -> str:
    return f"{_count(count)} {noun}{'' if count == 1 else 's'}"


def _count(count: int | None) -> str:
    return "unknown" if count is None else f"{count:,}"


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%} ({part:,} of {whole:,})" if whole else "none (0 of 0)"


def _usd(usd: float | None) -> str:
    if usd is None:
        return "unknown"
    if 0 < usd < 0.0001:
        return "less than 0.0001 USD"
    return f"{usd:,.2f} USD" if usd == 0 or usd >= 0.1 else f"{usd:.4f} USD"


def _yaml(text: str) -> str:
    """A string of YAML."""
    return json.dumps(visible_line(text), ensure_ascii=False)
