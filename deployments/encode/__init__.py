"""Patches and sound to segments of video."""
