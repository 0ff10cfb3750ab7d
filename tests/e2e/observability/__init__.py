"""What operators see of one video: by metrics, logs and a trace, on one server for all modules."""
