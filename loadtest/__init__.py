"""Load: users as Locust plays them, service levels that are held or not, reports."""
