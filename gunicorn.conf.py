"""What gunicorn finds by itself where it is started: no log of it opens anybody's link."""

logger_class = "newsletter.logs.access.Logger"
