"""Sound and a portrait to patches: the mouth, the eyes, the head's pose."""
