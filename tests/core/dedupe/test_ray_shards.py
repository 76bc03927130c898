"""On a Ray cluster the same rows stay, and what is lost with a node is not lost for the result."""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from selfinstruct.core.dedupe.job import Callbacks, Job, run
from selfinstruct.core.dedupe.journal import Tally
from selfinstruct.core.dedupe.row_reader import Limits
from selfinstruct.core.dedupe.shards import OneShard, Shards
from selfinstruct.core.errors import DedupeError

pytestmark = pytest.mark.slow

LIMITS = Limits(rows=150)


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Two nodes on this machine, each with two processors."""
    cluster_utils = pytest.importorskip("ray.cluster_utils")
    cluster = cluster_utils.Cluster(initialize_head=True, head_node_args={"num_cpus": 2})
    try:
        cluster.add_node(num_cpus=2)
        cluster.wait_for_nodes()
        monkeypatch.setenv("RAY_ADDRESS", cluster.address)
        yield cluster
    finally:
        cluster.shutdown()


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """A thousand rows in two files, a good many of them alike."""
    rng = random.Random(0)
    words = [f"w{number}" for number in range(40)]
    files = [tmp_path / "one.jsonl", tmp_path / "two.jsonl"]
    for path in files:
        rows = [" ".join(rng.choices(words, k=rng.randint(3, 7))) for _ in range(500)]
        path.write_text("".join(json.dumps({"prompt": row}) + "\n" for row in rows))
    return Job(files, tmp_path / "local", 0.6, report=tmp_path / "local.report")


def on_ray(threshold: float) -> Shards:
    from selfinstruct.core.dedupe.ray_shards import RayShards

    return RayShards(threshold)


def node_to_lose(cluster: Any) -> Any:
    """A worker node that this program is not connected by: of two there is always one."""
    import ray

    ours: Any = ray._private.worker.global_worker.node
    return next(node for node in cluster.worker_nodes if node._raylet_socket_name != ours._raylet_socket_name)


def elsewhere(job: Job) -> Job:
    folder = job.out.parent
    return Job(job.files, folder / "ray", job.threshold, report=folder / "ray.report")


def result(job: Job) -> tuple[bytes, bytes]:
    assert job.report is not None
    return job.out.read_bytes(), job.report.read_bytes()


def test_two_nodes_come_to_the_same_rows_and_the_same_report(cluster: Any, job: Job) -> None:
    import ray

    idle = []

    def look(tally: Tally) -> None:
        idle.append(ray.available_resources().get("CPU", 0))  # type: ignore[no-untyped-call]

    run(job, OneShard, Callbacks(lambda tally: None, print), LIMITS)
    run(elsewhere(job), on_ray, Callbacks(look, print), LIMITS)
    assert result(elsewhere(job)) == result(job)
    assert idle[-1] == 0, "each processor of both nodes has a part of the index"
    assert not ray.is_initialized()


def test_when_a_node_is_lost_the_same_command_goes_on_with_the_others(cluster: Any, job: Job) -> None:
    cluster.add_node(num_cpus=1)
    cluster.wait_for_nodes()
    run(job, OneShard, Callbacks(lambda tally: None, print), LIMITS)
    notes: list[str] = []

    def lose(tally: Tally) -> None:
        if tally.rows == 300:
            cluster.remove_node(node_to_lose(cluster), allow_graceful=False)

    with pytest.raises(DedupeError, match="Run the same command again"):
        run(elsewhere(job), on_ray, Callbacks(lose, print), LIMITS)
    assert not elsewhere(job).out.exists()
    run(elsewhere(job), on_ray, Callbacks(lambda tally: None, notes.append), LIMITS)
    assert notes == ["Resuming after 300 rows."]
    assert result(elsewhere(job)) == result(job)


def test_a_cluster_that_is_not_there_takes_one_sentence(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ray")
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    with pytest.raises(DedupeError, match="No Ray cluster answers at 127.0.0.1:1") as told:
        run(job, on_ray, Callbacks(lambda tally: None, print), LIMITS)
    assert len(str(told.value).splitlines()) == 1
