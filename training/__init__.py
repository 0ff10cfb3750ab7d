"""How the embedded networks were made."""

import deployments  # noqa: F401 - before any library: it keeps them from reporting their use
