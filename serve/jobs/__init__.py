"""Records of jobs and avatars."""
