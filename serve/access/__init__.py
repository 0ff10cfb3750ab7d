"""Who may have what."""
