"""Members of the organisation: who asks to become one, who is one, and the list they get."""
