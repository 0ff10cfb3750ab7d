"""What is given out says that AI made it: what is said, and who signs it."""
