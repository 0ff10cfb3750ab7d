"""What engines run on: which device, how much of its memory, how much they took at most."""
