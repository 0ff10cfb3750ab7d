"""How the second speaker encoder and the table of stock voices were made; imported by nothing."""
