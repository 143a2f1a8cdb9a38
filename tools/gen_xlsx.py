#!/usr/bin/env python3
"""Writes the workbooks that the tests of xlsx read, part by part, so that each holds exactly what
its name says - also what no spreadsheet program would write.

    tools/gen_xlsx.py FOLDER          the committed ones (tests/pipelines/xlsx_*, tests/fuzz/corpus/xlsx)
    tools/gen_xlsx.py --big FILE ROWS COLUMNS    a large one, for measurements

Needs python3 alone; `make test` does not run it.
"""
import os
import struct
import sys
import zipfile
import zlib

MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main'
REL = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
PKG = 'http://schemas.openxmlformats.org/package/2006/relationships'
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


def esc(s):
    return s.replace('&', '&amp;').replace('<', '&lt;').replace('>', '&gt;').replace('"', '&quot;')


# Cell formats by number: what s="N" means in these workbooks.
FORMATS = ['General', 'yyyy-mm-dd', 'hh:mm:ss', 'yyyy-mm-dd hh:mm', '[h]:mm:ss', '0.00', 'dd/mm/yy;@',
           '"day" 0', '#,##0.00 [$EUR]', 'mmm-yy', 'mm:ss.0']


def styles(formats=FORMATS):
    fmts = ''.join(f'<numFmt numFmtId="{164 + i}" formatCode="{esc(f)}"/>'
                   for i, f in enumerate(formats) if f != 'General')
    xfs = ''.join(f'<xf numFmtId="{0 if f == "General" else 164 + i}"/>' for i, f in enumerate(formats))
    # Built-in ones behind: 14 (date), 21 (time), 22 (both), 46 ([h]:mm:ss), 9 (percent)
    xfs += ''.join(f'<xf numFmtId="{i}"/>' for i in (14, 21, 22, 46, 9))
    return (HEAD + f'<styleSheet xmlns="{MAIN}"><numFmts>{fmts}</numFmts>'
            f'<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs>{xfs}</cellXfs></styleSheet>')


def workbook(sheets, date1904=False):
    """sheets: [(name, state or None)]"""
    pr = '<workbookPr date1904="1"/>' if date1904 else '<workbookPr/>'
    names = ''.join(f'<sheet name="{esc(n)}" sheetId="{i + 1}"' + (f' state="{s}"' if s else '') +
                    f' r:id="rId{i + 1}"/>' for i, (n, s) in enumerate(sheets))
    return (HEAD + f'<workbook xmlns="{MAIN}" xmlns:r="{REL}">{pr}<sheets>{names}</sheets></workbook>')


def package(path, sheets, strings=None, date1904=False, extra=(), skip=(), compress=zipfile.ZIP_DEFLATED):
    """sheets: [(name, state, xml of <sheetData>'s inside)]; skip: parts that are left out."""
    parts = []
    parts.append(('[Content_Types].xml', HEAD + '<Types xmlns="http://schemas.openxmlformats.org/package/'
                  '2006/content-types"><Default Extension="xml" ContentType="application/xml"/></Types>'))
    parts.append(('_rels/.rels', HEAD + f'<Relationships xmlns="{PKG}"><Relationship Id="rId1" '
                  f'Type="{REL}/officeDocument" Target="xl/workbook.xml"/></Relationships>'))
    parts.append(('xl/workbook.xml', workbook([(n, s) for n, s, _ in sheets], date1904)))
    rels = ''.join(f'<Relationship Id="rId{i + 1}" Type="{REL}/worksheet" '
                   f'Target="worksheets/sheet{i + 1}.xml"/>' for i in range(len(sheets)))
    rels += f'<Relationship Id="rId90" Type="{REL}/styles" Target="/xl/styles.xml"/>'
    if strings is not None:
        rels += f'<Relationship Id="rId91" Type="{REL}/sharedStrings" Target="./sharedStrings.xml"/>'
        parts.append(('xl/sharedStrings.xml', HEAD + f'<sst xmlns="{MAIN}">' +
                      ''.join(f'<si>{s}</si>' for s in strings) + '</sst>'))
    parts.append(('xl/_rels/workbook.xml.rels', HEAD + f'<Relationships xmlns="{PKG}">{rels}</Relationships>'))
    parts.append(('xl/styles.xml', styles()))
    for i, (_, _, data) in enumerate(sheets):
        parts.append((f'xl/worksheets/sheet{i + 1}.xml', HEAD + f'<worksheet xmlns="{MAIN}">'
                      f'<sheetData>{data}</sheetData></worksheet>'))
    parts = [p for p in parts if p[0] not in skip] + list(extra)
    with zipfile.ZipFile(path, 'w', compress) as z:
        for name, text in parts:
            info = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))
            info.compress_type = compress
            z.writestr(info, text)


def row(number, cells, attributes=''):
    return f'<row r="{number}"{attributes}>{"".join(cells)}</row>'


def num(ref, v, s=0):
    return f'<c r="{ref}" s="{s}"><v>{v}</v></c>'


def shared(ref, i):
    return f'<c r="{ref}" t="s"><v>{i}</v></c>'


def inline(ref, text):
    return f'<c r="{ref}" t="inlineStr"><is><t>{esc(text)}</t></is></c>'


def heads(number, names, first='A'):
    return row(number, [inline(f'{chr(ord(first) + i)}{number}', n) for i, n in enumerate(names)])


def kinds(folder):
    strings = ['<t>plain</t>', '<r><t>rich </t></r><r><rPr><b/></rPr><t>text</t></r><rPh sb="0" eb="1"><t>no</t></rPh>',
               '<t xml:space="preserve"> a_x000D_\n&amp;_x005F_b </t>', '<t/>', '<t>0123</t>']
    data = heads(1, ['kind', 'value', 'note'])
    cells = [
        ('number', num('B2', '42')), ('exact', num('B3', '0.30000000000000004')),
        ('large', num('B4', '1.7976931348623157E+308')), ('small', num('B5', '1E-3')),
        ('percent', num('B6', '0.05', 15)), ('money', num('B7', '1234.5', 8)),
        ('shared', shared('B8', 0)), ('rich', shared('B9', 1)), ('escaped', shared('B10', 2)),
        ('empty', shared('B11', 3)), ('code', shared('B12', 4)), ('inline', inline('B13', '<tag> "q"')),
        ('true', '<c r="B14" t="b"><v>1</v></c>'), ('false', '<c r="B15" t="b"><v>0</v></c>'),
        ('formula', '<c r="B16"><f>1+1</f><v>2</v></c>'),
        ('formula text', '<c r="B17" t="str"><f>"a"&amp;"b"</f><v>ab</v></c>'),
        ('date', num('B18', '45292', 1)), ('builtin date', num('B19', '45292', 11)),
        ('both', num('B20', '45292.75', 3)), ('builtin both', num('B21', '45292.520833333336', 13)),
        ('time', num('B22', '0.5', 2)), ('time ms', num('B23', '0.000011574074074074073', 10)),
        ('duration', num('B24', '1.5', 4)), ('date with time', num('B25', '45292.25', 1)),
        ('iso date', '<c r="B26" s="1" t="d"><v>2024-01-01T00:00:00</v></c>'),
        ('month', num('B27', '45292', 9)), ('text in a format', num('B28', '7', 7)),
        ('last date', num('B29', '2958465', 1)), ('no date', num('B30', '2958466', 1)),
        ('negative', num('B31', '-1', 1)), ('leap bug', num('B32', '60', 1)),
        ('before it', num('B33', '59', 1)), ('behind it', num('B34', '61', 1)), ('first', num('B35', '1', 1)),
        ('odd number', num('B36', ' .5 ')), ('no reference', '<c><v>9</v></c>'),
    ]
    for i, (name, cell) in enumerate(cells):
        data += row(i + 2, [inline(f'A{i + 2}', name), cell])
    data += row(40, ['<c r="A40" s="1"/>', '<c r="B40"/>'])  # formats only: no record
    data += '<row><c t="inlineStr"><is><t>no row number</t></is></c><c><v>1</v></c></row>'
    package(f'{folder}/kinds.xlsx', [('Kinds', None, data)], strings)


def typed(folder):
    """Columns of one type each, empty rows and columns in front, and a title above the header."""
    data = row(2, [inline('C2', 'Report 2024')])
    data += row(4, [inline(f'{c}4', n) for c, n in zip('CDEFGH', ['id', 'price', 'day', 'at', 'ok', 'name'])])
    for i in range(3):
        r = 5 + i
        data += row(r, [num(f'C{r}', i + 1), num(f'D{r}', ['1.5', '20', '0.25'][i]), num(f'E{r}', 45292 + i, 1),
                        num(f'F{r}', f'{45292 + i}.5', 3), f'<c r="G{r}" t="b"><v>{i % 2}</v></c>',
                        inline(f'H{r}', ['Ann', 'Bob', 'Zoë'][i])], ' hidden="1"' if i == 1 else '')
    other = heads(1, ['a', 'b']) + row(2, [num('A2', 1), num('B2', 2)])
    package(f'{folder}/typed.xlsx', [('Hidden', 'hidden', other), ('Data', None, data), ('2', None, other)])
    system = heads(1, ['day', 'at', 'clock']) + row(2, [num('A2', 0, 1), num('B2', '1.5', 3), num('C2', '0.25', 2)])
    system += row(3, [num('A3', 43830, 1), num('B3', '43830.999999', 3), num('C3', '0.999999999', 2)])
    nameless = ''.join(row(r, [num(f'A{r}', r), num(f'B{r}', f'{r}.5'), inline(f'C{r}', f'x{r}'), num(f'D{r}', r / 2, 4)])
                       for r in (1, 2, 3))
    cover = row(3, [inline('B3', 'Report 2024')])
    package(f'{folder}/cover.xlsx', [('Cover', None, cover), ('Hidden', 'hidden', other), ('Data', None, nameless)])
    package(f'{folder}/from1904.xlsx', [('S', None, system)], date1904=True)


def faults(folder):
    data = heads(1, ['id', 'v', '', 'v'])
    data += row(2, [num('A2', 1), num('B2', 10)])
    data += row(3, [num('A3', 2), '<c r="B3" t="e"><v>#N/A</v></c>'])
    data += row(4, [num('A4', 3), inline('B4', 'x')])
    data += row(5, [num('A5', 4), '<c r="B5"><f>A5*2</f></c>'])
    data += row(6, [num('A6', 5), shared('B6', 77)])
    data += row(7, [num('B7', 60), num('A7', 6)])
    data += row(8, [num('A8', 7), num('B8', 70), num('C8', 71), num('D8', 72), num('F8', 73)])
    data += row(9, [num('A9', 8), '<c r="B9"><f>A9*2</f><v/></c>'])
    data += row(10, [num('A10', 9), '<c r="B10" t="str"><f>""</f><v></v></c>'])
    package(f'{folder}/faults.xlsx', [('S', None, data)], ['<t>a</t>'])


def hostile(folder):
    good = heads(1, ['a']) + row(2, [num('A2', 1)])
    sheets = [('S', None, good)]
    package(f'{folder}/no-sheet-part.xlsx', sheets, skip=('xl/worksheets/sheet1.xml',))
    package(f'{folder}/no-workbook.xlsx', sheets, skip=('xl/workbook.xml',))
    package(f'{folder}/binary.xlsb', sheets, extra=[('xl/workbook.bin', 'x')])
    bomb = ('<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><worksheet xmlns="' + MAIN +
            '"><sheetData><row r="1"><c r="A1" t="str"><v>&b;</v></c></row></sheetData></worksheet>')
    package(f'{folder}/entity.xlsx', sheets, skip=('xl/worksheets/sheet1.xml',),
            extra=[('xl/worksheets/sheet1.xml', bomb)])
    with zipfile.ZipFile(f'{folder}/plain.zip', 'w') as z:
        z.writestr(zipfile.ZipInfo('../evil.csv', (2020, 1, 1, 0, 0, 0)), 'a,b\n1,2\n')
    with zipfile.ZipFile(f'{folder}/sheet.ods', 'w') as z:
        z.writestr(zipfile.ZipInfo('mimetype', (2020, 1, 1, 0, 0, 0)), 'application/vnd.oasis.opendocument.spreadsheet')
        z.writestr(zipfile.ZipInfo('content.xml', (2020, 1, 1, 0, 0, 0)), '<x/>')
    with open(f'{folder}/old.xls', 'wb') as f:
        f.write(bytes.fromhex('d0cf11e0a1b11ae1') + bytes(504))
    package(f'{folder}/good.xlsx', sheets)
    whole = open(f'{folder}/good.xlsx', 'rb').read()
    with open(f'{folder}/cut.xlsx', 'wb') as f:
        f.write(whole[:len(whole) // 2])
    # The directory lies about the sheet's size, its checksum, and says that it is encrypted.
    name = b'xl/worksheets/sheet1.xml'
    at = whole.rindex(name) - 46  # in the directory
    assert whole[at:at + 4] == b'PK\x01\x02'
    size = struct.unpack_from('<I', whole, at + 24)[0]

    def patched(file, offset, fmt, value):
        b = bytearray(whole)
        struct.pack_into(fmt, b, at + offset, value)
        with open(f'{folder}/{file}', 'wb') as f:
            f.write(b)
    patched('size-small.xlsx', 24, '<I', size - 1)
    patched('size-large.xlsx', 24, '<I', size + 1)
    patched('checksum.xlsx', 16, '<I', 1)
    patched('encrypted.xlsx', 8, '<H', 1)
    patched('method.xlsx', 10, '<H', 14)
    patched('offset.xlsx', 42, '<I', 0x7fffffff)
    package(f'{folder}/stored.xlsx', sheets, compress=zipfile.ZIP_STORED)
    # A sheet of 32 MiB of blanks in 32 KiB.
    pack = zlib.compressobj(9, zlib.DEFLATED, -15)
    head = f'<worksheet xmlns="{MAIN}"><sheetData><row r="1"><c r="A1" t="str"><v>'.encode()
    blob, crc, total, piece = bytearray(pack.compress(head)), zlib.crc32(head), len(head), b' ' * (1 << 20)
    for _ in range(32):
        blob += pack.compress(piece)
        crc = zlib.crc32(piece, crc)
        total += len(piece)
    blob += pack.flush()
    package(f'{folder}/bomb.xlsx', sheets, skip=('xl/worksheets/sheet1.xml',))
    base = open(f'{folder}/bomb.xlsx', 'rb').read()
    end = base.rindex(b'PK\x05\x06')
    count, size_cd, at_cd = struct.unpack_from('<HII', base, end + 10)
    local = struct.pack('<IHHHHHIIIHH', 0x04034b50, 20, 0, 8, 0, 0, crc, len(blob), total, len(name), 0) + name
    entry = struct.pack('<IHHHHHHIIIHHHHHII', 0x02014b50, 20, 20, 0, 8, 0, 0, crc, len(blob), total, len(name), 0, 0,
                        0, 0, 0, at_cd) + name
    with open(f'{folder}/bomb.xlsx', 'wb') as f:
        f.write(base[:at_cd] + local + blob + base[at_cd:at_cd + size_cd] + entry +
                struct.pack('<IHHHHIIH', 0x06054b50, 0, 0, count + 1, count + 1, size_cd + len(entry),
                            at_cd + len(local) + len(blob), 0))


def big(path, rows, columns):
    strings = [f'<t>text number {i}</t>' for i in range(50000)]
    letters = [chr(65 + i) for i in range(columns)]

    def data():
        yield heads(1, [f'c{i}' for i in range(columns)])
        for r in range(2, rows + 2):
            yield row(r, [shared(f'{c}{r}', (r * 7 + i) % len(strings)) if i % 3 == 1 else
                          num(f'{c}{r}', 45000 + r % 1000, 1) if i % 3 == 2 else num(f'{c}{r}', r * 1.25)
                          for i, c in enumerate(letters)])
    package(path, [('S', None, '')], strings, skip=('xl/worksheets/sheet1.xml',))
    with zipfile.ZipFile(path, 'a', zipfile.ZIP_DEFLATED) as z:
        with z.open('xl/worksheets/sheet1.xml', 'w', force_zip64=True) as f:
            f.write((HEAD + f'<worksheet xmlns="{MAIN}"><sheetData>').encode())
            for piece in data():
                f.write(piece.encode())
            f.write(b'</sheetData></worksheet>')


if __name__ == '__main__':
    if len(sys.argv) == 5 and sys.argv[1] == '--big':
        big(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
    elif len(sys.argv) == 2:
        os.makedirs(sys.argv[1], exist_ok=True)
        for make in (kinds, typed, faults, hostile):
            make(sys.argv[1])
    else:
        sys.exit(__doc__)
