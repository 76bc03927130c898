"""How well the filters tell tasks for text from others, and how many real instructions they refuse.

    python -m benchmarks.instructions                       # cases of our own, in five languages
    python -m benchmarks.instructions --corpus FILE.jsonl   # instructions that people or models have written
    python -m benchmarks.instructions --cases FILE.jsonl    # lines with language, text and wanted

A corpus holds an `instruction` on each line and no labels: the share that the keyword filter refuses is
printed. `-v` prints each miss, and each instruction of a corpus that is refused.
"""

import argparse
import json
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from selfinstruct.core.filtering.candidate import Candidate
from selfinstruct.core.filtering.filters.keyword import KEYWORD
from selfinstruct.core.filtering.registry import check_candidate
from selfinstruct.core.filtering.settings import FilterSettings, filter_defaults
from selfinstruct.core.language.registry import ENGLISH, known, language

CASES = Path(__file__).with_name("instructions.toml")
LEAST_RIGHT, MOST_REFUSED = 0.9, 0.01


@dataclass(frozen=True)
class Case:
    """An instruction, and whether text alone can serve it."""

    language: str
    text: str
    passes: bool


def own_cases() -> list[Case]:
    tables = tomllib.loads(CASES.read_text(encoding="utf-8"))
    return [
        Case(code, text, wanted == "pass")
        for code, table in tables.items()
        for wanted in ("pass", "refuse")
        for text in table[wanted]
    ]


def cases_in(path: Path) -> list[Case]:
    return [Case(row["language"], row["text"], row["wanted"] == "pass") for row in _rows(path)]


def reasons(text: str, code: str, filters: FilterSettings) -> list[str]:
    return [reason.sentence for reason in check_candidate(Candidate(text, language(code)), filters)]


def misses(cases: Iterable[Case]) -> list[tuple[Case, list[str]]]:
    """The cases that the filters judge wrong, with what they object to."""
    judged = ((case, reasons(case.text, case.language, filter_defaults(case.language))) for case in cases)
    return [(case, found) for case, found in judged if bool(found) == case.passes]


def refused(texts: Iterable[str], code: str, filters: FilterSettings) -> list[tuple[str, str]]:
    """The texts that the keyword filter refuses, with its sentence."""
    checked = ((text, KEYWORD.check(Candidate(text, language(code)), filters)) for text in texts)
    return [(text, sentence) for text, sentence in checked if sentence is not None]


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8") as lines:
        yield from (json.loads(line) for line in lines if line.strip())


def _say(what: str, share: float, target: str, *, met: bool) -> None:
    print(f"{what:<44} {share:8.2%}   target {target}{'' if met else '   MISSED'}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--cases", type=Path, help="labelled instructions instead of our own")
    parser.add_argument("--corpus", type=Path, help="instructions without labels")
    parser.add_argument("--language", default=ENGLISH, choices=known(), help="of the corpus")
    parser.add_argument("-v", "--verbose", action="store_true")
    given = parser.parse_args()

    cases = cases_in(given.cases) if given.cases else own_cases()
    wrong = misses(cases)
    missed = Counter(case.language for case, _ in wrong)
    for code, total in Counter(case.language for case in cases).items():
        share = 1 - missed[code] / total
        _say(f"judged right, {code} ({total})", share, f">= {LEAST_RIGHT:.0%}", met=share >= LEAST_RIGHT)
    if given.verbose:
        for case, found in wrong:
            print(f"  {case.language} {'pass' if case.passes else 'refuse'}: {case.text}  {' '.join(found)}")
    if given.corpus is None:
        return
    texts = [row["instruction"] for row in _rows(given.corpus)]
    for name in ("rules", "paper"):
        filters = filter_defaults(given.language).model_copy(update={"keywords": (f"@{name}",)})
        fell = refused(texts, given.language, filters)
        share = len(fell) / max(1, len(texts))
        what = f"refused by keyword, {name} ({len(texts)})"
        _say(what, share, f"< {MOST_REFUSED:.0%}", met=share < MOST_REFUSED or name == "paper")
        if given.verbose and name == "rules":
            for text, sentence in fell:
                print(f"  {text[:150]!r}  {sentence}")


if __name__ == "__main__":
    main()
