"""The same records, packed in each way."""
import bz2
import lzma
import zipfile

CSV = b'id,text\n1,one\n2,"two\nlines"\n3,\xc3\xa9\n'


def write(name, data):
    with open(name, "wb") as f:
        f.write(data)


def archive(name, members, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(name, "w", method) as z:
        for member, data in members:
            z.writestr(zipfile.ZipInfo(member, (2020, 1, 1, 0, 0, 0)), data, method)


write("plain.csv", CSV)
write("a.csv.bz2", bz2.compress(CSV))
write("b.csv.xz", lzma.compress(CSV))
write("c.csv.lzma", lzma.compress(CSV, lzma.FORMAT_ALONE))
archive("d.csv.zip", [("rows.csv", CSV)])
archive("e.zip", [("folder/", b""), ("folder/rows.csv", CSV), ("__MACOSX/folder/._rows.csv", b"x"),
                  ("folder/.DS_Store", b"x")], zipfile.ZIP_STORED)
for name in ("a.csv.bz2", "b.csv.xz", "e.zip"):
    with open(name, "rb") as f:
        data = f.read()
    write("unnamed-" + name.rsplit(".", 1)[1], data)
    write("cut." + name.split(".", 1)[1], data[:len(data) // 2])
write("rows.csv.bz2", bz2.compress(b"id,text\n") + bz2.compress(b"7,seven\n") + bz2.compress(b"8,eight\n"))
write("rows.csv.xz", lzma.compress(b"id,text\n7,seven\n") + bytes(4) + lzma.compress(b"8,eight\n"))
archive("two.zip", [("2026/orders.csv", b"id\n1\n2\n"), ("2026/people.json", b'[{"name":"Ann"}]'),
                    ("notes.txt", b"kept\n")])
archive("typed.csv.zip", [("people.json", b'[{"name":"Ann"}]')])
archive("content.zip", [("data", b'{"a":1}\n{"a":2}\n')])
archive("bad.zip", [("rows.csv", CSV)])
with open("bad.zip", "r+b") as f:
    f.seek(44)
    f.write(b"\xff\xff")
archive("bzipped.zip", [("rows.csv", CSV)], zipfile.ZIP_BZIP2)
archive("rejects.zip", [("rows.csv", b"id,n\n1,2\n2\n")])
bomb = b"id,text\n" + b"1," + b"x" * (40 << 20)
write("bomb.csv.bz2", bz2.compress(bomb))
write("bomb.csv.xz", lzma.compress(bomb, preset=1))
archive("bomb.csv.zip", [("rows.csv", bomb)])
large = bytearray(lzma.compress(CSV, lzma.FORMAT_ALONE))
large[1:5] = b"\0\0\0\xf0"  # a dictionary of 3.75 GiB
write("large.csv.lzma", large)
archive("book.zip", [("[Content_Types].xml", b"x"), ("_rels/.rels", b"x"), ("xl/workbook.xml", b"x")])
with open("e.zip", "rb") as f:
    archive("twice.zip", [("e.zip", f.read())])
