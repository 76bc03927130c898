"""What is said of a job while it is waited for: changes of its state at once, numbers now and then."""

from dataclasses import replace

from selfinstruct.core.events import JobEnded
from selfinstruct.db.records import Job
from selfinstruct.tui.commands.job_news import NEWS_S, NO_NEWS_S, JobNews, about_ended

JOB = Job(
    id=1,
    token="t",
    base_url="http://x",
    model="m",
    api="chat",
    price=0.5,
    requests=1200,
    planned_at="2026-01-02T12:00:00+00:00",
    file_id="file-1",
    creating_at="2026-01-02T12:00:01+00:00",
    remote_id="batch_1",
    status="in_progress",
    completed=0,
    failed=0,
    expires_at=None,
    ended_at=None,
    error=None,
)


def test_a_change_of_its_state_is_told_at_once_and_its_numbers_once_a_minute() -> None:
    news = JobNews()
    assert news.told(JOB, 0.0) == "Batch job batch_1: in progress, 0 of 1,200 requests answered."
    some = replace(JOB, completed=1000, failed=3)
    assert news.told(some, NEWS_S - 1) is None
    assert (
        news.told(some, NEWS_S)
        == "Batch job batch_1: in progress, 1,000 of 1,200 requests answered, 3 failed."
    )
    assert news.told(replace(some, status="finalizing"), NEWS_S + 1) is not None


def test_a_job_that_does_not_change_is_told_of_every_ten_minutes() -> None:
    news = JobNews()
    assert news.told(JOB, 0.0) is not None
    assert news.told(JOB, NO_NEWS_S - 1) is None
    assert news.told(JOB, NO_NEWS_S) is not None


def test_jobs_are_told_of_each_on_its_own() -> None:
    news = JobNews()
    assert news.told(JOB, 0.0) is not None
    assert news.told(replace(JOB, id=2), 0.0) is not None


def test_what_came_of_a_job_is_counted_with_the_first_reason() -> None:
    assert about_ended(JobEnded("batch_1", "completed", 1, 0, 0, "")) == (
        "Batch job batch_1 is completed: 1 answer stored."
    )
    assert about_ended(JobEnded("batch_1", "expired", 997, 2, 1, "Too late.")) == (
        "Batch job batch_1 is expired: 997 answers stored, 2 requests to be sent again, 1 request failed."
        " Too late."
    )
