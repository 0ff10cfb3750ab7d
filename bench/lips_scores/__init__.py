"""Scores of lip sync: what a video shows, held against what it should show.

`film` makes clips, `look` and `track` read the lips off their frames, `timing` and `looks` score
what was read, `scores` puts a clip's figures together, `controls` spoils clips so that each score
can be seen to notice. `material` is the fixed set.
"""
