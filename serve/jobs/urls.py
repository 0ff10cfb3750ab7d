"""Where what there is of a job can be fetched."""

from serve.jobs.models import Job


def job_urls(job: Job) -> dict[str, str]:
    """Paths below the service's address, by what is there now."""
    here = f"/v1/videos/{job.id}"
    urls = {"self": here, "events": f"{here}/events"}
    if job.status not in ("failed", "cancelled"):
        urls["hls"] = f"{here}/hls/index.m3u8"
    for variant in (job.result or {}).get("files", {}):
        urls[variant] = f"{here}/content?variant={variant}"
    return urls
