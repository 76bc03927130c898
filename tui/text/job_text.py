"""Text about jobs of a Batch API."""

from datetime import datetime

from selfinstruct.db.records import Job, JobOut
from selfinstruct.tui.text.safe_text import many


def about_job(job: Job) -> str:
    """Return a line about a job: its state, its numbers, until when it may take."""
    status = (job.status or "not created yet").replace("_", " ")
    told = f"Batch job {job.name}: {status}"
    if job.completed is not None:
        failed = f", {job.failed:,} failed" if job.failed else ""
        told += f", {job.completed:,} of {many(job.requests, 'request')} answered{failed}"
    else:
        told += f", {many(job.requests, 'request')}"
    return f"{told}{_until(job)}."


def about_out(out: JobOut) -> str:
    """Return a sentence about the requests of a job that has not ended."""
    return f"{many(out.requests, 'request')} {'is' if out.requests == 1 else 'are'} {_whereabouts(out.job)}."


def about_request_in(job: Job) -> str:
    """Return a sentence about one request of a job that has not ended."""
    return f"It is {_whereabouts(job)}."


def _whereabouts(job: Job) -> str:
    if job.remote_id is None and job.creating_at is None:
        return f"in batch job {job.name}, which is not sent yet"
    return f"out in batch job {job.name} since {_time(job.planned_at)}{_until(job)}"


def _until(job: Job) -> str:
    return f", until {_time(job.expires_at)} at the latest" if job.expires_at else ""


def _time(at: str) -> str:
    """Return a time of the workspace, or of a server, as text for people, in their own time zone."""
    try:
        return f"{datetime.fromisoformat(at).astimezone():%Y-%m-%d %H:%M}"
    except (ValueError, OverflowError):
        return at
