"""Front ends: from written text to phonemes, one for each language."""
