"""Telling clients' servers what becomes of their jobs."""
