"""Whatever is uploaded: refused with a sentence, or an image with nothing else in it."""

import struct
import tracemalloc
import zlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from newsletter.errors import InvalidInput
from newsletter.media import reencoding
from newsletter.media.formats import ImageFormat
from newsletter.media.reencoding import CleanImage
from tests.media import samples
from tests.media.samples import SECRET, picture, saved
from tests.timing import within

PLAIN_SEGMENTS = {0xE0, 0xDB, 0xC0, 0xC2, 0xC4, 0xDA, 0xDD}
PLAIN_CHUNKS = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}


def assert_is_clean(image: CleanImage) -> None:
    """It is what it says, small enough, and no byte in it is about anything but pixels."""
    assert SECRET not in image.data
    assert len(image.data) <= reencoding.LARGEST
    shown = samples.opened(image.data)
    assert shown.size == (image.width, image.height)
    assert image.width <= reencoding.BOX[0]
    assert image.height <= reencoding.BOX[1]
    if image.format is ImageFormat.JPEG:
        assert image.data.startswith(b"\xff\xd8\xff\xe0")
        assert set(samples.segments(image.data)) <= PLAIN_SEGMENTS
        assert image.data.endswith(b"\xff\xd9")
    elif image.format is ImageFormat.PNG:
        assert set(samples.chunks(image.data)) <= PLAIN_CHUNKS
        assert image.data.endswith(b"IEND\xae\x42\x60\x82")
    else:
        assert set(shown.info) <= {"version", "background", "duration", "loop", "extension"} | {
            "transparency"
        }
        assert image.data.endswith(b";")


@pytest.mark.parametrize(
    ("source", "mode", "becomes"),
    [
        ("JPEG", "RGB", "jpg"),
        ("JPEG", "L", "jpg"),
        ("JPEG", "CMYK", "jpg"),
        ("PNG", "RGB", "png"),
        ("PNG", "RGBA", "png"),
        ("PNG", "LA", "png"),
        ("PNG", "L", "png"),
        ("PNG", "P", "png"),
        ("PNG", "1", "png"),
        ("GIF", "P", "png"),
        ("WEBP", "RGB", "jpg"),
        ("WEBP", "RGBA", "jpg"),
    ],
)
def test_every_kind_of_image_comes_out_as_one_that_mail_programs_show(
    source: str, mode: str, becomes: str
) -> None:
    image = reencoding.clean(saved(picture().convert(mode), source))
    assert_is_clean(image)
    assert image.format == becomes
    assert (image.width, image.height) == (300, 200)
    shown = samples.opened(image.data).convert("RGB")
    assert min(shown.getpixel((10, 10))) > 240, "the white corner is not white"
    assert not image.was_stilled


def test_sixteen_bits_of_grey_become_eight() -> None:
    deep = picture().convert("I").point(lambda value: value * 257).convert("I;16")
    shown = samples.opened(reencoding.clean(saved(deep, "PNG")).data)
    grey = picture().convert("L")
    for place in ((10, 10), (290, 190)):
        assert abs(shown.getpixel(place) - grey.getpixel(place)) <= 1


@pytest.mark.parametrize("source", ["PNG", "WEBP"])
def test_what_is_seen_through_stays_so(source: str) -> None:
    drawing = picture().convert("RGBA")
    drawing.putalpha(Image.linear_gradient("L").resize(drawing.size))
    image = reencoding.clean(saved(drawing, source))
    assert image.format is ImageFormat.PNG
    assert samples.opened(image.data).mode == "RGBA"


@pytest.mark.parametrize(
    ("size", "becomes"),
    [
        ((1200, 800), (1200, 800)),
        ((2400, 1600), (1200, 800)),
        ((4001, 3000), (1200, 900)),
        ((100, 10_000), (34, 3400)),
        ((10_000, 1), (1200, 1)),
        ((1, 1), (1, 1)),
    ],
)
@pytest.mark.parametrize("source", ["JPEG", "PNG"])
def test_an_image_is_scaled_down_and_never_up(
    source: str, size: tuple[int, int], becomes: tuple[int, int]
) -> None:
    image = reencoding.clean(saved(picture(*size), source))
    assert (image.width, image.height) == becomes


CORNER = {1: (0, 0), 2: (1, 0), 3: (1, 1), 4: (0, 1), 5: (0, 0), 6: (1, 0), 7: (1, 1), 8: (0, 1)}
"""Where the white corner is to be seen, by how the camera was held."""


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_is_turned_upright_and_forgets_how_it_was_held(
    orientation: int, order: str
) -> None:
    notes = samples.exif(orientation, order=order)
    for data in (
        samples.with_segment(samples.jpeg(), 0xE1, notes),
        samples.with_chunk(samples.png(), b"eXIf", notes[6:]),
        saved(picture(), "WEBP", exif=notes),
    ):
        image = reencoding.clean(data)
        assert_is_clean(image)
        assert (image.width > image.height) == (orientation < 5)
        shown = samples.opened(image.data).convert("L")
        right, below = CORNER[orientation]
        white = (10 + right * (image.width - 20), 10 + below * (image.height - 20))
        assert shown.getpixel(white) > 230
        assert sum(shown.getpixel((x, y)) > 200 for x in (9, image.width - 9)
                   for y in (9, image.height - 9)) == 1  # fmt: skip


def test_a_large_photo_is_turned_and_scaled_at_once() -> None:
    data = samples.with_segment(saved(picture(3000, 2000), "JPEG"), 0xE1, samples.exif(6))
    image = reencoding.clean(data)
    assert (image.width, image.height) == (1200, 1800)


@pytest.mark.parametrize(
    "data",
    [
        samples.with_segment(samples.jpeg(), 0xE1, samples.exif()),
        samples.with_segment(samples.jpeg(), 0xE1, b"http://ns.adobe.com/xap/1.0/\0" + SECRET),
        samples.with_segment(samples.jpeg(), 0xED, b"Photoshop 3.0\0" + SECRET),
        samples.with_segment(samples.jpeg(), 0xEE, b"Ducky" + SECRET),
        samples.with_segment(samples.jpeg(), 0xE2, b"MPF\0" + SECRET),
        samples.jpeg(comment=SECRET),
        samples.jpeg() + SECRET,
        samples.with_chunk(samples.png(), b"tEXt", b"Comment\0" + SECRET),
        samples.with_chunk(samples.png(), b"eXIf", samples.exif()[6:]),
        samples.with_chunk(samples.png(), b"tIME", SECRET),
        samples.with_chunk(samples.png(), b"prIv", SECRET),
        samples.png() + SECRET,
        samples.moving_gif() + SECRET,
        samples.moving_gif(1) + SECRET,
        saved(picture(), "WEBP", exif=samples.exif(), xmp=SECRET) + SECRET,
    ],
)
def test_places_names_and_scripts_are_left_behind(data: bytes) -> None:
    assert SECRET in data
    assert_is_clean(reencoding.clean(data))


def test_a_file_that_is_also_a_script_is_an_image_only_afterwards() -> None:
    """GIF89a/*...*/=1;alert(1) is an image and a program at once, until it is written anew."""
    both = bytearray(samples.moving_gif(1))
    both[6:8] = b"/*"
    data = bytes(both) + b"*/=1;" + SECRET
    try:
        image = reencoding.clean(data)
    except InvalidInput:
        return
    assert_is_clean(image)


def test_colours_of_another_space_become_plain_ones() -> None:
    # Lab would not be plausible in a file; a linear RGB is as good, and easy to see.
    linear = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ"))
    kept = reencoding.clean(saved(picture(), "PNG", icc_profile=linear.tobytes()))
    assert_is_clean(kept)
    plain = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    same = reencoding.clean(saved(picture(), "PNG", icc_profile=plain))
    assert same.data == reencoding.clean(saved(picture(), "PNG")).data


@pytest.mark.parametrize("profile", [SECRET, b"", bytes(500_000), b"\xff" * 3_000_000])
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_a_profile_that_is_none_is_dropped(profile: bytes, mode: str) -> None:
    data = saved(picture().convert(mode), "JPEG", icc_profile=profile)
    assert_is_clean(reencoding.clean(data))


def test_a_photo_that_was_saved_as_png_becomes_a_jpeg_where_it_is_too_large() -> None:
    image = reencoding.clean(saved(samples.noise(1300, 900), "PNG"))
    assert_is_clean(image)
    assert image.format is ImageFormat.JPEG


def test_what_cannot_be_made_small_is_refused() -> None:
    with pytest.raises(InvalidInput, match="larger than 1 MB even after") as caught:
        reencoding.clean(saved(samples.noise(1200, 2000, "RGBA"), "PNG", compress_level=1))
    assert caught.value.field == "image"


# What moves


def test_a_small_animation_goes_on_moving() -> None:
    image = reencoding.clean(samples.moving_gif(5))
    assert_is_clean(image)
    assert image.format is ImageFormat.GIF
    shown = samples.opened(image.data)
    assert shown.n_frames == 5
    assert (shown.info["duration"], shown.info["loop"]) == (80, 0)
    assert not image.was_stilled


def test_a_large_animation_is_as_wide_as_a_mail() -> None:
    image = reencoding.clean(samples.moving_gif(3, width=900, height=600))
    assert (image.format, image.width, image.height) == (ImageFormat.GIF, 600, 400)


def test_holes_in_an_animation_show_no_frame_before() -> None:
    frames = [Image.new("RGBA", (40, 40), (0, 0, 0, 0)) for _ in range(2)]
    frames[0].paste("red", (0, 0, 20, 40))
    frames[1].paste("blue", (20, 0, 40, 40))
    data = saved(frames[0], "GIF", save_all=True, append_images=frames[1:], disposal=2)
    image = reencoding.clean(data)
    shown = samples.opened(image.data)
    shown.seek(1)
    assert shown.convert("RGBA").getpixel((5, 5))[3] == 0


@pytest.mark.parametrize(
    "data",
    [
        samples.moving_gif(160, width=20, height=20),
        samples.moving_gif(30, width=1000, height=1000),
        samples.moving_gif(30, width=300, height=300, is_noise=True),
    ],
    ids=["too many frames", "too many pixels", "too many bytes"],
)
def test_of_an_animation_that_is_too_large_the_first_frame_is_taken(data: bytes) -> None:
    image = reencoding.clean(data)
    assert_is_clean(image)
    assert image.format is not ImageFormat.GIF
    assert image.was_stilled


@pytest.mark.parametrize("source", ["WEBP", "PNG"])
def test_what_moves_and_is_no_gif_stands_still(source: str) -> None:
    frames = [picture(60, 40, colour) for colour in ("red", "blue")]
    data = saved(frames[0], source, save_all=True, append_images=frames[1:])
    image = reencoding.clean(data)
    assert_is_clean(image)
    assert image.was_stilled


# What is refused

FRAME = b"\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0"
MANY_FRAMES = (
    b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff"
    + (b"\x21\xf9\x04\0\x0a\0\0\0" + FRAME) * 100_000
    + b";"
)


def test_a_hundred_thousand_frames_are_one_and_cost_nothing() -> None:
    image = within(2, lambda: reencoding.clean(MANY_FRAMES))
    assert (image.width, image.height, image.was_stilled) == (1, 1, True)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "empty"),
        (b"hello", "not an image"),
        (bytes(2000), "not an image"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>", "SVG"),
        (b"<?xml version='1.0'?>\n<!-- x -->\n<SVG onload='alert(1)'/>", "SVG"),
        ("<?xml version='1.0'?><svg/>".encode("utf-16"), "SVG"),
        (b"%PDF-1.7 ...", "PDF"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"),
        (b"\0\0\0\x18ftypavif\0\0\0\0mif1avif", "AVIF"),
        (saved(picture(), "BMP"), "not an image"),
        (saved(picture(), "TIFF"), "not an image"),
        (b"<html><body><img src=x onerror=alert(1)></body></html>", "not an image"),
        (b"#!/bin/sh\nrm -rf /", "not an image"),
        (samples.jpeg()[:300], "damaged"),
        (samples.jpeg()[:-400], "damaged"),
        (samples.png()[:60], "damaged"),
        (samples.png()[:-30], "damaged"),
        (samples.moving_gif()[:200], "damaged"),
        (saved(picture(), "WEBP")[:100], "damaged"),
        (b"GIF89a" + SECRET, "damaged"),
        (b"\xff\xd8\xff" + SECRET, "damaged"),
        (b"\x89PNG\r\n\x1a\n" + SECRET, "damaged"),
        (b"RIFF\x20\0\0\0WEBP" + SECRET, "damaged"),
        (samples.png_bomb(), "24 million pixels"),
        (samples.png_bomb(6000, 4001), "24 million pixels"),
        (samples.png_bomb(0, 0), "damaged"),
        (saved(Image.new("L", (8000, 5001)), "JPEG"), "40 million pixels"),
        (saved(Image.new("1", (8000, 5000)), "GIF"), "24 million pixels"),
        (samples.jpeg() + bytes(10 * 1024 * 1024), "10.1 MB; it may have 10"),
    ],
)
def test_what_cannot_be_taken_is_refused_with_what_to_do(data: bytes, sentence: str) -> None:
    with pytest.raises(InvalidInput, match=sentence) as caught:
        reencoding.clean(data)
    assert caught.value.field == "image"


BOMBS = {
    "notes that refer to themselves": samples.notes_bomb(),
    "comments": samples.with_segment(samples.jpeg(), 0xFE, SECRET * 1000, times=200),
    "empty segments": samples.with_segment(samples.jpeg(), 0xFE, b"", times=2_000_000),
    "empty chunks": samples.with_chunk(samples.png(), b"prIv", b"", times=700_000),
    "a comment in small pieces": (
        (gif := samples.moving_gif(2))[:-1] + b"\x21\xfe" + b"\x01x" * 4_000_000 + b"\0" + gif[-1:]
    ),
    "delays in small pieces": gif[:-1] + b"\x21\xf9" + b"\x01x" * 4_000_000 + b"\0" + gif[-1:],
    "delays": gif[:-1] + b"\x21\xf9\x04\0\x0a\0\0\0" * 1_000_000 + gif[-1:],
    "a frame outside of the image": gif[:6] + b"\x05\0\x05\0" + gif[10:],
    "pixels": samples.png_bomb(),
    "passes": (
        (photo := saved(picture(5000, 4000), "JPEG", progressive=True))[:-2]
        + photo[photo.index(b"\xff\xda") : photo.index(b"\xff\xda") + 60] * 3000
    ),
    "a profile": samples.with_chunk(
        samples.png(), b"iCCP", b"x\0\0" + zlib.compress(bytes(50_000_000), 9)
    ),
    "words": samples.with_chunk(
        samples.png(), b"zTXt", b"x\0\0" + zlib.compress(bytes(50_000_000), 9)
    ),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_costs_little_whether_it_is_taken_or_not(name: str) -> None:
    within(5, lambda: taken_or_refused(BOMBS[name]))


@pytest.mark.parametrize("name", ["notes that refer to themselves", "a profile", "words"])
def test_a_bomb_does_not_grow(name: str) -> None:
    tracemalloc.start()
    try:
        taken_or_refused(BOMBS[name])
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 64 * 1024 * 1024


# Anything

WHOLE = [
    samples.jpeg(),
    saved(picture(40, 30), "JPEG", progressive=True),
    samples.with_segment(samples.jpeg(), 0xE1, samples.exif(6)),
    saved(picture(40, 30), "PNG"),
    saved(picture(40, 30).convert("P"), "PNG"),
    samples.moving_gif(2),
    saved(picture(40, 30), "WEBP"),
    saved(picture(40, 30).convert("RGBA"), "WEBP", lossless=True),
]


@given(data=st.binary(max_size=600))
def test_any_bytes_are_refused_or_become_a_clean_image(data: bytes) -> None:
    taken_or_refused(data)


@given(
    start=st.sampled_from([b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF\0\0\0\0WEBP"]),
    rest=st.binary(max_size=600),
)
def test_any_bytes_behind_a_good_beginning_are_refused_or_become_a_clean_image(
    start: bytes, rest: bytes
) -> None:
    taken_or_refused(start + rest)


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    whole=st.sampled_from(WHOLE),
    changes=st.lists(
        st.tuples(st.integers(0, 2000), st.binary(min_size=1, max_size=8)), max_size=6
    ),
    cut=st.integers(0, 3000),
)
def test_a_file_that_was_changed_is_refused_or_becomes_a_clean_image(
    whole: bytes, changes: list[tuple[int, bytes]], cut: int
) -> None:
    data = bytearray(whole)
    for at, new in changes:
        data[at % len(whole) : at % len(whole) + len(new)] = new
    taken_or_refused(bytes(data[: len(data) - cut] if cut < len(data) // 2 else data))


def taken_or_refused(data: bytes) -> None:
    try:
        image = reencoding.clean(data)
    except InvalidInput as exc:
        assert exc.field == "image"
        assert str(exc).endswith(".")
    else:
        assert_is_clean(image)


def test_a_picture_of_numbered_colours_without_their_table_is_refused() -> None:
    head = struct.pack(">IIBBBBB", 1, 1, 8, 3, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(b"\0\0")), (b"IEND", b"")]
    data = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )
    with pytest.raises(InvalidInput, match="damaged"):
        reencoding.clean(data)
