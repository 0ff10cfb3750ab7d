"""How the network that turns sound into mouth shapes was made."""
