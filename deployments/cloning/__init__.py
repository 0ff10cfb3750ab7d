"""Cloning: a voice made from a sample."""
