"""Near-duplicates of a million rows: `selfinstruct dedupe` against the plain greedy way.

The plain way scores each row with every row that has stayed, pair by pair, which would take months. So a
sample of pairs is timed, with `rouge_score` and with RapidFuzz, and extrapolated to the pairs of
those that stayed; the pairs of those that fell come on top. On the first rows both run and are compared.

    python -m benchmarks.dedupe                   # a million rows: some minutes
    python -m benchmarks.dedupe --quick           # 20,000
    python -m benchmarks.dedupe --rows 100000 --corpus FILE.jsonl
"""

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from time import perf_counter

import numpy as np
from rapidfuzz.distance import Indel
from rouge_score import rouge_scorer
from rouge_score.tokenize import tokenize

from benchmarks.corpus import instructions
from benchmarks.memory import own_mb, peak_mb
from selfinstruct.core.dedupe.row_reader import LIMITS
from selfinstruct.core.language.tokens import Vocabulary
from selfinstruct.core.similarity.encoded_texts import EncodedTexts
from selfinstruct.core.similarity.threshold_join import ThresholdJoin

THRESHOLD = 0.7
SHARE = 0.2
"""Of the rows, those made from an earlier one by changing a word of six or so."""
_WORDS = 60_000
_COMPARED = 1_000
_SAMPLE = 20_000
SCORER = rouge_scorer.RougeScorer(["rougeL"], use_stemmer=False)


def made_up(count: int, rng: random.Random) -> list[str]:
    """Texts of words as unevenly frequent as those of a language (Zipf's law), as long as instructions."""
    letters = "aeioubcdfghlmnprst"
    words = [f"{''.join(rng.choices(letters, k=rng.randint(2, 7)))}{n:x}" for n in range(_WORDS)]
    weights = list(accumulate(1 / (rank + 2.7) for rank in range(_WORDS)))
    lengths = [min(150, max(4, round(rng.lognormvariate(2.7, 0.55)))) for _ in range(count)]
    drawn = rng.choices(words, cum_weights=weights, k=sum(lengths))
    ends = accumulate(lengths)
    return [" ".join(drawn[end - length : end]) for end, length in zip(ends, lengths, strict=True)]


def with_near_duplicates(texts: list[str], rng: random.Random) -> list[str]:
    """The texts, some of them replaced by near-duplicates of earlier ones."""
    for place in range(1, len(texts)):
        if rng.random() < SHARE:
            words = texts[rng.randrange(place)].split()
            for _ in range(max(1, len(words) // 6)):
                words[rng.randrange(len(words))] = rng.choice(["new", "other", "short", "each"])
            texts[place] = " ".join(words)
    return texts


def write(path: Path, texts: Sequence[str]) -> None:
    with path.open("w", encoding="utf-8") as file:
        for text in texts:
            file.write(json.dumps({"instruction": text, "input": "", "output": "An answer."}) + "\n")


def dedupe(source: Path, out: Path, engine: str) -> tuple[float, float, float]:
    """Run the program; returns seconds, processor seconds, and the peak of all its processes in MB."""
    program = "from selfinstruct.tui.commands.selfinstruct import main; main()"
    words = ["dedupe", source, "--out", out, "--threshold", THRESHOLD, "--engine", engine, "--force"]
    start, before = perf_counter(), processor_seconds()
    process = subprocess.Popen([sys.executable, "-c", program, *map(str, words)])
    peak = peak_mb(process)
    assert process.returncode == 0
    return perf_counter() - start, processor_seconds() - before, peak


def processor_seconds() -> float:
    """Of all programs that have been waited for, and theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def plain(texts: Sequence[str]) -> list[str]:
    """What stays, pair by pair."""
    kept: list[tuple[str, list[str]]] = []
    for text in texts:
        tokens = tokenize(text, None)
        if all(round(Indel.normalized_similarity(tokens, other), 12) < THRESHOLD for _, other in kept):
            kept.append((text, tokens))
    return [text for text, _ in kept]


def seconds_a_pair(texts: Sequence[str], rng: random.Random) -> tuple[float, float]:
    """With rouge_score, and with RapidFuzz on ready-made tokens."""
    pairs = [(rng.choice(texts), rng.choice(texts)) for _ in range(_SAMPLE)]
    start = perf_counter()
    for first, second in pairs:
        SCORER.score(first, second)
    middle = perf_counter()
    tokens = {text: tokenize(text, None) for pair in pairs for text in pair}
    begun = perf_counter()
    for first, second in pairs:
        Indel.normalized_similarity(tokens[first], tokens[second])
    return (middle - start) / _SAMPLE, (perf_counter() - begun) / _SAMPLE


def bytes_a_row(texts: Sequence[str]) -> float:
    """Resident memory of an index of the texts, read here; with what numbers their words."""
    vocabulary, index, before = Vocabulary(), ThresholdJoin(), own_mb()
    for start in range(0, len(texts), LIMITS.rows):
        some = EncodedTexts(*vocabulary.encode(texts[start : start + LIMITS.rows]))
        index.add(np.arange(start, start + len(some)), some)
    return (own_mb() - before) * 1e6 / len(index)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--quick", action="store_true", help="20,000 rows")
    parser.add_argument("--corpus", type=Path, help="JSON Lines with a key instruction, mixed to make more")
    parser.add_argument("--engine", choices=["local", "ray"], default="local")
    given = parser.parse_args()
    count, rng = 20_000 if given.quick else given.rows, random.Random(0)
    texts = instructions(given.corpus, count, rng) if given.corpus else made_up(count, rng)
    texts = with_near_duplicates(texts, rng)
    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder) / "rows.jsonl", Path(folder) / "out.jsonl"
        write(source, texts[:_COMPARED])
        dedupe(source, out, given.engine)
        with out.open(encoding="utf-8") as lines:
            assert [json.loads(line)["instruction"] for line in lines] == plain(texts[:_COMPARED])
        write(source, texts)
        seconds, used, peak = dedupe(source, out, given.engine)
        with out.open(encoding="utf-8") as lines:
            stayed = [json.loads(line)["instruction"] for line in lines]
    kept = len(stayed)
    pairs = kept * (kept - 1) / 2
    print(f"{count:,} rows, {kept:,} stayed ({kept / count:.0%})")
    print(f"{seconds:,.1f} s, {count / seconds:,.0f} rows/s ({used:,.1f} s of processor time)")
    print(f"peak of all processes together {peak:,.0f} MB")
    print(f"{bytes_a_row(stayed):,.0f} bytes of index and vocabulary for a row that stayed")
    for name, each in zip(("rouge_score", "RapidFuzz"), seconds_a_pair(texts, rng), strict=True):
        told = f"{each * 1e6:.2f} us a pair in a sample, {pairs:,.0f} pairs: {each * pairs / 3600:,.0f} h"
        print(f"pair by pair with {name}: {told} (extrapolated), {each * pairs / seconds:,.0f} times as long")


if __name__ == "__main__":
    main()
