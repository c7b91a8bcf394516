"""Files that customers and agents of the demo attach: small photos (PNG) and papers (PDF), drawn here.

No picture is bundled: a photo is a few rectangles that look like an appliance with its plate, a paper is one page
of text. The same seed draws the same bytes.
"""

import functools
import random
import struct
import zlib

_WIDTH, _HEIGHT = 480, 360
Colour = tuple[int, int, int]


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _shade(colour: Colour, by: int) -> Colour:
    red, green, blue = (max(0, min(255, part + by)) for part in colour)
    return red, green, blue


@functools.cache
def photo(number: int) -> bytes:
    """The picture of this number: an appliance in front of a wall, with a display, a door line and perhaps a dent."""
    rng = random.Random(number)
    wall: Colour = rng.choice(((214, 206, 192), (198, 208, 214), (224, 214, 206), (190, 198, 186)))
    body: Colour = rng.choice(((236, 238, 240), (176, 182, 188), (64, 68, 74), (222, 214, 200)))
    lamp: Colour = rng.choice(((220, 60, 48), (240, 170, 40), (60, 150, 220)))
    left, width = rng.randrange(90, 170), rng.randrange(150, 240)
    top, door = rng.randrange(24, 60), rng.randrange(120, 220)
    dent = (rng.randrange(door + 30, 280), left + rng.randrange(30, width - 70)) if rng.random() < 0.6 else None
    rows = bytearray()
    for y in range(_HEIGHT):
        light = -y // 12
        floor = y > 320
        back = _shade(wall, light - (46 if floor else 0))
        row = bytearray(bytes(back) * _WIDTH)
        if y >= top and y <= 330:
            face = _shade(body, light - (34 if abs(y - door) < 2 else 0))
            row[left * 3 : (left + width) * 3] = bytes(face) * width
            row[(left + width) * 3 : (left + width + 5) * 3] = bytes(_shade(body, light - 60)) * 5
            _details(row, y, (top, left, width, door), face, lamp)
            if dent and dent[0] <= y < dent[0] + 26:
                inset = abs(13 - (y - dent[0]))
                start, length = dent[1] + inset, max(0, 40 - 2 * inset)
                row[start * 3 : (start + length) * 3] = bytes(_shade(face, -28)) * length
        rows += b"\0" + row
    header = struct.pack(">IIBBBBB", _WIDTH, _HEIGHT, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", zlib.compress(bytes(rows), 6))
        + _chunk(b"IEND", b"")
    )


def _details(row: bytearray, y: int, place: tuple[int, int, int, int], face: Colour, lamp: Colour) -> None:
    """Display, handle and name plate, as far as they lie on this line."""
    top, left, width, door = place
    if top + 18 <= y < top + 34:
        row[(left + 16) * 3 : (left + 62) * 3] = bytes((28, 32, 38)) * 46
        if top + 23 <= y < top + 29:
            row[(left + 22) * 3 : (left + 34) * 3] = bytes(lamp) * 12
    if door + 14 <= y < door + 74:
        row[(left + width - 20) * 3 : (left + width - 14) * 3] = bytes(_shade(face, -70)) * 6
    if 290 <= y < 314:
        row[(left + 18) * 3 : (left + 78) * 3] = bytes((206, 208, 210)) * 60
        if (y - 290) % 6 in (2, 3):
            row[(left + 23) * 3 : (left + 66) * 3] = bytes((70, 72, 76)) * 43


def paper(title: str, lines: list[str]) -> bytes:
    """One page with a title and some lines, as a PDF. Characters outside Latin-1 become question marks."""

    def literal(text: str) -> bytes:
        plain = text.replace("₹", "Rs ").replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
        return plain.encode("latin-1", "replace")

    content = b"BT /F1 18 Tf 60 770 Td (" + literal(title) + b") Tj /F1 11 Tf 0 -34 Td\n"
    content += b"".join(b"(" + literal(line) + b") Tj 0 -18 Td\n" for line in lines) + b"ET"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        (
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
            b"/Resources << /Font << /F1 5 0 R >> >> >>"
        ),
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, each in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)
