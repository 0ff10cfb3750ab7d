"""The API under generated requests, held to its own description."""
