"""Compressed files that were put one behind the other."""
import bz2
import gzip
import lzma


def write(name, data):
    with open(name, "wb") as f:
        f.write(data)


def gz(data):
    return gzip.compress(data, mtime=0)


def zst(data):
    """A frame of one stored block (RFC 8878)."""
    assert len(data) < 256
    block = len(data) << 3 | 1
    return b"\x28\xb5\x2f\xfd\x20" + bytes([len(data)]) + block.to_bytes(3, "little") + data


HEAD = b"id,text\n"
PARTS = [HEAD + b'1,one\n2,"two\nlines"\n', HEAD + b"3,three\n", HEAD, b"\xef\xbb\xbf" + HEAD + b"4,four",
         HEAD + b"five,5\n6,six\n"]
write("plain.csv", HEAD + b'1,one\n2,"two\nlines"\n3,three\n4,four\n6,six\n')
for ending, pack in (("gz", gz), ("bz2", bz2.compress), ("xz", lzma.compress), ("zst", zst)):
    write("rows.csv." + ending, b"".join(pack(p) for p in PARTS))
# The head in a value, and a line like it that is no member's first.
write("value.csv.gz", gz(HEAD + b'1,"') + gz(HEAD + b'x"\n') + gz(b"2,b\n" + HEAD))
# Packed in pieces, as parallel programs do: no piece begins with the head but the first.
ROWS = HEAD + b"".join(b"%d,%s\n" % (i, b"x" * (i % 40)) for i in range(1, 400))
write("pieces.csv.gz", b"".join(gz(ROWS[i:i + 37]) for i in range(0, len(ROWS), 37)))
write("pieces.csv", ROWS)
write("long.csv.gz", b"".join(gz(HEAD + b"%d,%s\n" % (i, b"x" * 300)) for i in range(200)))
write("rows.tsv.gz", gz(b"id\ttext\n1\tone\n") + gz(b"id\ttext\n2\ttwo\n"))
write("two.csv.gz", gz(b"name;;of\nid;n;m\n1;2;3\n4;5;6\n") + gz(b"name;;of\nid;n;m\n7;8;9\n"))
write("none.csv.gz", gz(b"1,2\n3,4\n") + gz(b"1,2\n"))
write("lines.txt.gz", gz(b"a\nb\n") + gz(b"a\nc\n"))
