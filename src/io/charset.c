/* Names of character encodings. */
#include "io/charset.h"

#include <iconv.h>

#include "base/distance.h"

const weir_charset weir_charset_utf8 = {"utf-8", WEIR_CHARSET_UTF8, NULL, NULL};
const weir_charset weir_charset_utf16le = {"utf-16le", WEIR_CHARSET_UTF16_LE, NULL, NULL};
const weir_charset weir_charset_utf16be = {"utf-16be", WEIR_CHARSET_UTF16_BE, NULL, NULL};
const weir_charset weir_charset_utf32le = {"utf-32le", WEIR_CHARSET_UTF32_LE, NULL, NULL};
const weir_charset weir_charset_utf32be = {"utf-32be", WEIR_CHARSET_UTF32_BE, NULL, NULL};
static const weir_charset utf16 = {"utf-16", WEIR_CHARSET_UTF16, NULL, NULL};
static const weir_charset utf32 = {"utf-32", WEIR_CHARSET_UTF32, NULL, NULL};

/* Encodings of several bytes a character.  As browsers do, the widest set of each family is taken:
 * texts that say gb2312 or shift_jis hold its characters. */
static const weir_charset gb18030 = {"gb18030", WEIR_CHARSET_ICONV, NULL, "GB18030"};
static const weir_charset big5 = {"big5", WEIR_CHARSET_ICONV, NULL, "BIG5-HKSCS"};
static const weir_charset shift_jis = {"shift_jis", WEIR_CHARSET_ICONV, NULL, "CP932"};
static const weir_charset euc_jp = {"euc-jp", WEIR_CHARSET_ICONV, NULL, "EUC-JP-MS"};
static const weir_charset iso_2022_jp = {"iso-2022-jp", WEIR_CHARSET_ICONV, NULL, "ISO-2022-JP"};
static const weir_charset euc_kr = {"euc-kr", WEIR_CHARSET_ICONV, NULL, "UHC"};
static const weir_charset euc_tw = {"euc-tw", WEIR_CHARSET_ICONV, NULL, "EUC-TW"};

static const weir_charset_name names[] = {
    {"utf8", &weir_charset_utf8},
    {"utf8sig", &weir_charset_utf8},
    {"ascii", &weir_charset_utf8},
    {"usascii", &weir_charset_utf8},
    {"utf16le", &weir_charset_utf16le},
    {"utf16be", &weir_charset_utf16be},
    {"utf32le", &weir_charset_utf32le},
    {"utf32be", &weir_charset_utf32be},
    {"utf16", &utf16},
    {"ucs2", &utf16},
    {"unicode", &utf16},
    {"utf32", &utf32},
    {"ucs4", &utf32},
    {"gb18030", &gb18030},
    {"gbk", &gb18030},
    {"gb2312", &gb18030},
    {"cp936", &gb18030},
    {"windows936", &gb18030},
    {"euccn", &gb18030},
    {"big5", &big5},
    {"big5hkscs", &big5},
    {"cp950", &big5},
    {"shiftjis", &shift_jis},
    {"sjis", &shift_jis},
    {"cp932", &shift_jis},
    {"windows31j", &shift_jis},
    {"mskanji", &shift_jis},
    {"eucjp", &euc_jp},
    {"iso2022jp", &iso_2022_jp},
    {"euckr", &euc_kr},
    {"cp949", &euc_kr},
    {"uhc", &euc_kr},
    {"windows949", &euc_kr},
    {"euctw", &euc_tw},
};
#define NAMES (sizeof names / sizeof *names)

/* Letters and digits of name in lower case; false when it is too long. */
static bool plain_name(const char *name, char out[WEIR_CHARSET_NAME_MAX]) {
    size_t n = 0;
    for (; *name; name++) {
        char c = *name >= 'A' && *name <= 'Z' ? (char)(*name + 32) : *name;
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))) continue;
        if (n + 1 >= WEIR_CHARSET_NAME_MAX) return false;
        out[n++] = c;
    }
    out[n] = '\0';
    return n > 0;
}

static const weir_charset *find_in(const weir_charset_name *list, size_t n, const char *plain) {
    for (size_t i = 0; i < n && list[i].name; i++)
        if (strcmp(list[i].name, plain) == 0) return list[i].charset;
    return NULL;
}

/* A name that iconv knows; what stands behind "//" would tell it to change characters. */
static bool known_to_library(const char *name) {
    if (strlen(name) >= WEIR_CHARSET_NAME_MAX || strchr(name, '/') || strchr(name, ','))
        return false;
    iconv_t cd = iconv_open("UTF-8", name);
    if (cd == (iconv_t)-1)
        return false; /* NOLINT(performance-no-int-to-ptr): the library's value */
    iconv_close(cd);
    return true;
}

bool weir_charset_find(const char *name, char own[WEIR_CHARSET_NAME_MAX], weir_charset *out) {
    char plain[WEIR_CHARSET_NAME_MAX];
    if (!plain_name(name, plain)) return false;
    const weir_charset *found = find_in(names, NAMES, plain);
    if (!found) found = find_in(weir_charset_table_names, SIZE_MAX, plain);
    if (found) {
        *out = *found;
        return true;
    }
    if (!known_to_library(name)) return false;
    memcpy(own, name, strlen(name) + 1);
    *out = (weir_charset){own, WEIR_CHARSET_ICONV, NULL, own};
    return true;
}

/* The known name that is nearest to one that is not. */
static const char *nearest(const char *name) {
    const char *candidates[512], *best;
    size_t n = 0;
    char plain[WEIR_CHARSET_NAME_MAX];
    if (!plain_name(name, plain)) return NULL;
    for (size_t i = 0; i < NAMES; i++) candidates[n++] = names[i].name;
    for (const weir_charset_name *t = weir_charset_table_names; t->name && n < 512; t++)
        candidates[n++] = t->name;
    best = weir_distance_nearest(plain, strlen(plain), candidates, n);
    const weir_charset *found = best ? find_in(names, NAMES, best) : NULL;
    if (best && !found) found = find_in(weir_charset_table_names, SIZE_MAX, best);
    return found ? found->name : NULL;
}

weir_status weir_encoding_check(const char *name, weir_error *err) {
    char own[WEIR_CHARSET_NAME_MAX];
    weir_charset found;
    if (!name || strcmp(name, "auto") == 0 || weir_charset_find(name, own, &found)) return WEIR_OK;
    const char *near = nearest(name);
    weir_error_set(err, WEIR_USAGE, "no encoding is called \"%.60s\"", name);
    if (near)
        weir_error_hint(err, "did you mean %s? `iconv -l` lists more names", near);
    else
        weir_error_hint(err, "common ones are utf-8, utf-16, windows-1252, iso-8859-1, gb18030 and "
                             "shift_jis; `iconv -l` lists more");
    return WEIR_USAGE;
}
