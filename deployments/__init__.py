"""The stages: a package each, with its engines and its Ray shell."""
