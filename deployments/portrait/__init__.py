"""Words to a picture of a face."""
