"""What readers think of an item that asks for it: mailed to the secretariat, never published."""
