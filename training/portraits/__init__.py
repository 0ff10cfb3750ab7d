"""How the portrait stage's probes were fitted, reproducible."""
