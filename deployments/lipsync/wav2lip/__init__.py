"""Wav2Lip: a network that paints the lower face to match the sound (Prajwal et al., ACM MM 2020)."""
