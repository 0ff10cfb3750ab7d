"""How the stages grow and shrink with their load, on a simulated cluster."""
