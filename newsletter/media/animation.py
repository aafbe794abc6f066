"""A GIF that moves, written anew frame by frame."""

from io import BytesIO

from PIL import Image, ImageFile, ImageSequence

MOST_PIXELS = 24_000_000
"""Pixels of all frames together; of what has more, the first frame is taken."""

BOX = (600, 1700)
"""Pixels that a frame may be wide and high: what moves needs no second pixel for each one."""

SHORTEST, LONGEST = 20, 10_000
"""Milliseconds that a frame may last; mail programs show a shorter one longer anyway."""


def rewrite(image: ImageFile.ImageFile) -> tuple[bytes, tuple[int, int]]:
    """Return the animation as a new file of at most BOX, and its size in pixels."""
    loop = image.info.get("loop")
    frames, durations = [], []
    for frame in ImageSequence.Iterator(image):
        durations.append(min(max(int(frame.info.get("duration", 0)), SHORTEST), LONGEST))
        frames.append(_plain(frame))
    is_see_through = any(frame.mode == "RGBA" for frame in frames)
    file = BytesIO()
    frames[0].save(
        file,
        "GIF",
        save_all=True,
        append_images=frames[1:],
        duration=durations,
        # Where the next frame has a hole, the one before must not be seen through it.
        disposal=2 if is_see_through else 1,
        **({} if loop is None else {"loop": loop}),
    )
    return file.getvalue(), frames[0].size


def _plain(frame: Image.Image) -> Image.Image:
    whole = frame.convert("RGBA")
    whole.thumbnail(BOX, Image.Resampling.LANCZOS, reducing_gap=2.0)
    if whole.getchannel("A").getextrema() == (255, 255):
        whole = whole.convert("RGB")
    whole.info = {}
    return whole
