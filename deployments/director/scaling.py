"""How many directors there are: the records say, for calls do not stand for all that is to do.

A director's ongoing calls are the jobs that somebody asked it for. Jobs have no call while nobody
has taken them up after a restart, nor once the ingress that asked is gone, though they are worked
on; and of what waits a sweep takes up a few at a time only. Each director reads in the records what
is unfinished and tells Serve (`record_autoscaling_stats`), and this policy scales by it.
"""

from typing import Any, Final

UNFINISHED: Final = "unfinished"
"""The statistic's name: jobs and voices that are queued or in progress, of all directors."""


def by_unfinished(context: Any) -> tuple[float, dict[str, Any]]:
    """Directors wanted for an `AutoscalingContext`: `target_ongoing_requests` jobs and voices each.

    Every director reads the same records, so the highest figure counts, never their sum. Ongoing
    calls count too: they are all that is known while the records are away. Serve applies bounds,
    delays and factors. Named in config/*.yaml as `policy_function`; Serve carries this module into
    its controller by value, so it imports nothing of ours.
    """
    if context.current_num_replicas == 0:
        return context.target_num_replicas, {}
    told = (context.aggregated_metrics or {}).get(UNFINISHED, {})
    wanted = max(context.total_num_requests, *told.values(), 0.0)
    return wanted / context.config.get_target_ongoing_requests(), {}
