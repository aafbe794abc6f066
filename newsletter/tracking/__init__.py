"""What is recorded of the links in issues: off, unless a list says otherwise.

Aggregate: a link of an issue leads over `/r/`, which counts and sends on; nothing in it is
anybody's. Individual: for those who agreed to it separately the link names their delivery, and
a picture tells the day of the last opening. Whoever withdraws is not recorded any more, whatever
mail they have already.
"""
