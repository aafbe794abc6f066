"""What a WSGI server and the `flask` command load."""

from newsletter import create_app

app = create_app()
