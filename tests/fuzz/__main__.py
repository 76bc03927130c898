"""`python -m tests.fuzz TARGET`: looks for input that breaks a reader, for as long as it is let.

With atheris (`pip install -e '.[fuzz]'`) new input is found by what code it reaches. Without it, or with
--blind, it is put together by chance.
"""

import argparse
import importlib.util
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.fuzz.fragments import FRAGMENTS, whole

Target = Callable[[bytes], None]

_WATCHED = ["selfinstruct", "tomllib", "h11", "httpx2", "httpcore2"]
"""What atheris follows: to follow everything takes minutes to begin with."""


def main() -> None:
    """Fuzz one reader, or each for a while."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", nargs="?", help="which reader; without it, all by turns")
    parser.add_argument("--seconds", type=float, default=60.0, help="for each reader")
    parser.add_argument("--seed", type=int, default=None, help="repeats what was put together by chance")
    parser.add_argument("--blind", action="store_true", help="without atheris")
    parser.add_argument("--corpus", type=Path, help="a folder that keeps what atheris has found to be of use")
    chosen = parser.parse_args()
    guided = not chosen.blind and importlib.util.find_spec("atheris") is not None
    if guided and chosen.target is None:
        parser.error("atheris looks at one reader at a time: name it, or give --blind")
    targets = _targets(guided=guided)
    if chosen.target not in {None, *targets}:
        parser.error(f"{chosen.target} is none of {', '.join(sorted(targets))}")
    if guided:
        _guided(chosen.target, targets[chosen.target], chosen.seconds, chosen.corpus)
    seed = chosen.seed if chosen.seed is not None else random.randrange(2**32)
    for name in [chosen.target] if chosen.target else sorted(targets):
        _blind(name, targets[name], chosen.seconds, seed)


def _targets(*, guided: bool) -> dict[str, Target]:
    if guided:
        import atheris

        with atheris.instrument_imports(include=_WATCHED):
            from tests.fuzz.targets import TARGETS
    else:
        from tests.fuzz.targets import TARGETS
    return TARGETS


def _blind(name: str, target: Target, seconds: float, seed: int) -> None:
    rng = random.Random(f"{seed}/{name}")
    began, rounds = time.monotonic(), 0
    while time.monotonic() - began < seconds:
        data = _by_chance(rng)
        rounds += 1
        try:
            target(data)
        except BaseException:
            kept = Path(tempfile.gettempdir()) / f"fuzz-{name}"
            kept.write_bytes(data)
            print(f"{name} broke in round {rounds} of --seed {seed}; the input is in {kept}", file=sys.stderr)  # noqa: T201
            raise
    print(f"{name}: {rounds:,} inputs in {time.monotonic() - began:.0f} s", flush=True)  # noqa: T201


def _by_chance(rng: random.Random) -> bytes:
    data = bytearray(rng.choice([b"", *whole()]))
    for _ in range(rng.randint(1, 12)):
        start = rng.randint(0, len(data))
        end = min(len(data), start + rng.choice([0, 0, 1, 9, 99]))
        piece = rng.choice(
            [rng.choice(FRAGMENTS), rng.randbytes(rng.randint(0, 9)), bytes(data[start:end]) * 9]
        )
        data[start:end] = piece
    return bytes(data)


def _guided(name: str, target: Target, seconds: float, corpus: Path | None) -> None:
    import atheris

    folder = corpus or Path(tempfile.mkdtemp(prefix=f"fuzz-{name}-"))
    folder.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate((*whole(), *FRAGMENTS)):
        (folder / f"begin-{number}").write_bytes(data)
    atheris.Setup([sys.argv[0], f"-max_total_time={seconds:.0f}", "-max_len=65536", str(folder)], target)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
