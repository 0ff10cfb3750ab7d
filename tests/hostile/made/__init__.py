"""How nasty files are made, a module for each family of formats."""
