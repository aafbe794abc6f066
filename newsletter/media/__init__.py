"""Images that editors upload: made anew, kept in files, described in words."""
