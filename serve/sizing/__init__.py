"""What a load takes: measured costs, and arithmetic over them. Nothing here is guessed."""
