"""Fuzzing by atheris: what reads what strangers send is given millions of broken inputs.

`python -m tests.fuzz` runs all targets; docs/fuzzing-decoders.md tells of the last long run.
"""
