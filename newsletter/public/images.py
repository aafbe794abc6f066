"""The images of issues, as readers' mail programs ask for them, and their providers' caches."""

import logging

from flask import Blueprint, Response, send_file

from newsletter.errors import NotFound
from newsletter.marking import marked
from newsletter.media import images, store
from newsletter.media.formats import CONTENT_TYPES, ImageFormat

log = logging.getLogger(__name__)

HEADERS = {
    # An image never changes: another one has another address.
    "Cache-Control": "public, max-age=31536000, immutable",
    # Whatever somebody may have hidden in it: it is no page, and runs nothing (STANDARDS XE08).
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    # Mail is read on other sites, and loads it there.
    "Cross-Origin-Resource-Policy": "cross-origin",
}

blueprint = Blueprint("images", __name__)


@blueprint.get("/media/<digest>.<ending>")
def show_image(digest: str, ending: str) -> Response:
    """Send an image of ours, with the kind that we know it has; all else is not found."""
    if ending not in list(ImageFormat):
        raise NotFound(marked("There is no such image."))
    image = images.find_stored(digest, ImageFormat(ending))
    try:
        response = send_file(
            store.path_of(image.digest, image.format),
            mimetype=CONTENT_TYPES[image.format],
            etag=image.digest,
            last_modified=image.uploaded_at,
        )
    except FileNotFoundError as exc:
        log.error("image %s has no file: was the folder of media restored?", image.id)
        raise NotFound(marked("There is no such image.")) from exc
    response.headers.update(HEADERS)
    return response
