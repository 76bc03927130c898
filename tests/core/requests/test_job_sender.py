"""Requests in jobs of a Batch API, over real HTTP: what becomes of each, whatever the server does."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from selfinstruct.core.endpoint.key_consent import KeyConsent, named_together
from selfinstruct.core.engine import Engine
from selfinstruct.core.errors import EndpointUnusableError
from selfinstruct.core.events import EndpointWarned, Event, JobEnded, JobSeen
from selfinstruct.core.offline.transport import complete
from selfinstruct.core.requests import job_course, job_sender
from selfinstruct.core.requests.job_files import in_files
from selfinstruct.core.runs.outcome import Ended, RunOutcome
from selfinstruct.core.runs.unattended import UnattendedRun
from selfinstruct.core.settings.sources import resolve
from selfinstruct.db.check.check import check
from selfinstruct.db.workspace import Workspace
from tests.batch_api import BatchApiServer, Line, Step, answered, not_run, refused
from tests.db.lived_in import rows
from tests.server import Fault, error_body

PRICED = {"m": {"input": 1.0, "output": 2.0}}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """It looks and tries again at once."""
    for name in ("FIRST_LOOK_S", "LONGEST_LOOK_S", "BELIEVED_AFTER_S", "FIRST_REST_S"):
        monkeypatch.setattr(job_course, name, 0.01)


@pytest.fixture
def batches() -> Iterator[BatchApiServer]:
    with BatchApiServer() as running:
        yield running


class Run:
    """Unattended runs on one workspace, one after the other, and what they tell."""

    def __init__(self, workspace: Workspace, server: BatchApiServer, **settings: Any) -> None:
        self.workspace = workspace
        self.settings = {"base_url": server.url, "model": "m", "prices": PRICED, "target": 6} | settings
        self.events: list[Event] = []
        self.consent = KeyConsent()

    async def __call__(
        self, *, resend: bool = False, in_jobs: bool = True, stop_after_looks: int | None = None
    ) -> RunOutcome:
        settings = resolve(self.settings)
        async with Engine(self.workspace, settings, consent=self.consent, in_jobs=in_jobs) as engine:
            run = UnattendedRun(engine, resend=resend)

            def listen(event: Event) -> None:
                self.events.append(event)
                if stop_after_looks is not None and len(self.seen) >= stop_after_looks:
                    run.stop()

            engine.listener = listen
            return await run.run()

    @property
    def seen(self) -> list[JobSeen]:
        return [event for event in self.events if isinstance(event, JobSeen)]

    @property
    def ended(self) -> list[JobEnded]:
        return [event for event in self.events if isinstance(event, JobEnded)]

    def states(self) -> Counter[str]:
        return Counter(dict(rows(self.workspace.path, "SELECT state, count(*) FROM requests GROUP BY state")))

    def attempts(self) -> Any:
        """Each attempt: its request, the status, and whether it cost nothing for certain."""
        return rows(
            self.workspace.path,
            "SELECT request_id, http_status, cost_usd IS 0 FROM attempts ORDER BY id",
        )


@pytest.fixture
def run(workspace: Workspace, batches: BatchApiServer) -> Run:
    return Run(workspace, batches)


def first_time(line: Line) -> Any:
    """Give this line for one request, the first that comes; every later time, a good one."""
    left = [line]

    def give(custom_id: str, body: dict[str, Any]) -> Line:
        return {**left.pop(), "custom_id": custom_id} if left else answered(custom_id, complete(body, 0))

    return give


async def test_a_run_reaches_its_target_in_few_jobs_and_asks_each_request_once(
    run: Run, batches: BatchApiServer
) -> None:
    assert (await run()).ended == Ended.DONE
    # New tasks, then labels, then instances.
    assert len(batches.batches) == 3
    assert set(batches.run.values()) == {1}
    assert batches.count("chat") == 0
    assert set(run.states()) == {"parsed"}
    assert run.workspace.jobs.out() == []
    assert check(run.workspace.path).is_well


async def test_a_request_in_a_job_has_the_body_that_it_has_alone_and_its_answer_is_stored_byte_for_byte(
    run: Run, batches: BatchApiServer
) -> None:
    odd = (
        b'{"choices": [ {"message":{"content":"\\u00e9 \xc3\xa9"} , "finish_reason":"stop"}] , "usage":null}'
    )

    def spoil(lines: list[bytes]) -> bytes:
        custom_id = batches.requests(next(iter(batches.batches.values())))[0]["custom_id"]
        line = b'\r\n{ "custom_id" : "%s", "error":null,"response":{"status_code":200 ,"body":%s} }\r\n'
        return line % (custom_id.encode(), odd) + b"".join(lines)

    batches.spoil = spoil
    run.settings |= {"request": {"body": {"reasoning_effort": "low"}}, "max_requests": 1}
    await run()
    (batch,) = batches.batches.values()
    (request,) = batches.requests(batch)
    body = request["body"]
    assert (body["model"], body["reasoning_effort"]) == ("m", "low")
    assert run.workspace.requests.get(1).prompt == body["messages"]
    assert body["max_tokens"] == run.workspace.requests.get(1).parameters["max_tokens"]
    # It came first, and so the line of the server is one too many.
    assert rows(run.workspace.path, "SELECT body FROM attempts") == [(odd,)]


async def test_requests_cost_the_share_of_a_job_and_a_limit_reserves_no_more(
    workspace: Workspace, batches: BatchApiServer, tmp_path: Path
) -> None:
    limits = {"max_cost": 1.0, "target": None, "max_requests": 1}
    await Run(workspace, batches, **limits, batch_api_price=0.25)()
    with Workspace.open(tmp_path / "single.db", create=True) as other:
        await Run(other, batches, **limits)(in_jobs=False)
    query = "SELECT reserved_usd, cost_usd, (prompt_tokens + 2 * completion_tokens) / 1e6 FROM attempts"
    ((reserved, cost, usual),) = rows(workspace.path, query)
    ((reserved_alone, cost_alone, usual_alone),) = rows(tmp_path / "single.db", query)
    assert reserved == pytest.approx(reserved_alone / 4)
    assert (cost, cost_alone) == (pytest.approx(usual / 4), pytest.approx(usual_alone))


async def test_what_was_planned_for_a_job_and_is_sent_alone_reserves_the_normal_price(
    workspace: Workspace, batches: BatchApiServer
) -> None:
    batches.before = lambda step: Fault(404, error_body("not found")) if step == "upload" else None
    run = Run(workspace, batches, batch_api_price=0.5, max_requests=1, max_cost=1.0)
    with pytest.raises(EndpointUnusableError):
        await run()
    (in_job,) = rows(workspace.path, "SELECT reserved_usd FROM requests")
    await run(in_jobs=False)
    (alone,) = rows(workspace.path, "SELECT reserved_usd FROM attempts WHERE error IS NULL")
    assert alone[0] == pytest.approx(2 * in_job[0])


async def test_a_request_that_expired_costs_nothing_and_goes_into_the_next_job(
    run: Run, batches: BatchApiServer
) -> None:
    batches.line = first_time(not_run(""))
    batches.ends_as = "expired"
    assert (await run()).ended == Ended.DONE
    failed = [attempt for attempt in run.attempts() if attempt[1] is None]
    assert [free for _, _, free in failed] == [1]
    assert set(run.states()) == {"parsed"}
    assert run.ended[0].again == 1
    assert "completion window expired" in run.ended[0].reason


async def test_a_request_that_is_in_no_file_is_asked_again_and_may_have_cost_something(
    run: Run, batches: BatchApiServer
) -> None:
    left: list[Line | None] = [None]
    batches.line = lambda custom_id, body: left.pop() if left else answered(custom_id, complete(body, 0))
    assert (await run()).ended == Ended.DONE
    assert [free for _, status, free in run.attempts() if status is None] == [0]
    assert run.workspace.spending().attempts_of_unknown_cost == 1


async def test_a_request_in_the_error_file_fails_with_its_reason(run: Run, batches: BatchApiServer) -> None:
    batches.line = first_time(refused("", "This prompt is against our policy."))
    assert (await run()).ended == Ended.DONE
    ((error, body),) = rows(
        run.workspace.path,
        "SELECT requests.error, body FROM requests JOIN attempts ON request_id = requests.id"
        " WHERE state = 'failed'",
    )
    assert "This prompt is against our policy." in error
    assert b'"message": "This prompt is against our policy."' in body


async def test_a_server_error_of_one_request_is_tried_again_a_few_times(
    run: Run, batches: BatchApiServer
) -> None:
    run.settings |= {"target": None, "max_requests": 1}
    batches.line = lambda custom_id, body: refused(custom_id, "overloaded", 503)
    await run()
    assert [status for _, status, _ in run.attempts()] == [503] * 5
    assert run.states() == {"failed": 1}


async def test_a_refused_parameter_teaches_and_is_left_out_of_the_next_job(
    run: Run, batches: BatchApiServer
) -> None:
    def line(custom_id: str, body: dict[str, Any]) -> Line:
        if "presence_penalty" in body:
            return refused(custom_id, "Unsupported parameter: 'presence_penalty'.", param="presence_penalty")
        return answered(custom_id, complete(body, 0))

    batches.line = line
    assert (await run()).ended == Ended.DONE
    first, second, *_ = batches.batches.values()
    assert all("presence_penalty" in one["body"] for one in batches.requests(first))
    assert not any("presence_penalty" in one["body"] for one in batches.requests(second))
    assert len(batches.requests(first)) == len(batches.requests(second))
    assert run.workspace.settings.learned(batches.url, "m") == {"presence_penalty": None}
    assert set(batches.run.values()) == {1}


async def test_lines_of_other_jobs_and_lines_that_come_twice_change_nothing(
    run: Run, batches: BatchApiServer
) -> None:
    def spoil(lines: list[bytes]) -> bytes:
        foreign = b'{"custom_id": "%s-1", "response": {"status_code": 200, "body": {"choices": []}}}\n'
        number = b'{"custom_id": 7, "response": null}\n'
        # The second of two is another answer.
        twice = b"".join(lines).replace(b'"finish_reason": "stop"', b'"finish_reason": "length"')
        return b"".join([foreign % (b"0" * 16), number, b'{"custom_id": "x"', b"\n[]\n", *lines, twice])

    batches.spoil = spoil
    assert (await run()).ended == Ended.DONE
    assert set(run.states()) == {"parsed"}
    assert not any(b"length" in body for (body,) in rows(run.workspace.path, "SELECT body FROM attempts"))


async def test_a_download_that_breaks_off_goes_on_until_every_answer_is_there(
    run: Run, batches: BatchApiServer
) -> None:
    cut = [True]

    def after(step: Step) -> Fault | None:
        if step != "content" or not cut:
            return None
        cut.pop()
        whole = list(batches.files.values())[-1].content
        return Fault(body=whole[: len(whole) // 2], hang_up=True)

    batches.after = after
    assert (await run()).ended == Ended.DONE
    assert set(batches.run.values()) == {1}
    assert [status for _, status, _ in run.attempts()] == [200] * len(run.attempts())


@pytest.mark.parametrize("step", ["upload", "create", "retrieve", "content"])
@pytest.mark.parametrize("is_done", [False, True])
async def test_after_an_error_of_the_server_at_any_step_there_is_one_file_and_one_batch(
    run: Run, batches: BatchApiServer, step: Step, is_done: bool
) -> None:
    """Whether or not the step has had its effect before the error."""
    left = [Fault(500, error_body("oops")), Fault(hang_up=True), Fault(502, b"<html>bad gateway</html>")]

    def fault(now: Step) -> Fault | None:
        return left.pop() if now == step and left else None

    if is_done:
        batches.after = fault
    else:
        batches.before = fault
    assert (await run()).ended == Ended.DONE
    assert left == []
    assert len(batches.batches) == 3
    uploaded = [file for file in batches.files.values() if file.purpose == "batch"]
    assert len(uploaded) == 3
    assert set(batches.run.values()) == {1}


async def test_a_rate_limit_on_creating_batches_is_waited_for(run: Run, batches: BatchApiServer) -> None:
    left = [Fault(429, error_body("Too many batches."), {"retry-after": "0.02"})] * 7
    batches.before = lambda step: left.pop() if step == "create" and left else None
    assert (await run()).ended == Ended.DONE
    assert len(batches.batches) == 3


async def test_a_long_wait_for_the_endpoint_is_told_with_its_reason(
    run: Run, batches: BatchApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_course, "_UNTOLD_S", 0.01)
    left = [Fault(429, error_body("Too many batches."), {"retry-after": "0.02"})]
    batches.before = lambda step: left.pop() if step == "create" and left else None
    await run()
    (told,) = (event.sentence for event in run.events if isinstance(event, EndpointWarned))
    assert told == "The endpoint answered with status 429: Too many batches. The next try is in 0 s."


async def test_a_job_that_cannot_be_looked_at_for_a_while_is_told_once_and_waited_for(
    run: Run, batches: BatchApiServer
) -> None:
    left = [Fault(503, error_body("Maintenance."))] * 8
    batches.before = lambda step: left.pop() if step == "retrieve" and left else None
    assert (await run()).ended == Ended.DONE
    (told,) = (event.sentence for event in run.events if isinstance(event, EndpointWarned))
    assert told.startswith("Batch job batch_0 cannot be looked at now: The endpoint answered with status 503")


async def test_a_job_that_may_exist_where_the_server_lists_none_is_in_doubt(
    run: Run, batches: BatchApiServer
) -> None:
    left = [Fault(500, error_body("oops"))]

    def before(step: Step) -> Fault | None:
        return Fault(404, error_body("no such path")) if step == "list" else None

    batches.before = before
    batches.after = lambda step: left.pop() if step == "create" and left else None
    run.settings |= {"target": None, "max_requests": 1}
    await run()
    assert run.states() == {"in_doubt": 1}
    assert run.workspace.jobs.out() == []
    # As any request in doubt: not again unless somebody says so.
    await run()
    assert len(batches.batches) == 1
    await run(resend=True)
    assert len(batches.batches) == 2
    assert run.states() == {"parsed": 1}


async def test_a_job_is_found_by_its_file_where_the_server_keeps_no_metadata(
    run: Run, batches: BatchApiServer
) -> None:
    batches.keeps_metadata = False
    left = [Fault(500, error_body("oops"))]
    batches.after = lambda step: left.pop() if step == "create" and left else None
    assert (await run()).ended == Ended.DONE
    assert len(batches.batches) == 3


async def test_a_job_is_found_among_hundreds_of_others(run: Run, batches: BatchApiServer) -> None:
    left = [Fault(500, error_body("oops"))]

    def after(step: Step) -> Fault | None:
        if step != "create" or not left:
            return None
        for number in range(250):
            asked = {"input_file_id": "file-0", "endpoint": "/v1/x", "completion_window": "24h"}
            batches._create(asked | {"metadata": {"selfinstruct": f"another {number}"}})
        for batch in list(batches.batches.values())[1:]:
            batch.input_file_id = "another"
        return left.pop()

    batches.after = after
    run.settings |= {"target": None, "max_requests": 1}
    await run()
    assert rows(run.workspace.path, "SELECT remote_id FROM jobs") == [("batch_0",)]
    assert batches.count("list") == 3


@pytest.mark.parametrize("step", ["upload", "create"])
async def test_a_server_without_a_batch_api_is_one_sentence_and_nothing_is_in_doubt(
    run: Run, batches: BatchApiServer, step: Step
) -> None:
    batches.before = lambda now: Fault(404, error_body("Not Found")) if now == step else None
    with pytest.raises(EndpointUnusableError, match=r"has no Batch API .* Leave out --batch-api to send"):
        await run()
    assert set(run.states()) == {"planned"}
    assert run.workspace.jobs.out() == []
    assert (await run(in_jobs=False)).ended == Ended.DONE
    assert set(batches.run.values()) == {1}


async def test_a_job_that_is_refused_as_a_whole_is_told_in_the_words_of_the_server(
    run: Run, batches: BatchApiServer
) -> None:
    batches.ends_as = "failed"
    with pytest.raises(EndpointUnusableError, match=r"refused batch job batch_0: Enqueued token limit reach"):
        await run()
    assert set(run.states()) == {"planned"}
    assert {free for _, _, free in run.attempts()} == {1}
    batches.ends_as = "completed"
    assert (await run()).ended == Ended.DONE


async def test_a_cancelled_job_ends_the_run_its_answers_are_stored_and_the_rest_is_sent_by_the_next(
    workspace: Workspace, batches: BatchApiServer
) -> None:
    run = Run(workspace, batches, target=30)
    batches.ends_as = "cancelled"
    batches.line = first_time(not_run("", "batch_cancelled"))
    with pytest.raises(EndpointUnusableError, match=r"batch_0 was cancelled at"):
        await run()
    states = run.states()
    assert states["planned"] == 1
    assert states["parsed"] + states["answered"] > 1
    batches.ends_as = "completed"
    assert (await run()).ended == Ended.DONE
    assert set(batches.run.values()) == {1}


async def test_a_run_that_is_stopped_leaves_its_job_out_and_the_next_takes_its_answers_in(
    run: Run, batches: BatchApiServer
) -> None:
    batches.looks = 1_000_000
    outcome = await run(stop_after_looks=2)
    assert outcome.ended == Ended.INTERRUPTED
    (out,) = run.workspace.counts().jobs
    assert (out.job.remote_id, out.requests) == ("batch_0", run.workspace.requests.count())
    assert set(run.states()) == {"sent"}
    batches.looks = 1
    batches.batches["batch_0"].looks = 0
    assert (await run()).ended == Ended.DONE
    assert len(batches.batches) == 3
    assert set(batches.run.values()) == {1}


async def test_what_is_out_in_a_job_is_not_sent_again_by_a_run_without_jobs(
    run: Run, batches: BatchApiServer
) -> None:
    batches.looks = 1_000_000
    await run(stop_after_looks=2)
    batches.batches["batch_0"].looks = 0
    assert (await run(in_jobs=False)).ended == Ended.DONE
    assert len(batches.batches) == 1
    assert set(batches.run.values()) == {1}
    assert batches.count("chat") > 0


async def test_a_job_of_another_model_stays_out(workspace: Workspace, batches: BatchApiServer) -> None:
    batches.looks = 1_000_000
    await Run(workspace, batches)(stop_after_looks=2)
    batches.looks = 1
    batches.batches["batch_0"].looks = 0
    other = Run(workspace, batches, model="n", prices=PRICED | {"n": PRICED["m"]})
    assert (await other()).ended == Ended.DONE
    (out,) = workspace.jobs.out()
    assert out.job.remote_id == "batch_0"
    again = Run(workspace, batches)
    await again()
    assert workspace.jobs.out() == []


async def test_a_job_that_the_server_does_not_know_any_more_is_given_up_only_when_told(
    run: Run, batches: BatchApiServer
) -> None:
    batches.looks = 1_000_000
    await run(stop_after_looks=2)
    batches.looks = 1
    batches.batches.clear()
    with pytest.raises(EndpointUnusableError, match=r"no batch 'batch_0'.*stays out\. --resend gives it up"):
        await run()
    assert len(run.workspace.jobs.out()) == 1
    await run(resend=True)
    assert run.workspace.jobs.out() == []
    assert (await run(resend=True)).ended == Ended.DONE


async def test_a_key_that_is_refused_while_a_job_is_out_leaves_it_out(
    run: Run, batches: BatchApiServer
) -> None:
    batches.before = lambda step: Fault(401, error_body("bad key")) if step == "retrieve" else None
    with pytest.raises(EndpointUnusableError, match="requires a key"):
        await run()
    assert len(run.workspace.jobs.out()) == 1
    batches.before = lambda step: None
    assert (await run()).ended == Ended.DONE
    assert len(batches.batches) == 3


async def test_an_error_of_the_run_is_not_waited_for_until_a_job_ends(
    run: Run, batches: BatchApiServer
) -> None:
    """Ten answers without a task end the work; what is collected by then is not sent."""
    run.settings |= {"target": 60}
    empty = {"choices": [{"message": {"content": "No."}, "finish_reason": "stop"}]}
    batches.line = lambda custom_id, body: answered(custom_id, empty)
    with pytest.raises(EndpointUnusableError):
        await asyncio.wait_for(run(), 20)
    assert len(batches.batches) == 1


async def test_a_model_of_its_own_for_a_stage_has_jobs_of_its_own(
    workspace: Workspace, batches: BatchApiServer
) -> None:
    prices = PRICED | {"small": PRICED["m"]}
    run = Run(workspace, batches, prices=prices, request={"classify": {"model": "small"}}, target=12)
    assert (await run()).ended == Ended.DONE
    models = [{one["body"]["model"] for one in batches.requests(batch)} for batch in batches.batches.values()]
    assert all(len(of_one) == 1 for of_one in models)
    assert {"small"} in models


async def test_a_round_holds_no_more_than_the_setting_says(
    workspace: Workspace, batches: BatchApiServer
) -> None:
    assert (await Run(workspace, batches, batch_api_requests=3)()).ended == Ended.DONE
    assert max(batch.total for batch in batches.batches.values()) == 3


async def test_a_round_that_is_too_large_for_one_file_is_sent_in_several(
    run: Run, batches: BatchApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_sender, "in_files", partial(in_files, most_requests=2))
    assert (await run()).ended == Ended.DONE
    totals = [batch.total for batch in batches.batches.values()]
    assert max(totals) == 2
    assert sum(totals) == run.workspace.requests.count()
    assert set(batches.run.values()) == {1}


async def test_embeddings_are_requested_as_usual_beside_jobs(
    workspace: Workspace, batches: BatchApiServer
) -> None:
    run = Run(workspace, batches, embeddings="e", embeddings_url=batches.url)
    assert (await run()).ended == Ended.DONE
    assert batches.count("embeddings") > 0
    asked = [one for batch in batches.batches.values() for one in batches.requests(batch)]
    assert {one["url"] for one in asked} == {"/v1/chat/completions"}
    assert workspace.vectors.unembedded(1) == []


async def test_vectors_that_cannot_be_had_end_the_run_before_anything_is_sent_in_vain(
    workspace: Workspace, batches: BatchApiServer
) -> None:
    run = Run(workspace, batches, embeddings="e", embeddings_url=batches.url)
    batches.before = lambda step: Fault(401, error_body("bad key")) if step == "embeddings" else None
    with pytest.raises(EndpointUnusableError, match="requires a key"):
        await asyncio.wait_for(run(), 20)
    assert batches.batches == {}


async def test_legacy_completions_go_through_the_batch_api_as_well(
    workspace: Workspace, batches: BatchApiServer
) -> None:
    assert (await Run(workspace, batches, api="completions")()).ended == Ended.DONE
    assert {batch.endpoint for batch in batches.batches.values()} == {"/v1/completions"}


async def test_the_key_and_headers_go_with_every_call_and_are_struck_from_what_comes_back(
    run: Run, batches: BatchApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXAMPLE_KEY", "sk-canary-of-a-job")
    given = {"base_url": batches.url, "api_key_env": "EXAMPLE_KEY"}
    run.settings |= given | {"request": {"headers": {"X-Title": "mine"}}, "max_requests": 1, "target": None}
    run.consent = KeyConsent(named_together(resolve(run.settings), given))
    echo = {"choices": [{"message": {"content": "9. Say sk-canary-of-a-job"}, "finish_reason": "stop"}]}
    batches.line = lambda custom_id, body: answered(custom_id, echo)
    await run()
    assert {call.step for call in batches.calls} == {"upload", "create", "retrieve", "content"}
    assert {call.headers["authorization"] for call in batches.calls} == {"Bearer sk-canary-of-a-job"}
    assert {call.headers["x-title"] for call in batches.calls} == {"mine"}
    assert run.states() == {"parsed": 1}
    run.workspace.close()
    assert all(b"sk-canary" not in path.read_bytes() for path in run.workspace.path.parent.glob("w.db*"))
