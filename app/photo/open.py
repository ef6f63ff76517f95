"""Open any upload: an upright RGB picture, or one clear sentence. Every path that takes a file comes through here."""

import io
import os
import stat
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pillow_heif
from PIL import Image, ImageCms

from app.photo.bombs import bound_tags, is_bomb

MAX_PIXELS = 25_000_000  # read in the header, before anything is decoded
MAX_BYTES = 100_000_000  # no photo of 25 megapixels needs more
MAX_PROFILE_BYTES = 1_000_000  # colour profiles are some hundred bytes to some hundred kB

# Only these decoders are ever tried (JPEG's opens MPO too). EPS, SVG, PDF, WMF and their like run code or read
# other files.
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "HEIF", "AVIF")
FORMAT_NAMES = "JPEG, PNG, WebP, GIF, BMP, TIFF, HEIC or AVIF"

ORIENTATION = 0x0112  # the EXIF tag
TO_UPRIGHT = {  # EXIF orientation -> what undoes it
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

Image.init()  # Pillow loads its plugins late, and asking for a format whose plugin is not loaded is a KeyError
bound_tags()
# Depth maps and thumbnails inside a HEIC file are more to decode and nothing to edit.
pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=2)


class PhotoError(ValueError):
    """A file that cannot be opened as a photo. The message is one sentence for the person who chose the file."""


def open_photo(source: str | os.PathLike | bytes | BinaryIO | Image.Image) -> Image.Image:
    """Open a photo, whatever it is: the first frame, upright, transparency on white.

    Args:
        source: a path on this machine (never fetched from elsewhere), the file's bytes, a binary file, or a PIL image.
    Returns:
        An RGB image of 1 pixel to 25 megapixels, with no metadata but a colour profile that is whole (in
        `image.info["icc_profile"]`; `save_photo` passes it on). An RGB PIL image without metadata comes back as it is.
    Raises:
        PhotoError: the file is missing, empty, too large, broken, or of no format that is allowed.
    """
    if type(source) is Image.Image and source.mode == "RGB" and not set(source.info) - {"icc_profile"}:
        _check_size(source)
        return source
    try:
        if isinstance(source, Image.Image):
            return _decode(source)
        content = _read(source)
        if is_bomb(content):
            raise PhotoError("This file repeats itself far more than a picture does; save the photo anew.")
        return _decode(Image.open(io.BytesIO(content), formats=FORMATS))
    except PhotoError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):  # the latter where warnings are errors
        raise PhotoError(_too_large("it")) from None
    except Image.UnidentifiedImageError:
        raise PhotoError(f"This file is not a picture that Facet reads; try {FORMAT_NAMES}.") from None
    except MemoryError:
        raise PhotoError("This file needs more memory than there is; make it smaller first.") from None
    except Exception:  # decoders raise about everything: OSError, SyntaxError, struct.error, IndexError, ...
        raise PhotoError("This file is damaged or cut short; save or download it again.") from None


def _read(source: str | os.PathLike | bytes | BinaryIO) -> bytes:
    """The source's bytes, 1 to MAX_BYTES: what is checked is decoded, whatever becomes of the file meanwhile."""
    if isinstance(source, (str, os.PathLike)):
        try:
            status = Path(source).stat()  # before opening: a named pipe would wait for ever
            if stat.S_ISREG(status.st_mode):
                _check_bytes(status.st_size)
                return Path(source).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            raise PhotoError("There is no such file; check the name of the photo.") from None
        except PhotoError:
            raise
        except (OSError, ValueError):  # ValueError: a zero byte in the name
            raise PhotoError("This file cannot be read; check its name and who may read it.") from None
        raise PhotoError("This is not a file; give a photo.")
    if not isinstance(source, (bytes, bytearray, memoryview)):
        if not hasattr(source, "read"):
            raise PhotoError(f"A photo is a path, bytes, a binary file or a PIL image, not {type(source).__name__}.")
        try:
            source = source.read(MAX_BYTES + 1)
        except (OSError, ValueError):
            raise PhotoError("This file cannot be read; open it again.") from None
        if not isinstance(source, bytes):
            raise PhotoError("This file was opened as text; open it in binary mode.")
    _check_bytes(len(source))
    return bytes(source)


def _check_bytes(count: int) -> None:
    if count == 0:
        raise PhotoError("This file is empty; choose another.")
    if count > MAX_BYTES:
        raise PhotoError(f"This file has over {MAX_BYTES // 1_000_000} MB; save the photo smaller.")


def _check_size(image: Image.Image) -> None:
    if min(image.size) < 1:
        raise PhotoError("This picture has no pixels.")
    if image.width * image.height > MAX_PIXELS:
        raise PhotoError(_too_large(f"{image.width} x {image.height}"))


def _too_large(what: str) -> str:
    return f"This picture is too large: {what} is over {MAX_PIXELS // 1_000_000} megapixels; make it smaller first."


def _decode(image: Image.Image) -> Image.Image:
    """From a header to upright RGB pixels."""
    _check_size(image)
    if image.format == "TIFF":
        _check_tiles(image)
    image.load()
    _check_size(image)  # HEIC's container may have lied about what is inside
    turn = TO_UPRIGHT.get(_orientation(image))
    profile = _profile(image)
    rgb = _to_rgb(image, profile)
    if turn is not None:
        rgb = rgb.transpose(turn)
    rgb.info = {"icc_profile": profile} if profile and image.mode != "CMYK" else {}
    return rgb


def _check_tiles(image: Image.Image) -> None:
    """Refuse a TIFF whose tiles are far larger than the picture: libtiff would make room for a whole tile."""
    tile_pixels = int(image.tag_v2.get(322, 1)) * int(image.tag_v2.get(323, 1))  # TileWidth, TileLength
    if tile_pixels > MAX_PIXELS:
        raise PhotoError(_too_large("One of its tiles"))


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; 1 (upright) where the EXIF block is broken."""
    try:
        value = image.getexif().get(ORIENTATION, 1)
        return value if value in range(1, 9) else 1
    except Exception:  # EXIF that lies raises anything; the pixels are good all the same
        return 1


def _profile(image: Image.Image) -> bytes | None:
    """The picture's own colour profile if it is whole and of its colours, else None."""
    profile = image.info.get("icc_profile")
    if image.mode not in ("RGB", "RGBA", "CMYK") or not isinstance(profile, bytes) or len(profile) > MAX_PROFILE_BYTES:
        return None
    colours = "CMYK" if image.mode == "CMYK" else "RGB"
    try:
        ImageCms.buildTransform(io.BytesIO(profile), ImageCms.createProfile("sRGB"), colours, "RGB")
    except Exception:  # whatever lcms makes of it: the picture does without its profile
        return None
    return profile


def _to_rgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Any mode to RGB: deep grey scaled to 8 bits, transparency on white, CMYK by its own profile."""
    if image.mode.startswith(("I", "F")):
        return Image.fromarray(_to_8_bits(np.asarray(image))).convert("RGB")
    if image.mode == "CMYK" and profile:
        return ImageCms.profileToProfile(image, io.BytesIO(profile), ImageCms.createProfile("sRGB"), outputMode="RGB")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGB", image.size, "white")
        white.paste(image, mask=image.getchannel("A"))
        return white
    return image.convert("RGB")  # a copy, even of RGB: a plain image that keeps no file


def _to_8_bits(grey: np.ndarray) -> np.ndarray:
    """Grey values (H, W) of 16 or 32 bits or floats -> uint8. White is the top of the smallest usual range."""
    top = float(np.nanmax(grey, initial=0, where=np.isfinite(grey)))
    if grey.dtype.kind == "f":
        white = next((white for white in (1.0, 255.0, 65535.0) if top <= white), top)
    else:
        white = 65535.0 if top <= 65535 else 2.0**31 - 1
    values = grey.astype(np.float32)  # from here in place: 25 megapixels of it are 100 MB
    np.nan_to_num(values, copy=False, nan=0.0, posinf=white, neginf=0.0)
    values *= np.float32(255 / white)
    np.rint(np.clip(values, 0, 255, out=values), out=values)
    return values.astype(np.uint8)
