"""A person's sample to a voice."""
