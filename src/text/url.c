#include "text/url.h"

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static const char *find(const char *p, const char *end, const char *any) {
    while (p < end && !strchr(any, *p)) p++;
    return p;
}

static weir_slice piece(const char *begin, const char *end) {
    return (weir_slice){begin, (size_t)(end - begin)};
}

/* user@host:port */
static bool split_authority(const char *p, const char *end, weir_url *u) {
    for (const char *at = end; at > p; at--)
        if (at[-1] == '@') {
            u->user = piece(p, at - 1);
            p = at;
            break;
        }
    const char *host_end = end;
    if (p < end && *p == '[') {
        const char *close = memchr(p, ']', (size_t)(end - p));
        if (!close || (close + 1 < end && close[1] != ':')) return false;
        u->host = piece(p + 1, close);
        host_end = close + 1;
    } else {
        host_end = find(p, end, ":");
        u->host = piece(p, host_end);
    }
    if (host_end < end) {
        uint32_t port = 0;
        u->port = piece(host_end + 1, end);
        for (const char *c = host_end + 1; c < end; c++) {
            if (!is_digit(*c)) return false;
            port = port * 10 + (uint32_t)(*c - '0');
            if (port > 65535) return false;
        }
    }
    return u->host.size > 0;
}

static bool has_blanks(weir_slice s) {
    for (size_t i = 0; i < s.size; i++)
        if ((unsigned char)s.data[i] <= ' ' || s.data[i] == 0x7F) return true;
    return false;
}

/* path?query#fragment */
static void split_rest(const char *path, const char *end, weir_url *u) {
    const char *query = find(path, end, "?#");
    if (query > path) u->path = piece(path, query);
    const char *fragment = query;
    if (query < end && *query == '?') {
        fragment = find(query, end, "#");
        u->query = piece(query + 1, fragment);
    }
    if (fragment < end) u->fragment = piece(fragment + 1, end);
}

bool weir_url_split(weir_slice s, weir_url *out) {
    weir_url u = {0};
    if (s.size == 0 || has_blanks(s)) return false;
    const char *p = s.data, *end = s.data + s.size;
    const char *colon = p;
    while (colon < end && (is_letter(*colon) || is_digit(*colon) || *colon == '+' ||
                           *colon == '-' || *colon == '.'))
        colon++;
    if (colon == p || !is_letter(*p) || end - colon < 3 || memcmp(colon, "://", 3) != 0)
        return false;
    u.scheme = piece(p, colon);
    const char *authority = colon + 3, *path = find(authority, end, "/?#");
    if (!split_authority(authority, path, &u)) return false;
    split_rest(path, end, &u);
    *out = u;
    return true;
}

bool weir_url_split_reference(weir_slice s, weir_url *out) {
    if (s.size == 0 || !strchr("/?#", *s.data) || *s.data == 0) return weir_url_split(s, out);
    if (has_blanks(s)) return false;
    weir_url u = {0};
    const char *path = s.data, *end = s.data + s.size;
    if (s.size >= 2 && path[1] == '/' && *path == '/') { /* //host/path; an empty host is none */
        const char *authority = path + 2;
        path = find(authority, end, "/?#");
        if (path > authority && !split_authority(authority, path, &u)) return false;
    }
    split_rest(path, end, &u);
    *out = u;
    return true;
}

bool weir_url_next(weir_slice *query, weir_slice *name, weir_slice *value) {
    while (query->size) {
        const char *begin = query->data, *end = begin + query->size;
        const char *stop = memchr(begin, '&', query->size);
        const char *next = stop ? stop + 1 : end;
        if (!stop) stop = end;
        *query = piece(next, end);
        if (stop == begin) continue;
        const char *equal = memchr(begin, '=', (size_t)(stop - begin));
        *name = piece(begin, equal ? equal : stop);
        *value = equal ? piece(equal + 1, stop) : (weir_slice){NULL, 0};
        return true;
    }
    return false;
}
