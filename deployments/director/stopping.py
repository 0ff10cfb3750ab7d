"""Whether this replica has been told to stop.

Serve waits for a replica's calls before it calls `__del__`, and says nothing before; a director's
calls last as long as their jobs, so they must know to hand them on.
"""

from typing import Any

from ray._private.worker import global_worker


def told_to_stop() -> bool:
    """True from the moment on in which Serve begins to drain this replica.

    Ray 2.60 has no public word for it; an integration test holds that this one is true.
    """
    core: Any = global_worker.core_worker  # type: ignore[attr-defined]  # set when it connects
    actor = global_worker.actors[core.get_actor_id()]
    return bool(actor._replica_impl._shutting_down)
