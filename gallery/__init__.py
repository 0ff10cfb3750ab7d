"""Faces that depict nobody, ready to pick."""
