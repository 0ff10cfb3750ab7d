"""The command line's calls, one module a subject."""
