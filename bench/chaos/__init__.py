"""Faults at random moments of running jobs, and the proof that no job is lost."""
