"""The panels of the Overview screen: each draws its share of the numbers to a given width. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from textual.content import Content

from selfinstruct.core.stats.overview import Overview, in_buckets
from selfinstruct.db.records import PASS
from selfinstruct.tui.text.safe_text import LABEL_WORDS, cost_text, safe_line, verdict_word
from selfinstruct.tui.text.themes import MUTED
from selfinstruct.tui.widgets.charts import (
    BAR_STYLE,
    Bar,
    bars,
    fitted,
    length_bins,
    quantile,
    share_text,
    sparkline,
)

_BUCKETS = 8
_LENGTH_BINS = 8
_WORDS = 12
_LONGEST_WORD = 16
_SHARE = 6
_NOTHING_ACCEPTED = "No task has been accepted yet."


@dataclass(frozen=True, slots=True)
class Similarity:
    """ROUGE-L of the accepted tasks with their nearest seed, as far as they have been scored."""

    histogram: Sequence[int]
    """Number of tasks per bin, from 0 to 1."""
    done: float
    """Share of tasks scored, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """The data of all panels."""

    overview: Overview
    similarity: Similarity


Draw = Callable[[Numbers, int], Content]
"""Draws numbers to a width in cells."""


def funnel(numbers: Numbers, width: int) -> Content:
    """Draw the funnel from requests to exported rows."""
    overview = numbers.overview
    steps = [
        (
            "answers with new tasks",
            overview.answered.proposals,
            _each(overview.candidates, overview.answered.proposals),
        ),
        ("candidates", overview.candidates, ""),
        ("pass the filters", overview.passing, share_text(overview.passing, overview.candidates)),
        ("accepted", overview.accepted, share_text(overview.accepted, overview.candidates)),
        ("labelled", overview.labelled, share_text(overview.labelled, overview.accepted)),
        (
            "with kept instances",
            overview.with_instances,
            share_text(overview.with_instances, overview.accepted),
        ),
        ("rows to export", overview.rows, _each(overview.rows, overview.with_instances)),
    ]
    of = ("", "", " of candidates", " of candidates", " of accepted", " of accepted", "")
    rows = [
        Bar(label, value, said, note)
        for (label, value, _), said, note in zip(steps, _numbers(steps), of, strict=True)
    ]
    notes = [f"{overview.rejected:,} rejected, {_undecided(overview):,} undecided."]
    if overview.accepted_despite:
        notes.append(f"{overview.accepted_despite:,} accepted despite a filter.")
    return _lines(bars(rows, width), *(_note(note, width) for note in notes))


def _each(part: int, whole: int) -> str:
    return f"{part / whole:.1f} each" if whole else ""


def _note(text: str, width: int) -> Content:
    return Content.styled(fitted(text, width).rstrip(), MUTED)


def _undecided(overview: Overview) -> int:
    return overview.candidates - overview.accepted - overview.rejected


def _numbers(rows: Sequence[tuple[str, int, str]]) -> list[str]:
    """Return the counts right-aligned, each followed by its note."""
    counts = [f"{value:,}" for _, value, _ in rows]
    longest = max(map(len, counts), default=0)
    return [
        f"{count.rjust(longest)}  {said}".rstrip() for count, (_, _, said) in zip(counts, rows, strict=True)
    ]


def _shares(counts: Mapping[str, int], width: int, *, whole: int | None = None) -> Content:
    total = sum(counts.values()) if whole is None else whole
    rows = [(label, count, share_text(count, total).rjust(_SHARE)) for label, count in counts.items()]
    said = _numbers(rows)
    return bars([Bar(label, count, text) for (label, count, _), text in zip(rows, said, strict=True)], width)


def _lines(*parts: Content) -> Content:
    return Content("\n").join(parts)


def filters(numbers: Numbers, width: int) -> Content:
    """Draw the candidates by verdict."""
    verdicts = numbers.overview.verdicts
    passing = {verdict_word(PASS): verdicts.get(PASS, 0)}
    others = {verdict_word(verdict): count for verdict, count in verdicts.items() if verdict != PASS}
    return _shares(passing | others, width)


def acceptance(numbers: Numbers, width: int) -> Content:
    """Draw the acceptance rate over batches, as a sparkline and in buckets."""
    batches = numbers.overview.batches
    if not batches:
        return Content("No batch has been proposed yet.")
    fine = in_buckets(batches, width)
    rates = [_rate(bucket.accepted, bucket.proposed) for bucket in fine]
    each = fine[0].last - fine[0].first + 1
    note = (
        "The share accepted, one column per batch."
        if each == 1
        else f"The share accepted, {each} batches per column."
    )
    rows = [
        Bar(
            f"batch {bucket.first}"
            if bucket.first == bucket.last
            else f"batches {bucket.first}–{bucket.last}",
            _rate(bucket.accepted, bucket.proposed),
            f"{share_text(bucket.accepted, bucket.proposed).rjust(_SHARE)} of {bucket.proposed:,}",
            f", {share_text(bucket.passing, bucket.proposed)} pass",
        )
        for bucket in in_buckets(batches, _BUCKETS)
    ]
    return _lines(
        Content.styled(sparkline(rates, full=1), BAR_STYLE), _note(note, width), bars(rows, width, full=1)
    )


def _rate(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def similarity(numbers: Numbers, width: int) -> Content:
    """Draw the histogram of ROUGE-L with the nearest seed."""
    histogram, done = numbers.similarity.histogram, numbers.similarity.done
    if not numbers.overview.accepted:
        return Content(_NOTHING_ACCEPTED)
    parts = len(histogram)
    counts = {f"{row / parts:.1f}–{(row + 1) / parts:.1f}": count for row, count in enumerate(histogram)}
    chart = _shares(counts, width)
    if done < 1:
        return _lines(chart, _note(f"Scoring: {done:.0%} done.", width))
    return chart


def lengths(numbers: Numbers, width: int) -> Content:
    """Draw the lengths of instructions, inputs and outputs, in words."""
    overview = numbers.overview
    if not overview.accepted:
        return Content(_NOTHING_ACCEPTED)
    given = {length: count for length, count in overview.input_words.items() if length}
    without = overview.input_words.get(0, 0)
    return _lines(
        *_length("Instructions", overview.instruction_words, {}, width),
        *_length("Inputs", given, {"none": without} if without else {}, width),
        *_length("Outputs", overview.output_words, {}, width),
    )


def _length(what: str, words: Mapping[int, int], before: Mapping[str, int], width: int) -> list[Content]:
    said = f"median {quantile(words, 0.5)}, longest {max(words)}" if words else "none yet"
    bins = {row.label: row.count for row in length_bins(words, _LENGTH_BINS)}
    head = Content.assemble((what, "bold"), (f"  {said}", MUTED))
    return [head, _shares({**before, **bins}, width)] if before or bins else [head]


def labels(numbers: Numbers, width: int) -> Content:
    """Draw the accepted tasks by label."""
    overview = numbers.overview
    if not overview.accepted:
        return Content(_NOTHING_ACCEPTED)
    return _shares(
        {
            LABEL_WORDS[label] if label is not None else "no label yet": count
            for label, count in overview.labels.items()
        },
        width,
    )


def first_words(numbers: Numbers, width: int) -> Content:
    """Draw the most common first words of accepted instructions."""
    overview = numbers.overview
    if not overview.accepted:
        return Content(_NOTHING_ACCEPTED)
    common = list(overview.first_words.items())[:_WORDS]
    chart = _shares(
        {safe_line(word, _LONGEST_WORD): count for word, count in common}, width, whole=overview.accepted
    )
    return _lines(chart, _note(f"{len(overview.first_words):,} distinct first words.", width))


def cost(numbers: Numbers, width: int) -> Content:
    """Draw the cost, in total and per accepted task."""
    overview = numbers.overview
    at_least = "at least " if overview.spending.attempts_of_unknown_cost else ""
    prompt, completion = overview.tokens.of_prompts, overview.tokens.of_answers
    usd, tokens = overview.usd_per_accepted, overview.tokens_per_accepted
    rows = [
        ("requests answered", f"{overview.answered.requests:,}"),
        ("cost", cost_text(overview.spending)),
        ("cost per accepted task", _unknown(overview) if usd is None else f"{at_least}{_usd(usd)}"),
        ("prompt tokens", "unknown" if prompt is None else f"{prompt:,}"),
        ("answer tokens", "unknown" if completion is None else f"{completion:,}"),
        ("tokens per accepted task", _unknown(overview) if tokens is None else f"{tokens:,.0f}"),
    ]
    longest = max(len(label) for label, _ in rows)
    return _lines(
        *(Content(fitted(f"{label.ljust(longest)}  {said}", width).rstrip()) for label, said in rows)
    )


def _usd(usd: float) -> str:
    return f"${usd:.2f}" if usd >= 1 or not usd else f"${usd:.6f}"


def _unknown(overview: Overview) -> str:
    return "unknown" if overview.accepted else "nothing accepted yet"


LEFT: Sequence[tuple[str, Draw]] = (
    ("From request to export", funnel),
    ("Acceptance over time", acceptance),
    ("ROUGE-L with the nearest seed", similarity),
    ("Labels", labels),
    ("Cost", cost),
)
RIGHT: Sequence[tuple[str, Draw]] = (
    ("Filter verdicts", filters),
    ("First words", first_words),
    ("Lengths in words", lengths),
)
"""The panels of the two columns, each with its title and drawing function."""
