#!/usr/bin/env python3
"""Writes src/text/unicode_tables.c from Python's unicodedata: simple case mappings and classes.

Two stages: block = stage1[c >> 7], record = stage2[block * 128 + (c & 127)].  A record holds the
distances to the upper, lower and title case forms and two class bits.
"""
import sys
import unicodedata

BLOCK = 128


def simple(c, method):
    """The single-character mapping; the full ones of Python are longer where they differ."""
    text = getattr(chr(c), method)()
    return ord(text) if len(text) == 1 else c


# Characters whose full mapping is longer, or is not the simple one: from UnicodeData.txt's rules.
def mappings(c):
    upper, lower, title = simple(c, "upper"), simple(c, "lower"), simple(c, "title")
    if c == 0x130:  # full mapping: i with a combining dot; simple: i
        lower = 0x69
    if 0x1F80 <= c <= 0x1FAF or c in (0x1FB3, 0x1FC3, 0x1FF3):
        # Greek with iota subscript: full upper case is two letters, simple is the title form
        pairs = {0x1FB3: 0x1FBC, 0x1FC3: 0x1FCC, 0x1FF3: 0x1FFC}
        big = pairs.get(c, c | 8)
        upper = title = big
    if c in (0x1FBC, 0x1FCC, 0x1FFC) or (0x1F80 <= c <= 0x1FAF and c & 8):
        upper = title = c
    return upper, lower, title


SPACES = {0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x20, 0x85, 0xA0, 0x1680, 0x2028, 0x2029, 0x202F, 0x205F,
          0x3000} | set(range(0x2000, 0x200B))


def utf8_size(c):
    return 1 if c < 0x80 else 2 if c < 0x800 else 3 if c < 0x10000 else 4


def main():
    records, index, blocks, stage1, stage2 = [], {}, {}, [], []
    for start in range(0, 0x110000, BLOCK):
        block = []
        for c in range(start, start + BLOCK):
            surrogate = 0xD800 <= c < 0xE000
            upper, lower, title = (c, c, c) if surrogate else mappings(c)
            for other in (upper, lower, title):
                assert utf8_size(other) * 2 <= utf8_size(c) * 3, hex(c)
            flags = (1 if c in SPACES else 0)
            flags |= 2 if unicodedata.category(chr(c))[0] in "LNM" else 0
            record = (upper - c, lower - c, title - c, flags)
            if record not in index:
                index[record] = len(records)
                records.append(record)
            block.append(index[record])
        key = tuple(block)
        if key not in blocks:
            blocks[key] = len(blocks)
            stage2.extend(block)
        stage1.append(blocks[key])
    while stage1[-1] == stage1[-2]:
        stage1.pop()
    assert len(records) <= 256 and len(blocks) <= 65535

    out = open(sys.argv[1], "w") if len(sys.argv) > 1 else sys.stdout
    print("/* Made by tools/gen_unicode.py from Unicode %s; do not edit. */"
          % unicodedata.unidata_version, file=out)
    print('#include "text/unicode_tables.h"\n', file=out)
    print("/* clang-format off */", file=out)
    print("const uint32_t weir_unicode_stage1_size = %d;" % len(stage1), file=out)

    def table(declaration, values):
        print(declaration + " = {", file=out)
        line = "   "
        for value in values:
            item = " %s," % value
            if len(line) + len(item) > 100:
                print(line, file=out)
                line = "   "
            line += item
        print(line + "\n};", file=out)

    table("const uint16_t weir_unicode_stage1[%d]" % len(stage1), stage1)
    table("const uint8_t weir_unicode_stage2[%d]" % len(stage2), stage2)
    table("const weir_unicode_record weir_unicode_records[%d]" % len(records),
          ["{%d, %d, %d, %d}" % r for r in records])
    print("/* clang-format on */", file=out)
    sys.stderr.write("%d records, %d blocks, %d bytes\n"
                     % (len(records), len(blocks), len(stage1) * 2 + len(stage2) + len(records) * 16))


main()
