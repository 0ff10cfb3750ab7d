"""One module a revision. Revisions are numbered, and only add: older releases go on beside them."""
