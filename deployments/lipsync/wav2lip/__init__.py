"""Wav2Lip: a network that paints the lower face in step with the sound."""
