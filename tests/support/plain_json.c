#include "support/plain_json.h"

#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 2000 };

typedef struct reader {
    const unsigned char *p;
    size_t at, size;
} reader;

static plain_json *read_value(reader *r, int depth);

static void blanks(reader *r) {
    while (r->at < r->size && (r->p[r->at] == ' ' || r->p[r->at] == '\t' || r->p[r->at] == '\n' ||
                               r->p[r->at] == '\r'))
        r->at++;
}

static bool take(reader *r, char c) {
    if (r->at >= r->size || r->p[r->at] != (unsigned char)c) return false;
    r->at++;
    return true;
}

static bool word(reader *r, const char *w) {
    size_t n = strlen(w);
    if (r->size - r->at < n || memcmp(r->p + r->at, w, n) != 0) return false;
    r->at += n;
    return true;
}

static int hex4(reader *r) {
    int v = 0;
    for (int i = 0; i < 4; i++) {
        if (r->at >= r->size) return -1;
        int c = r->p[r->at++];
        int d = c >= '0' && c <= '9'   ? c - '0'
                : c >= 'a' && c <= 'f' ? c - 'a' + 10
                : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                       : -1;
        if (d < 0) return -1;
        v = v * 16 + d;
    }
    return v;
}

static size_t put_utf8(char *out, unsigned c) {
    if (c < 0x80) return out[0] = (char)c, 1;
    if (c < 0x800) return out[0] = (char)(0xC0 | c >> 6), out[1] = (char)(0x80 | (c & 63)), 2;
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 63));
        out[2] = (char)(0x80 | (c & 63));
        return 3;
    }
    out[0] = (char)(0xF0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 63));
    out[2] = (char)(0x80 | (c >> 6 & 63));
    out[3] = (char)(0x80 | (c & 63));
    return 4;
}

/* The bytes of one UTF-8 character at p, 0 when there is none (RFC 3629). */
static size_t utf8_at(const unsigned char *p, size_t n) {
    unsigned char a = p[0];
    size_t k = a < 0x80                ? 1
               : a >= 0xC2 && a < 0xE0 ? 2
               : a >= 0xE0 && a < 0xF0 ? 3
               : a >= 0xF0 && a < 0xF5 ? 4
                                       : 0;
    if (k == 0 || k > n) return 0;
    for (size_t i = 1; i < k; i++)
        if ((p[i] & 0xC0) != 0x80) return 0;
    if (a == 0xE0 && p[1] < 0xA0) return 0;
    if (a == 0xED && p[1] >= 0xA0) return 0;
    if (a == 0xF0 && p[1] < 0x90) return 0;
    if (a == 0xF4 && p[1] >= 0x90) return 0;
    return k;
}

static bool escape(reader *r, char *out, size_t *n) {
    if (r->at >= r->size) return false;
    char c = (char)r->p[r->at++];
    const char *from = "\"\\/bfnrt", *to = "\"\\/\b\f\n\r\t", *found = strchr(from, c);
    if (found && c) {
        out[(*n)++] = to[found - from];
        return true;
    }
    if (c != 'u') return false;
    int v = hex4(r);
    if (v < 0 || (v >= 0xDC00 && v < 0xE000)) return false;
    if (v >= 0xD800 && v < 0xDC00) {
        if (!take(r, '\\') || !take(r, 'u')) return false;
        int low = hex4(r);
        if (low < 0xDC00 || low >= 0xE000) return false;
        v = 0x10000 + ((v - 0xD800) << 10) + (low - 0xDC00);
    }
    *n += put_utf8(out + *n, (unsigned)v);
    return true;
}

/* Behind the opening quote. */
static bool read_text(reader *r, char **text, size_t *size) {
    size_t end = r->at, n = 0;
    while (end < r->size && r->p[end] != '"') end += r->p[end] == '\\' ? 2 : 1;
    if (end >= r->size) return false;
    char *out = malloc(end - r->at + 4);
    while (r->at < r->size && r->p[r->at] != '"') {
        unsigned char c = r->p[r->at];
        bool ok = true;
        if (c < 0x20) {
            ok = false;
        } else if (c == '\\') {
            r->at++;
            ok = escape(r, out, &n);
        } else {
            size_t k = utf8_at(r->p + r->at, r->size - r->at);
            ok = k > 0;
            memcpy(out + n, r->p + r->at, k);
            n += k;
            r->at += k;
        }
        if (!ok) {
            free(out);
            return false;
        }
    }
    r->at++;
    out[n] = '\0';
    *text = out;
    *size = n;
    return true;
}

static bool digits(reader *r) {
    size_t from = r->at;
    while (r->at < r->size && r->p[r->at] >= '0' && r->p[r->at] <= '9') r->at++;
    return r->at > from;
}

static bool read_number(reader *r, plain_json *v) {
    size_t from = r->at;
    take(r, '-');
    if (!take(r, '0') && !digits(r)) return false;
    if (take(r, '.') && !digits(r)) return false;
    if (take(r, 'e') || take(r, 'E')) {
        if (!take(r, '+')) take(r, '-');
        if (!digits(r)) return false;
    }
    v->kind = PLAIN_NUMBER;
    v->size = r->at - from;
    v->text = malloc(v->size + 1);
    memcpy(v->text, r->p + from, v->size);
    v->text[v->size] = '\0';
    return true;
}

static bool read_items(reader *r, plain_json *v, int depth) {
    char close = v->kind == PLAIN_LIST ? ']' : '}';
    blanks(r);
    if (take(r, close)) return true;
    for (;;) {
        char *key = NULL;
        size_t key_size = 0;
        if (v->kind == PLAIN_OBJECT) {
            blanks(r);
            if (!take(r, '"') || !read_text(r, &key, &key_size)) return false;
            blanks(r);
            if (!take(r, ':')) return free(key), false;
        }
        plain_json *item = read_value(r, depth + 1);
        if (!item) return free(key), false;
        item->key = key;
        item->key_size = key_size;
        if (v->last)
            v->last->next = item;
        else
            v->first = item;
        v->last = item;
        v->n++;
        if (take(r, close)) return true;
        if (!take(r, ',')) return false;
    }
}

static plain_json *read_value(reader *r, int depth) {
    plain_json *v = calloc(1, sizeof *v);
    bool ok = depth < DEPTH_MAX;
    blanks(r);
    if (ok && take(r, '{')) {
        v->kind = PLAIN_OBJECT;
        ok = read_items(r, v, depth);
    } else if (ok && take(r, '[')) {
        v->kind = PLAIN_LIST;
        ok = read_items(r, v, depth);
    } else if (ok && take(r, '"')) {
        v->kind = PLAIN_TEXT;
        ok = read_text(r, &v->text, &v->size);
    } else if (ok && word(r, "null")) {
        v->kind = PLAIN_NULL;
    } else if (ok && word(r, "true")) {
        v->kind = PLAIN_TRUE;
    } else if (ok && word(r, "false")) {
        v->kind = PLAIN_FALSE;
    } else {
        ok = ok && read_number(r, v);
    }
    if (!ok) {
        plain_json_free(v);
        return NULL;
    }
    blanks(r);
    return v;
}

plain_json *plain_json_read(const char *text, size_t size, size_t *at) {
    reader r = {(const unsigned char *)text, *at, size};
    plain_json *v = read_value(&r, 0);
    *at = r.at;
    return v;
}

void plain_json_free(plain_json *v) {
    while (v) {
        plain_json *next = v->next;
        plain_json_free(v->first);
        free(v->text);
        free(v->key);
        free(v);
        v = next;
    }
}

const plain_json *plain_json_member(const plain_json *object, const char *key, size_t key_size) {
    const plain_json *found = NULL;
    for (const plain_json *m = object->first; m; m = m->next)
        if (m->key && m->key_size == key_size && memcmp(m->key, key, key_size) == 0) found = m;
    return found;
}

/* A number as sign, digits without zeros at either end, and the power of ten of the last digit. */
typedef struct number {
    bool negative;
    char *digits;
    size_t n;
    long long exponent;
} number;

static number number_of(const char *s, size_t size) {
    number x = {.digits = malloc(size + 1)};
    size_t i = 0;
    bool point = false;
    if (i < size && (s[i] == '-' || s[i] == '+')) x.negative = s[i++] == '-';
    for (; i < size && s[i] != 'e' && s[i] != 'E'; i++) {
        if (s[i] == '.') {
            point = true;
            continue;
        }
        if (x.n || s[i] != '0') x.digits[x.n++] = s[i];
        x.exponent -= point;
    }
    if (i < size) {
        long long power = 0;
        bool negative = s[i + 1] == '-';
        for (size_t k = i + 1 + (s[i + 1] == '-' || s[i + 1] == '+'); k < size; k++)
            if (power < 1000000000000) power = power * 10 + (s[k] - '0');
        x.exponent += negative ? -power : power;
    }
    while (x.n && x.digits[x.n - 1] == '0') {
        x.n--;
        x.exponent++;
    }
    return x;
}

bool plain_number_equal(const char *a, size_t a_size, const char *b, size_t b_size) {
    number x = number_of(a, a_size), y = number_of(b, b_size);
    bool same = x.n == y.n && memcmp(x.digits, y.digits, x.n) == 0 &&
                (x.n == 0 || (x.exponent == y.exponent && x.negative == y.negative));
    free(x.digits);
    free(y.digits);
    return same;
}

static bool each_in(const plain_json *a, const plain_json *b) {
    for (const plain_json *m = a->first; m; m = m->next) {
        const plain_json *x = plain_json_member(a, m->key, m->key_size);
        const plain_json *y = plain_json_member(b, m->key, m->key_size);
        if (!y || !plain_json_equal(x, y)) return false;
    }
    return true;
}

bool plain_json_equal(const plain_json *a, const plain_json *b) {
    if (a->kind != b->kind) return false;
    if (a->kind == PLAIN_NUMBER) return plain_number_equal(a->text, a->size, b->text, b->size);
    if (a->kind == PLAIN_TEXT) return a->size == b->size && memcmp(a->text, b->text, a->size) == 0;
    if (a->kind == PLAIN_OBJECT) return each_in(a, b) && each_in(b, a);
    if (a->kind != PLAIN_LIST) return true;
    const plain_json *x = a->first, *y = b->first;
    for (; x && y; x = x->next, y = y->next)
        if (!plain_json_equal(x, y)) return false;
    return !x && !y;
}
