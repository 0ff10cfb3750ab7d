"""The picture of a talking mouth, learnt from faces that depict nobody."""
