"""Generators of the files that people and attackers upload: small pictures of every kind, and files that lie."""

import io
import struct
import zlib

import numpy as np
from PIL import Image, ImageCms

ORIENTATION = 0x0112


def picture(width: int = 40, height: int = 30) -> Image.Image:
    """A smooth RGB picture of which no turn or mirror image equals another: red grows right, green down."""
    x, y = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    return Image.fromarray(np.stack([x, y, 255 - x], axis=-1).astype(np.uint8))


def encode(image: Image.Image, format: str, **options) -> bytes:
    memory = io.BytesIO()
    image.save(memory, format=format, **options)
    return memory.getvalue()


def good_files() -> dict[str, bytes]:
    """One file of every kind that must open, each showing `picture()`, exactly or nearly."""
    rgb = picture()

    def other():  # a new one each time: saved once, an image keeps settings that the next format trips on
        return Image.new("RGB", rgb.size, "black")

    opaque = rgb.copy()
    opaque.putalpha(255)
    return {
        "jpeg": encode(rgb, "JPEG", quality=95),
        "progressive": encode(rgb, "JPEG", quality=95, progressive=True),
        "mpo": encode(rgb, "MPO", quality=95, save_all=True, append_images=[other()]),
        "png": encode(rgb, "PNG"),
        "png-rgba": encode(opaque, "PNG"),
        "apng": encode(rgb, "PNG", save_all=True, append_images=[other()], duration=100),
        "webp": encode(rgb, "WEBP", lossless=True),
        "webp-animated": encode(rgb, "WEBP", lossless=True, save_all=True, append_images=[other()]),
        "gif": encode(rgb, "GIF", save_all=True, append_images=[other()]),
        "bmp": encode(rgb, "BMP"),
        "tiff": encode(rgb, "TIFF"),
        "tiff-lzw": encode(rgb, "TIFF", compression="tiff_lzw"),
        "tiff-pages": encode(rgb, "TIFF", save_all=True, append_images=[other()]),
        "heic": encode(rgb, "HEIF", quality=95),
        "avif": encode(rgb, "AVIF", quality=95),
        "cmyk": encode(rgb.convert("CMYK"), "TIFF"),
        "cmyk-jpeg": encode(rgb.convert("CMYK"), "JPEG", quality=95),
    }


def odd_files() -> dict[str, bytes]:
    """Rare, but whole: each must open, at its own size."""
    rgb, grey = picture(), np.linspace(0, 1, 1200).reshape(30, 40)
    deep, real = (Image.fromarray(values) for values in ((65535 * grey).astype(np.uint16), grey.astype(np.float32)))
    palette = rgb.quantize(16)
    files = {f"pixel {format}": encode(picture(1, 1), format)
             for format in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "HEIF", "AVIF")}
    wide = {"PNG": 65535, "GIF": 65535, "BMP": 65535, "TIFF": 65535, "JPEG": 65500, "WEBP": 16383}
    files |= {f"wide {format}": encode(Image.new("L", (side, 1), 7), format) for format, side in wide.items()}
    return files | {
        "16 bits png": encode(deep, "PNG"),
        "16 bits tiff": encode(deep, "TIFF"),
        "float tiff": encode(real, "TIFF"),
        "lab tiff": encode(rgb.convert("LAB"), "TIFF"),
        "jpeg in a tiff": encode(rgb.convert("YCbCr"), "TIFF", compression="jpeg"),
        "tiff of endless pages": tiff_file({}),
        "one bit": encode(rgb.convert("1"), "PNG"),
        "grey with alpha": encode(rgb.convert("LA"), "PNG"),
        "palette with alpha png": encode(palette, "PNG", transparency=bytes(range(0, 256, 16))),
        "palette with alpha gif": encode(palette, "GIF", transparency=3),
    }


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_file(width: int, height: int, *chunks: bytes, depth: int = 8, colour: int = 2, rows: bytes = b"") -> bytes:
    """A PNG by hand: a header that may lie, extra chunks, and image data (zlib) that may be anything."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + b"".join(chunks)
            + png_chunk(b"IDAT", zlib.compress(rows)) + png_chunk(b"IEND", b""))


def text_bomb(megabytes: int) -> bytes:
    """A PNG chunk whose text swells from some kB to megabytes."""
    return png_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(megabytes * 1_000_000), 9))


def huge_headers() -> dict[str, bytes]:
    """Some kB each that claim to be over 25 megapixels, in every format whose header is easy to write."""
    jpeg = bytearray(encode(picture(), "JPEG"))
    start = jpeg.index(b"\xff\xc0") + 5  # SOF0: marker, length, precision, then height and width
    jpeg[start : start + 4] = struct.pack(">HH", 65535, 65535)
    gif = bytearray(encode(picture(), "GIF"))
    gif[6:10] = struct.pack("<HH", 65535, 65535)
    bmp = bytearray(encode(picture(), "BMP"))
    bmp[18:26] = struct.pack("<ii", 60000, 60000)
    webp = bytearray(encode(picture(), "WEBP", lossless=True))
    start = webp.index(b"VP8L") + 9  # past size and magic byte: 14 bits each of width and height, less one
    webp[start : start + 4] = struct.pack("<I", 16383 | 16383 << 14)
    return {
        "png": png_file(13000, 13000, rows=bytes(1000)),
        "png-billions": png_file(2**31 - 1, 2**31 - 1),
        "jpeg": bytes(jpeg),
        "gif": bytes(gif),
        "bmp": bytes(bmp),
        "tiff": tiff_file({256: 100_000, 257: 100_000}),
        "webp": bytes(webp),
    }


def tiff_file(tags: dict[int, int]) -> bytes:
    """A grey TIFF of 8 x 8 pixels without compression, with tags (long integers) changed or added."""
    tags = {256: 8, 257: 8, 258: 8, 259: 1, 262: 1, 273: 1000, 277: 1, 278: 8, 279: 64, **tags}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(tags.items()))
    head = b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + struct.pack("<I", 8)  # the next page is this one
    return head.ljust(1000, b"\0") + bytes(64)


def lying_exif() -> dict[str, bytes]:
    """EXIF blocks that are broken, each in its own way; the pictures around them are whole."""
    loop = b"II*\0" + struct.pack("<IH", 8, 2) + struct.pack("<HHII", ORIENTATION, 3, 1, 99)
    loop += struct.pack("<HHII", 0x8769, 4, 1, 8) + struct.pack("<I", 8)  # the EXIF block is this one, and so the next
    return {
        "empty": b"",
        "rubbish": bytes(range(256)),
        "cut": b"II*\0\x08\0\0\0\xff\xff",
        "far": b"II*\0\xff\xff\xff\x7f",
        "loop": loop,
        "huge": b"II*\0" + struct.pack("<IHHHII", 8, 1, ORIENTATION, 3, 2**31, 26),
        "text": b"II*\0" + struct.pack("<IHHHI4sI", 8, 1, ORIENTATION, 2, 4, b"six\0", 0),
        "sharing": sharing_tags(1000, 1_000_000, {ORIENTATION: (3, 1, 1)}),
    }


def sharing_tags(count: int, size: int, tags: dict[int, tuple[int, int, int]]) -> bytes:
    """A directory of `tags` (type, count, value) and of `count` more, which all have the same `size` bytes."""
    entries = {**tags, **{40000 + i: (1, size, 64000) for i in range(count)}}
    packed = b"".join(struct.pack("<HHII", tag, *entry) for tag, entry in sorted(entries.items()))
    return (b"II*\0" + struct.pack("<IH", 8, len(entries)) + packed).ljust(64000, b"\0") + bytes(size)


def busy_files() -> dict[str, bytes]:
    """Some kB to some MB that would take a decoder minutes, or the memory of the machine."""
    memory = encode(Image.new("L", (5000, 5000), 128), "JPEG", progressive=True, quality=50)
    last = memory[memory.rindex(b"\xff\xda") : -2]  # the last scan, 40 bytes for 25 megapixels
    profile = png_chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(1_000_000), 9))
    grey = {256: (4, 1, 8), 257: (4, 1, 8), 258: (4, 1, 8), 259: (4, 1, 1), 262: (4, 1, 1), 273: (4, 1, 63000),
            277: (4, 1, 1), 278: (4, 1, 8), 279: (4, 1, 64)}
    return {
        "jpeg of endless scans": memory[:-2] + 2000 * last + b"\xff\xd9",
        "png of many profiles": png_file(40, 30, *[profile] * 500, rows=bytes(30 * 121)),
        "tiff of tags that share": sharing_tags(1000, 1_000_000, grey),
    }


def boxed_header(format: str) -> bytes:
    """A HEIC or AVIF file whose box of sizes says 65,535 x 65,535."""
    lie = bytearray(encode(picture(), format))
    start = lie.index(b"ispe") + 8  # past the name, version and flags
    lie[start : start + 8] = struct.pack(">II", 65535, 65535)
    return bytes(lie)


def refused_files() -> dict[str, bytes]:
    """What must end in a sentence: no picture, of no allowed format, or with nothing in it."""
    icon = encode(picture(32, 32), "ICO")
    others = {f"{format.lower()}": encode(picture(32, 32), format)
              for format in ("JPEG2000", "TGA", "PCX", "DDS", "ICNS", "QOI")}
    return others | {
        **busy_files(),
        "huge heic": boxed_header("HEIF"),
        "huge avif": boxed_header("AVIF"),
        "tiff of huge tiles": tiff_file({322: 65536, 323: 65536, 324: 1000, 325: 64, 259: 5}),
        "text": b"I am a photo, believe me.\n" * 20,
        "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
        "eps": encode(picture(), "EPS"),
        "pdf": encode(picture(), "PDF"),
        "ico": icon,
        "ppm": encode(picture(), "PPM"),
        "sgi": encode(picture(), "SGI"),
        "zero size": png_file(0, 0),
        "no rows": png_file(40, 30, rows=b""),
        "magic only": b"\x89PNG\r\n\x1a\n",
        "jpeg magic": b"\xff\xd8\xff\xe0",
        "wrong magic": b"GIF89a" + encode(picture(), "PNG"),
        "bomb in a text": png_file(40, 30, text_bomb(80), rows=bytes(30 * 121)),
        "many bombs": png_file(40, 30, *[text_bomb(1)] * 80, rows=bytes(30 * 121)),
    }


def srgb_profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def broken_profiles() -> dict[str, bytes]:
    """Colour profiles that are none, each in its own way; the pictures around them are whole."""
    profile = srgb_profile()
    tags = bytearray(profile)
    tags[128:132] = b"\xff" * 4  # how many tags there are
    return {"empty": b"", "rubbish": b"rubbish", "cut": profile[:200], "zeros": profile[:40] + bytes(len(profile) - 40),
            "endless tags": bytes(tags), "huge": profile + bytes(2_000_000)}
