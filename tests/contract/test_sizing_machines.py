"""Machines that `avatar-serve size` counts in are those of the production overlay."""

from serve.sizing.shapes import machines
from tests.contract.rendering import overlay, worker_groups


def test_machines_are_the_production_overlays() -> None:
    found = machines()
    groups = worker_groups(overlay("production"))
    assert list(found) == list(groups)
    for name, group in groups.items():
        machine, resources = found[name], group["resources"]
        (container,) = group["template"]["spec"]["containers"]
        assert container["resources"]["requests"]["memory"] == f"{machine.memory_gib:g}Gi"
        assert machine.cpus == float(resources["CPU"])
        assert machine.gpus == float(resources.get("GPU", 0))
        assert (machine.fewest, machine.most) == (group["minReplicas"], group["maxReplicas"])
