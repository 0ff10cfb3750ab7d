"""Follows a job through the stages."""
