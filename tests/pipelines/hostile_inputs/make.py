"""Writes hostile files: archives, bombs, nesting, huge fields.  Small on disk, quick to write."""
import io
import struct
import tarfile
import zipfile
import zlib

REL = ('<Relationships><Relationship Id="a" Type="x/worksheet" Target="%s"/>'
       '<Relationship Id="b" Type="x/sharedStrings" Target="sharedStrings.xml"/></Relationships>')
BOOK = '<workbook xmlns:r="u"><sheets>%s</sheets></workbook>'
SHEET = '<worksheet><sheetData>%s</sheetData></worksheet>'
ONE = '<sheet name="S%d" sheetId="%d" r:id="a"/>'


def text(name, content):
    with open(name, 'w', encoding='utf-8') as f:
        f.write(content)


def archives():
    names = ('../../SLIPPED', '/tmp/weir-hostile-SLIPPED', 'a.csv')
    for name in ('slip.xlsx', 'slip.csv'):
        with zipfile.ZipFile(name, 'w') as z:
            for n in names:
                z.writestr(n, 'a,b\n1,2\n')
    with tarfile.open('tar.csv', 'w') as t:
        for n in names:
            member = tarfile.TarInfo(n)
            member.size = 8
            t.addfile(member, io.BytesIO(b'a,b\n1,2\n'))


def book(name, sheet, strings='<sst/>', target='worksheets/sheet1.xml', sheets=1):
    with zipfile.ZipFile(name, 'w', zipfile.ZIP_DEFLATED) as z:
        z.writestr('_rels/.rels', '<Relationships/>')
        z.writestr('xl/workbook.xml', BOOK % ''.join(ONE % (i, i) for i in range(sheets)))
        z.writestr('xl/_rels/workbook.xml.rels', REL % target)
        for part, data in (('worksheets/sheet1.xml', sheet), ('sharedStrings.xml', strings)):
            with z.open('xl/' + part, 'w') as f:
                for piece in [data] if isinstance(data, str) else data:
                    f.write(piece.encode())


def books():
    book('outside.xlsx', SHEET % '', target='../../../../etc/passwd')
    book('text.xlsx', [SHEET[:22] + '<row><c t="inlineStr"><is><t>'] + ['0' * (1 << 20)] * 60)
    book('strings.xlsx', SHEET % ('<row><c t="s"><v>90000000</v></c></row>' * 2),
         ['<sst>'] + ['<si><t>' + 'y' * 1000000 + '</t></si>'] * 200 + ['</sst>'])
    book('deep.xlsx', SHEET % ('<row><c t="inlineStr"><is>' + '<r>' * 100000))
    book('sheets.xlsx', SHEET % '', sheets=5000)
    # one packed member that two thousand names share: 64 MiB each
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    mib = b'0' * (1 << 20)
    packed, crc = b'', 0
    for _ in range(64):
        packed += packer.compress(mib)
        crc = zlib.crc32(mib, crc)
    packed += packer.flush()
    sizes = struct.pack('<III', crc, len(packed), 64 << 20)
    local = struct.pack('<IHHHHH', 0x04034b50, 20, 0, 8, 0, 0) + sizes
    name = b'xl/workbook.xml'
    body = local + struct.pack('<HH', len(name), 0) + name + packed
    listed = b''
    for i in range(2000):
        n = name if i == 0 else b'xl/w%d.xml' % i
        listed += struct.pack('<IHHHHHH', 0x02014b50, 20, 20, 0, 8, 0, 0) + sizes
        listed += struct.pack('<HHHHHII', len(n), 0, 0, 0, 0, 0, 0) + n
    end = struct.pack('<IHHHHIIH', 0x06054b50, 0, 0, 2000, 2000, len(listed), len(body), 0)
    with open('overlap.xlsx', 'wb') as f:
        f.write(body + listed + end)


def documents():
    entities = ''.join('<!ENTITY a%d "%s">' % (i, ('&a%d;' % (i - 1)) * 10) for i in range(1, 10))
    text('laughs.xml', '<!DOCTYPE r [<!ENTITY a0 "lol">%s]><r><x>&a9;</x></r>' % entities)
    text('outside.xml', '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><r><x>&x;</x></r>')
    text('deep.xml', '<a>' * 100000 + '</a>' * 100000)
    text('attributes.xml', '<r><x %s/></r>' % ' '.join('a%d="1"' % i for i in range(100000)))
    text('text.xml', '<r><x><a>' + 't' * 40000000 + '</a></x></r>')
    text('name.xml', '<r><%s/></r>' % ('n' * 1000000))
    text('deep.ndjson', '{"a":1}\n{"a":%s1%s}\n{"a":2}\n' % ('[' * 100000, ']' * 100000))
    text('long.ndjson', '{"a":"%s"}\n{"a":"x"}\n' % ('s' * 40000000))
    text('names.json', '[{%s}]' % ','.join('"k%d":%d' % (i, i) for i in range(100000)))
    text('same.ndjson', '{"a":0}\n{%s}\n' % ','.join('"a":%d' % i for i in range(300000)))
    text('list.ndjson', '{"a":[%s]}\n{"a":[7]}\n' % ','.join(['1'] * 200000))


def lines():
    text('wide.csv', ','.join('c%d' % i for i in range(100000)) + '\n')
    text('head.csv', 'h' * 40000000 + ',b\n1,2\n')
    text('nul.csv', 'a,b\n' + '\0' * 40000000 + '\n1,2\n')
    text('commas.csv', 'a,b\n' + ',' * 1000000 + '\n1,2\n')
    text('regex.txt', 'a' * 3000 + '!\naaa\n')
    text('stack.txt', '2024-01-01 x\n' + '\tat y\n' * 50000 + '2024-01-02 z\n')
    text('one.csv', 's,n\n' + 'a' * 3000 + '!,1\nb,2\n')


def files():
    text('aliases.yaml', 'a: &a [x,x,x,x,x,x,x,x,x,x]\n' + ''.join(
        '%s: &%s [%s]\n' % (c, c, ','.join(['*' + p] * 10)) for p, c in zip('abcdefgh', 'bcdefghi')))
    text('deep.yaml', 'a: ' + '[' * 100000)
    text('entries.yaml', 'source: { path: one.csv }\ntransform:\n' + ''.join(
        '  - set: { r%d: n }\n' % i for i in range(5000)) + 'sink: { path: "-", format: csv }\n')


archives()
books()
documents()
lines()
files()
