#!/usr/bin/env python3
"""Writes src/text/pow10_table.c: 128-bit approximations of the powers of ten.

Entry q (MIN <= q <= MAX) is the 128 most significant bits of 10^q, that is of 5^q, as two words.
The value is cut off, but rounded up for -27 <= q < 0, as the proof of the method in double_parse.c
wants it; double_format.c adds one where it needs the value rounded up.
"""
import sys

MIN, MAX = -342, 324


def entry(q):
    if q >= 0:
        value = 5 ** q
        shift = value.bit_length() - 128
        return value >> shift if shift >= 0 else value << -shift
    power = 5 ** -q
    bits = power.bit_length() + 127
    value = (1 << bits) // power
    assert value.bit_length() == 128 and value % 2 ** 64 != 2 ** 64 - 1
    return value + 1 if q >= -27 else value


def main():
    out = open(sys.argv[1], "w") if len(sys.argv) > 1 else sys.stdout
    print("/* Made by tools/gen_pow5.py; do not edit. */", file=out)
    print('#include "text/pow10_table.h"\n', file=out)
    print("/* clang-format off */", file=out)
    print("const uint64_t weir_pow10_table[WEIR_POW10_MAX - WEIR_POW10_MIN + 1][2] = {", file=out)
    for q in range(MIN, MAX + 1):
        value = entry(q)
        print("    {0x%016xULL, 0x%016xULL}, /* %d */" % (value >> 64, value & (2 ** 64 - 1), q),
              file=out)
    print("};\n/* clang-format on */", file=out)


main()
