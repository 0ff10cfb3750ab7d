"""How the embedded networks were made."""
