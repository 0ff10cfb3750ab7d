"""Artifacts: pictures, segments, videos."""
