"""What the outside meets and what lasts."""
