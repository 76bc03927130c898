"""How close is a candidate to anything in the pool: the index against the published way.

The published way scores a candidate with `rouge_score` against every text of the pool, in a new
multiprocessing pool of 4 for each candidate. Both sides run here, in one go, on the same texts; that
they agree is checked as well. The index answers in several passes, the first of them between samples of
the published way, and the fastest counts: a candidate's fastest pass, the published way's fastest sample.
On a busy machine the ratio is too high all the same, as the published way needs several cores.

With a corpus, the candidates are real instructions that the pool lacks. A corpus that is smaller than the
pool goes on as mixtures of its other instructions: what share of the pool is real is printed. So is whether
the goals are met: 5,000 times the published way among 52,000, and a mean of at most twice the median.

Chinese, Japanese and Korean are measured with made-up texts: there the published scorer is given the same
tokens, characters and syllables, that the index has.

    python -m benchmarks.novelty                                    # everything: about ten minutes
    python -m benchmarks.novelty --quick                            # a quick look
    python -m benchmarks.novelty --corpus FILE.jsonl --plot docs/similarity.svg
"""

import argparse
import math
import random
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing import Pool
from pathlib import Path
from time import perf_counter
from typing import TypeVar

from rouge_score import rouge_scorer

from benchmarks.corpus import in_file, instructions
from benchmarks.plot import Series, draw
from selfinstruct.core.language.registry import ENGLISH
from selfinstruct.core.language.tokens import tokens
from selfinstruct.core.similarity.rouge_index import RougeIndex

PROCESSES = 4
PASSES = 5
THRESHOLD = 0.7
GOAL_AMONG, GOAL_RATIO, GOAL_MEAN = 52_000, 5_000, 2.0
"""Tasks in the pool, times as fast as the published way, and mean over median of the candidates' times."""
CJK = ("ja", "zh", "ko")


class Tokens:
    """The tokens of a language, for `rouge_score`."""

    def __init__(self, code: str) -> None:
        self._code = code

    def tokenize(self, text: str) -> list[str]:
        """What `rouge_score` calls for each text."""
        return tokens(text, self._code)


def scorer(code: str) -> rouge_scorer.RougeScorer:
    own = None if code == ENGLISH else Tokens(code)
    return rouge_scorer.RougeScorer(["rougeL"], use_stemmer=False, tokenizer=own)


@dataclass(frozen=True)
class Times:
    """Seconds a candidate at one pool size."""

    size: int
    build: float
    top: list[float]
    verdict: list[float]
    published: list[float]

    @property
    def ratio(self) -> float:
        """How many times as fast as the published way the top 10 are."""
        return min(self.published) / statistics.median(self.top)

    @property
    def mean(self) -> float:
        """The mean of the top 10, in medians."""
        return statistics.fmean(self.top) / statistics.median(self.top)


def published_way(candidate: str, pool: Sequence[str], code: str) -> list[float]:
    """The ROUGE-L of a candidate with each text of the pool."""
    with Pool(PROCESSES) as processes:
        scores = processes.map(partial(scorer(code).score, candidate), pool)
    return [score["rougeL"].fmeasure for score in scores]


Result = TypeVar("Result")


def timed(work: Callable[[], Result]) -> tuple[float, Result]:
    start = perf_counter()
    result = work()
    return perf_counter() - start, result


def measure(pool: Sequence[str], candidates: Sequence[str], samples: int, code: str = ENGLISH) -> Times:
    """Ask both sides about candidates; `samples` of them for the published way."""
    index = RougeIndex(code)
    build, _ = timed(lambda: index.add_many(range(len(pool)), pool))
    for candidate in candidates[:20]:
        index.nearest(candidate, 10)  # the first calls of a program are slower
    tops, verdicts, published = [], [], []
    for number in range(max(PASSES, samples)):
        asked = [timed(partial(index.nearest, candidate, 10)) for candidate in candidates]
        tops.append([seconds for seconds, _ in asked])
        verdicts.append([timed(partial(index.nearest, candidate, 1))[0] for candidate in candidates])
        if number < samples:
            candidate, (_, found) = candidates[number], asked[number]
            seconds, scores = timed(partial(published_way, candidate, pool, code))
            best = sorted(enumerate(scores), key=lambda pair: (-round(pair[1], 12), pair[0]))[:10]
            assert [near.id for near in found] == [number for number, _ in best], candidate
            published.append(seconds)
    return Times(len(pool), build, of_each(tops), of_each(verdicts), published)


def of_each(passes: Sequence[Sequence[float]]) -> list[float]:
    """The fastest of each candidate's times."""
    return [min(times) for times in zip(*passes, strict=True)]


def measure_cjk(size: int, candidates: int, samples: int) -> None:
    """Both sides in Chinese, Japanese and Korean, on made-up texts."""
    for code in CJK:
        texts = instructions(None, candidates + size, random.Random(0), code)
        length = statistics.fmean(len(tokens(text, code)) for text in texts[:candidates])
        print(f"{code}, {length:.0f} tokens a text:", end="")
        report(measure(texts[candidates:], texts[:candidates], samples, code))


def report(times: Times) -> None:
    median, mean = statistics.median(times.top), statistics.fmean(times.top)
    line = f"{times.size:>9,} tasks: top 10 {1000 * median:7.3f} ms median, {1000 * mean:7.3f} ms mean"
    line += f" (x {times.mean:.2f}), verdict {1000 * statistics.median(times.verdict):7.3f} ms"
    line += f", built in {times.build:.2f} s"
    if times.published:
        line += f"; published way {1000 * min(times.published):8.0f} ms at best: x {times.ratio:,.0f}"
    print(line, flush=True)


def goals(times: Times) -> None:
    fast, even = times.ratio >= GOAL_RATIO, times.mean <= GOAL_MEAN
    print(
        f"against the published way x {times.ratio:,.0f}   >= {GOAL_RATIO:,}   {'ok' if fast else 'MISSED'}"
    )
    print(f"mean over median x {times.mean:.2f}   <= {GOAL_MEAN:g}   {'ok' if even else 'MISSED'}")


def real(path: Path, candidates: int, sizes: Sequence[int]) -> None:
    """Print what a pool of real instructions consists of."""
    there = len(in_file(path)) - candidates
    shares = ", ".join(f"{min(1, there / size):.0%} of {size:,}" for size in sizes)
    print(f"{candidates:,} candidates held out of {there + candidates:,} real instructions;", end=" ")
    print(f"the other {there:,}, then mixtures of them, are the pool: {shares} are real")


def growth(times: Sequence[Times]) -> None:
    first, last = times[0], times[-1]
    if first is last:
        return
    ratio = statistics.median(last.top) / statistics.median(first.top)
    exponent = math.log(ratio) / math.log(last.size / first.size)
    print(f"from {first.size:,} to {last.size:,} tasks: x {ratio:.1f}, that is n^{exponent:.2f}")


def bootstrap(texts: Sequence[str], wanted: int, times: Sequence[Times]) -> None:
    """Judge candidates in their order, each against those accepted before it."""
    index = RougeIndex()
    sampled = [entry for entry in times if entry.published]
    line = statistics.linear_regression(
        [entry.size for entry in sampled], [min(entry.published) for entry in sampled]
    )
    assessed, published = 0, 0.0
    start = perf_counter()
    for number, text in enumerate(texts):
        assessed += 1
        published += max(0.0, line.intercept + line.slope * len(index))
        nearest = index.nearest(text, 1)
        if not nearest or nearest[0].score < THRESHOLD:
            index.add(number, text)
            if len(index) == wanted:
                break
    seconds = perf_counter() - start
    if len(index) < wanted:
        print(f"bootstrap: too little text, {len(index):,} of {wanted:,} were accepted")
    print(
        f"bootstrap: {assessed:,} candidates judged in order, {len(index):,} accepted: {seconds:.1f} s;"
        f" the published way {published / 3600:.1f} h, extrapolated from its samples:"
        f" x {published / seconds:,.0f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", type=Path, help="JSON Lines with a key instruction; made up without it")
    parser.add_argument("--sizes", default="1000,10000,52000,200000,1000000", help="pool sizes, ascending")
    parser.add_argument("--candidates", type=int, default=300)
    parser.add_argument(
        "--samples", type=int, default=3, help="candidates for the published way at each size"
    )
    parser.add_argument("--slow-to", type=int, default=52_000, help="largest pool for the published way")
    parser.add_argument("--bootstrap", type=int, default=52_000, help="tasks to accept; 0: none")
    parser.add_argument("--cjk", type=int, default=52_000, help="pool size for CJK texts; 0: none")
    parser.add_argument(
        "--quick", action="store_true", help="small pools only; other sizes are not looked at"
    )
    parser.add_argument("--plot", type=Path, help="draw time against pool size into this SVG file")
    given = parser.parse_args()
    if given.quick:
        given.sizes, given.bootstrap, given.cjk, given.candidates = "1000,10000", 2000, 5000, 50
    sizes = [int(size) for size in given.sizes.split(",")]
    wanted = max(sizes[-1], 4 * given.bootstrap)
    if given.corpus:
        there = len(in_file(given.corpus))
        if there < 2 * given.candidates:
            parser.error(
                f"{given.corpus} has {there:,} different instructions: too few to hold {given.candidates:,}"
                " of them out; give fewer --candidates or another file."
            )
        real(given.corpus, given.candidates, sizes)
    texts = instructions(given.corpus, given.candidates + wanted, random.Random(0), held_out=given.candidates)
    candidates, pool = texts[: given.candidates], texts[given.candidates :]
    times = []
    for size in sizes:
        times.append(measure(pool[:size], candidates, given.samples if size <= given.slow_to else 0))
        report(times[-1])
        if given.corpus and sizes[len(times) - 1] == GOAL_AMONG and times[-1].published:
            goals(times[-1])
    growth([entry for entry in times if entry.size >= 10_000] or times)
    if given.bootstrap and sum(bool(entry.published) for entry in times) > 1:
        bootstrap(pool, given.bootstrap, times)
    if given.cjk:
        measure_cjk(given.cjk, given.candidates, min(given.samples, 1))  # a minute and more each
    if given.plot:
        slow = [(entry.size, min(entry.published)) for entry in times if entry.published]
        quick = [(entry.size, statistics.median(entry.top)) for entry in times]
        draw(
            given.plot,
            [Series("rouge_score, 4 processes", slow), Series("RougeIndex, top 10", quick)],
            x="tasks in the pool",
            y="seconds a candidate, median",
        )


if __name__ == "__main__":
    main()
