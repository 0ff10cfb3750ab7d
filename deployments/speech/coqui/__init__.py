"""Coqui TTS: XTTS-v2 and YourTTS."""
