"""What a video costs, stage by stage: the figures of `avatar-serve size`."""
