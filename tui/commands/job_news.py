"""What unattended work says of the jobs of a Batch API while it waits for them."""

from selfinstruct.core.events import JobEnded
from selfinstruct.db.records import Job
from selfinstruct.tui.text.job_text import about_job
from selfinstruct.tui.text.safe_text import many

NEWS_S = 60.0
"""Seconds between two lines about a job whose numbers change."""
NO_NEWS_S = 600.0
"""Seconds between two lines about one that does not change."""


class JobNews:
    """Tells of jobs while it waits for them: each change of a state at once, numbers now and then."""

    def __init__(self) -> None:
        self._told: dict[int, tuple[str | None, str, float]] = {}
        """By job: its state, the line, and when that was printed, in seconds."""

    def told(self, job: Job, now: float) -> str | None:
        """Return a line about a job if there is something to say at `now`, in seconds; else None."""
        line = about_job(job)
        status, before, at = self._told.get(job.id, (None, "", 0.0))
        rest_s = NEWS_S if line != before else NO_NEWS_S
        if status == job.status and now - at < rest_s:
            return None
        self._told[job.id] = job.status, line, now
        return line


def about_ended(ended: JobEnded) -> str:
    """Return a line about what came of a job."""
    parts = [f"{many(ended.answered, 'answer')} stored"]
    if ended.again:
        parts.append(f"{many(ended.again, 'request')} to be sent again")
    if ended.failed:
        parts.append(f"{many(ended.failed, 'request')} failed")
    why = f" {ended.reason}" if ended.reason else ""
    return f"Batch job {ended.name} is {ended.status.replace('_', ' ')}: {', '.join(parts)}.{why}"
