"""Text to speech with the words' times."""
