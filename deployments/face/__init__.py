"""A picture to faces and landmarks."""
