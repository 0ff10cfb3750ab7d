"""The stages: a package each, with its engines and its Ray shell.

Two of the libraries that engines run on report their use to their makers, over the network and
with an id kept in the home directory; others fetch from a hub what they miss. Whoever loads an
engine imports this package first, and so they do not.
"""

import os
import sys

# onnxruntime's own switch (its Privacy.md), read when it is imported; the operator's word wins.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
# OpenVINO has a switch by user alone, whose use is reported too. Where the package that reports is
# missing, it takes its own stand-in, which does nothing.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # "cannot be imported"
# Weights come by `avatar-serve weights fetch`: what a library misses here it may not go and get.
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
