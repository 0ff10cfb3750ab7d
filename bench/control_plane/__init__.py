"""What the service costs beside its engines, with engines that cost next to nothing."""
