"""Nasty files, made by code: what an attacker might upload, and what becomes of it."""
