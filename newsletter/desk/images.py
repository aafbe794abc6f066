"""The images: what is there, adding one, its words, deleting it."""

from http import HTTPStatus

from flask import flash, redirect, render_template, request
from werkzeug.wrappers import Response

from newsletter.accounts import Action
from newsletter.audit import Deed
from newsletter.desk.forms import Form, show_again, typed
from newsletter.desk.guard import blueprint, my_lists, needs
from newsletter.desk.noting import changes, note, values_of
from newsletter.desk.uploads import ACCEPTED, LARGEST_BODY, take_upload
from newsletter.errors import InvalidInput
from newsletter.extensions import db
from newsletter.issues import pictures
from newsletter.media import images
from newsletter.media.formats import FIELD
from newsletter.media.models import Image
from newsletter.media.texts import LONGEST_ALT, LONGEST_NAME

TEXTS = ("name", "alt")
DECORATION = [("yes", "It is only decoration, which readers who do not see it do not miss")]


@blueprint.get("/images/")
@needs(Action.WRITE)
def show_images() -> str:
    """Show the images, the newest first, and a form for one more."""
    return _images_page(Form(dict.fromkeys(TEXTS, "")))


@blueprint.post("/images/")
@needs(Action.WRITE, largest_body=LARGEST_BODY)
def add_image() -> Response | tuple[str, int]:
    """Add an image."""
    form = typed(*TEXTS, lists=("is_decorative",))
    with form.checking():
        image = take_upload()
        if image is None:
            raise InvalidInput("Choose the file of an image.", field=FIELD)
    if form.errors:
        return _images_page(form), HTTPStatus.UNPROCESSABLE_ENTITY
    return _saved(image, "Here is")


@blueprint.get("/images/<int:number>")
@needs(Action.WRITE)
def show_image(number: int) -> str:
    """Show one image with its words, to be changed."""
    image = images.find_image(number)
    form = Form(
        {name: str(getattr(image, name)) for name in TEXTS},
        {"is_decorative": ["yes"] if image.is_decorative else []},
    )
    return render_template("desk/image.html", form=form, **_facts(image))


@blueprint.post("/images/<int:number>")
@needs(Action.WRITE)
def change_image(number: int) -> Response | tuple[str, int]:
    """Change the words about an image."""
    image = images.find_image(number)
    before = values_of(image, (*TEXTS, "is_decorative"))
    form = typed(*TEXTS, lists=("is_decorative",))
    with form.checking():
        is_decorative = bool(form.lists["is_decorative"])
        images.change_texts(image, **form.values, is_decorative=is_decorative)
    if form.errors:
        return show_again("desk/image.html", form, **_facts(image))
    note(Deed.IMAGE_CHANGED, image.id, changes(image, before))
    return _saved(image, "Saved")


@blueprint.post("/images/<int:number>/delete")
@needs(Action.WRITE)
def delete_image(number: int) -> Response:
    """Delete an image that no issue has or had."""
    image = images.find_image(number)
    note(Deed.IMAGE_DELETED, image.id, image.name)
    name = image.name
    images.delete_image(image)
    db.session.commit()
    flash(f"Deleted: {name}")
    return redirect("/desk/images/", code=303)


def _images_page(form: Form) -> str:
    return render_template(
        "desk/images.html",
        form=form,
        page=images.newest_images(request.args.get("page", 1, type=int)),
        **_limits(),
    )


def _facts(image: Image) -> dict[str, object]:
    return {
        "image": image,
        "is_used": bool(pictures.issues_with(image.id)),
        "issues": pictures.issues_with(image.id, of_lists=my_lists()),
        **_limits(),
    }


def _limits() -> dict[str, object]:
    return {
        "accepted": ACCEPTED,
        "decoration": DECORATION,
        "longest_alt": LONGEST_ALT,
        "longest_name": LONGEST_NAME,
    }


def _saved(image: Image, what: str) -> Response:
    number, name = image.id, image.name
    db.session.commit()
    flash(f"{what}: {name}")
    return redirect(f"/desk/images/{number}", code=303)
