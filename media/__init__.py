"""Plain data and functions about pictures, sound and video. Imports nothing else of the project."""
