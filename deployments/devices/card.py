"""What the driver says of a process on a GPU: its context included, which no library counts."""

import importlib
import os

MIB = 2**20


def process_memory_mb() -> int | None:
    """MiB that this process holds on all cards, by the driver's own account.

    None where there is no driver, no `nvidia-ml-py`, or where the driver knows processes by other
    numbers, as in most containers.
    """
    try:
        nvml = importlib.import_module("pynvml")
        nvml.nvmlInit()
    except Exception:  # ImportError, or the library's errors, which need it loaded
        return None
    try:
        cards = [nvml.nvmlDeviceGetHandleByIndex(n) for n in range(nvml.nvmlDeviceGetCount())]
        running = [p for card in cards for p in nvml.nvmlDeviceGetComputeRunningProcesses(card)]
        held = [p.usedGpuMemory for p in running if p.pid == os.getpid() and p.usedGpuMemory]
        return sum(held) // MIB if held else None
    except nvml.NVMLError:
        return None
    finally:
        nvml.nvmlShutdown()
