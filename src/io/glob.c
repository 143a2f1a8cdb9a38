/* Finding files by pattern; file.h has the rules. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/file.h"
#include "io/os.h"

#define PATTERN_MAX_BYTES 4096
#define ALTERNATIVES_MAX 4096
#define DEPTH_MAX 128
#define FILES_MAX ((size_t)16 << 20)

/* ---- matching one name --------------------------------------------------------------------- */

/* One character of UTF-8, or one byte where there is none; s is terminated and not at its end. */
static uint32_t next_char(const unsigned char **s) {
    const unsigned char *p = *s;
    uint32_t c = *p++;
    int more = c >= 0xf0 && c < 0xf8   ? 3
               : c >= 0xe0 && c < 0xf0 ? 2
               : c >= 0xc2 && c < 0xe0 ? 1
                                       : 0;
    uint32_t value = more == 3 ? c & 7 : more == 2 ? c & 15 : more == 1 ? c & 31 : c;
    for (int i = 0; i < more; i++) {
        if ((*p & 0xc0) !=
            0x80) { /* broken: the first byte stands for itself, above all characters */
            *s += 1;
            return 0x110000 + c;
        }
        value = value << 6 | (*p++ & 0x3f);
    }
    *s = p;
    return more == 0 && c >= 0x80 ? 0x110000 + c : value;
}

/* The bracket expression at *pattern (behind its "[") against c; moves *pattern behind the "]".
 * false return = no closing bracket, the "[" is literal. */
static bool match_bracket(const unsigned char **pattern, uint32_t c, bool *matched) {
    const unsigned char *p = *pattern;
    bool negate = *p == '!' || *p == '^', hit = false, first = true;
    if (negate) p++;
    while (*p && (first || *p != ']')) {
        first = false;
        if (*p == '\\' && p[1]) p++;
        uint32_t low = next_char(&p), high = low;
        if (*p == '-' && p[1] && p[1] != ']') {
            p++;
            if (*p == '\\' && p[1]) p++;
            high = next_char(&p);
        }
        if (low <= c && c <= high) hit = true;
    }
    if (*p != ']') return false;
    *pattern = p + 1;
    *matched = hit != negate;
    return true;
}

/* Matches the pattern element at *p (not "*") with the character at *n and moves both on. */
static bool match_one(const unsigned char **p, const unsigned char **n) {
    const unsigned char *q = *p;
    bool matched;
    uint32_t c = next_char(n);
    if (*q == '?') {
        *p = q + 1;
        return true;
    }
    if (*q == '[') {
        const unsigned char *in = q + 1;
        if (match_bracket(&in, c, &matched)) {
            *p = in;
            return matched;
        }
    }
    if (*q == '\\' && q[1]) q++;
    bool same = next_char(&q) == c;
    *p = q;
    return same;
}

bool weir_file_name_matches(const char *pattern, const char *name) {
    const unsigned char *p = (const unsigned char *)pattern, *n = (const unsigned char *)name;
    const unsigned char *star = NULL, *retry = NULL; /* behind the last "*"; where it ended last */
    while (*n) {
        if (*p == '*') {
            while (*p == '*') p++;
            star = p;
            retry = n;
        } else if (*p && match_one(&p, &n)) {
            continue;
        } else if (star) { /* let the last star take one more; earlier stars never need to move */
            next_char(&retry);
            n = retry;
            p = star;
        } else {
            return false;
        }
    }
    while (*p == '*') p++;
    return *p == '\0';
}

/* ---- patterns as text ---------------------------------------------------------------------- */

/* The end of the brace group that starts at open, when it has a comma at its own level. */
static const char *brace_end(const char *open, bool *has_comma) {
    int depth = 0;
    *has_comma = false;
    for (const char *p = open; *p; p++) {
        if (*p == '\\' && p[1]) {
            p++;
        } else if (*p == '{') {
            depth++;
        } else if (*p == '}') {
            if (--depth == 0) return p;
        } else if (*p == ',' && depth == 1) {
            *has_comma = true;
        }
    }
    return NULL;
}

static const char *first_group(const char *text, const char **end) {
    for (const char *p = text; *p; p++) {
        bool comma;
        if (*p == '\\' && p[1]) {
            p++;
        } else if (*p == '{' && (*end = brace_end(p, &comma)) != NULL && comma) {
            return p;
        }
    }
    return NULL;
}

static bool has_wildcard(const char *text, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (text[i] == '*' || text[i] == '?') return true;
        if (text[i] == '[' && memchr(text + i + 1, ']', n - i - 1)) return true;
    }
    return false;
}

bool weir_file_is_pattern(const char *text) {
    const char *end;
    return has_wildcard(text, strlen(text)) || first_group(text, &end) != NULL;
}

/* ---- walking ------------------------------------------------------------------------------- */

typedef struct walk {
    weir_file_list *out;
    weir_error *err;
    int alternatives;
} walk;

static weir_status add_file(walk *w, const char *path, const struct stat *st) {
    weir_status status = weir_grow((void **)&w->out->items, &w->out->capacity, w->out->n + 1,
                                   sizeof *w->out->items, FILES_MAX, w->err);
    if (status != WEIR_OK) return status;
    char *copy = weir_strdup(path);
    if (!copy) return weir_error_nomem(w->err);
    w->out->items[w->out->n++] =
        (weir_file_info){.path = copy,
                         .size_bytes = S_ISREG(st->st_mode) ? (uint64_t)st->st_size : 0,
                         .mtime_ns = (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec,
                         .inode = (uint64_t)st->st_ino,
                         .device = (uint64_t)st->st_dev};
    return WEIR_OK;
}

/* One file named without wildcards. */
static weir_status add_named(walk *w, const char *path) {
    struct stat st;
    if (stat(path, &st) != 0) {
        if (errno == ENOENT || errno == ENOTDIR) return WEIR_OK;
        return weir_os_error(w->err, errno, "find", path);
    }
    if (S_ISDIR(st.st_mode)) {
        weir_status status = weir_error_set(w->err, WEIR_USAGE, "%s is a folder", path);
        size_t n = strlen(path);
        weir_error_hint(w->err, "name the files in it, for example %s%s*.csv", path,
                        n > 0 && path[n - 1] == '/' ? "" : "/");
        return status;
    }
    return add_file(w, path, &st);
}

static bool ends_with(const char *text, const char *end) {
    size_t n = strlen(text), k = strlen(end);
    return n >= k && memcmp(text + n - k, end, k) == 0;
}

/* Names no one means by a wildcard. */
static bool passed_over(const char *pattern, const char *name, bool folder) {
    static const char *const endings[] = {".tmp", ".crc", ".part"};
    char lead = *name;
    if ((lead == '.' || lead == '_') && *pattern != lead &&
        !(*pattern == '\\' && pattern[1] == lead))
        return true;
    for (size_t i = 0; i < 3 && !folder; i++)
        if (ends_with(name, endings[i]) && !ends_with(pattern, endings[i])) return true;
    return false;
}

static weir_status walk_pattern(walk *w, weir_buf *path, const char *rest, int depth);

/* Sets path to its first `keep` bytes plus name. */
static weir_status set_path(walk *w, weir_buf *path, size_t keep, const char *name, size_t n) {
    path->size = keep;
    return weir_buf_add(path, name, n) ? WEIR_OK : weir_error_nomem(w->err);
}

/* What one entry of a folder means for a wildcard name.  part: the name's pattern; rest: the
 * pattern behind it ("" = it was the last); deep: part is "**". */
static weir_status walk_entry(walk *w, weir_buf *path, const struct dirent *e, const char *part,
                              const char *rest, bool deep, int depth) {
    size_t keep = path->size;
    struct stat st, link;
    const char *name = e->d_name;
    if (deep ? *name == '.' || *name == '_' : !weir_file_name_matches(part, name)) return WEIR_OK;
    weir_status status = set_path(w, path, keep, name, strlen(name));
    if (status != WEIR_OK) return status;
    const char *full = weir_buf_cstr(path);
    if (lstat(full, &link) != 0) {
        /* Gone since the folder was read: it is not there. */
        if (errno != ENOENT) status = weir_os_error(w->err, errno, "find", full);
        goto out;
    }
    if (stat(full, &st) != 0) {
        if (passed_over(part, name, false)) goto out;
        if (S_ISLNK(link.st_mode) && w->out->keep_broken && *rest == '\0')
            status = add_file(w, full, &(struct stat){0});
        else if (errno != ENOENT || S_ISLNK(link.st_mode))
            status = weir_os_error(w->err, errno, "follow the link", full);
        goto out;
    }
    bool folder = S_ISDIR(st.st_mode);
    if (passed_over(part, name, folder)) goto out;
    if (!folder) {
        if (*rest == '\0' && S_ISREG(st.st_mode)) status = add_file(w, full, &st);
        goto out;
    }
    if (deep ? S_ISLNK(link.st_mode) : *rest == '\0') goto out;
    if (!weir_buf_add(path, "/", 1)) {
        status = weir_error_nomem(w->err);
        goto out;
    }
    status = walk_pattern(w, path, deep ? part : rest, depth + 1);
out:
    path->size = keep;
    return status;
}

static weir_status walk_folder(walk *w, weir_buf *path, const char *part, const char *rest,
                               bool deep, int depth) {
    const char *folder = path->size ? weir_buf_cstr(path) : ".";
    int fd = -1;
    weir_error local = {0};
    weir_status status = weir_os_open(folder, O_RDONLY | O_DIRECTORY, 0, &fd, &local);
    if (status != WEIR_OK) {
        if (local.vendor_code == ENOENT || local.vendor_code == ENOTDIR) return WEIR_OK;
        if (w->err) *w->err = local;
        return status;
    }
    DIR *d = fdopendir(fd);
    if (!d) {
        status = weir_os_error(w->err, errno, "list", folder);
        weir_os_close(fd);
        return status;
    }
    for (;;) {
        errno = 0;
        const struct dirent *e = readdir(d);
        if (!e) {
            if (errno) status = weir_os_error(w->err, errno, "list", folder);
            break;
        }
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
        WEIR_TRY(walk_entry(w, path, e, part, rest, deep, depth));
    }
out:
    (void)closedir(d);
    return status;
}

/* path: what is settled so far, empty or ending in "/"; rest: the pattern's remaining names. */
static weir_status walk_pattern(walk *w, weir_buf *path, const char *rest, int depth) {
    size_t keep = path->size;
    weir_status status = WEIR_OK;
    if (depth > DEPTH_MAX)
        return weir_error_set(w->err, WEIR_DATA, "folders under %s are nested more than %d deep",
                              weir_buf_cstr(path), DEPTH_MAX);
    while (*rest == '/') rest++;
    const char *slash = strchr(rest, '/');
    size_t n = slash ? (size_t)(slash - rest) : strlen(rest);
    const char *after = slash ? slash + 1 : "";
    while (*after == '/') after++;

    char part[PATTERN_MAX_BYTES + 1];
    memcpy(part, rest, n); /* the whole pattern is no longer */
    part[n] = '\0';
    if (strcmp(part, "**") == 0) {
        if (*after == '\0') { /* all files below: this folder's, then its folders' */
            return walk_folder(w, path, "**", "", true, depth);
        }
        WEIR_TRY(walk_pattern(w, path, after, depth)); /* no folder */
        return walk_folder(w, path, rest, after, true, depth);
    }
    if (has_wildcard(part, n)) return walk_folder(w, path, part, after, false, depth);

    size_t k = 0; /* a literal name: take the backslashes out */
    for (size_t i = 0; i < n; i++) {
        if (part[i] == '\\' && i + 1 < n) i++;
        part[k++] = part[i];
    }
    WEIR_TRY(set_path(w, path, keep, part, k));
    if (*after == '\0') {
        status = add_named(w, weir_buf_cstr(path));
    } else {
        WEIR_TRY(set_path(w, path, path->size, "/", 1));
        status = walk_pattern(w, path, after, depth + 1);
    }
out:
    path->size = keep;
    return status;
}

/* Expands the first brace group and goes on with each alternative. */
static weir_status expand(walk *w, const char *pattern, int depth) {
    const char *end, *open = first_group(pattern, &end);
    weir_status status = WEIR_OK;
    weir_buf text = {.max = PATTERN_MAX_BYTES + 1};
    if (++w->alternatives > ALTERNATIVES_MAX || depth > DEPTH_MAX) {
        status = weir_error_set(w->err, WEIR_USAGE, "the pattern has more than %d alternatives",
                                ALTERNATIVES_MAX);
        goto out;
    }
    if (!open) {
        bool root = *pattern == '/';
        if (root && !weir_buf_add(&text, "/", 1)) status = weir_error_nomem(w->err);
        if (status == WEIR_OK) {
            text.max = 0; /* paths found may be longer than patterns */
            status = walk_pattern(w, &text, pattern, 0);
        }
        goto out;
    }
    int level = 0;
    for (const char *p = open + 1, *start = p;; p++) {
        if (*p == '\\' && p < end) {
            p++;
        } else if (p == end || (*p == ',' && level == 0)) {
            text.size = 0;
            if (!weir_buf_add(&text, pattern, (size_t)(open - pattern)) ||
                !weir_buf_add(&text, start, (size_t)(p - start)) ||
                !weir_buf_adds(&text, end + 1)) {
                status = weir_error_nomem(w->err);
                goto out;
            }
            WEIR_TRY(expand(w, weir_buf_cstr(&text), depth + 1));
            if (p == end) break;
            start = p + 1;
        } else if (*p == '{') {
            level++;
        } else if (*p == '}') {
            level--;
        }
    }
out:
    weir_buf_clear(&text);
    return status;
}

/* ---- paths as text ------------------------------------------------------------------------- */

/* Behind the slashes and "." names in front of p. */
static const char *next_name(const char *p) {
    while (*p == '/' || (*p == '.' && (p[1] == '/' || p[1] == '\0'))) p++;
    return p;
}

static bool match_names(const char *pattern, const char *path, int depth) {
    char part[PATTERN_MAX_BYTES + 1], name[256];
    pattern = next_name(pattern);
    path = next_name(path);
    size_t n = strcspn(pattern, "/"), k = strcspn(path, "/");
    if (n == 0 || k == 0 || depth > DEPTH_MAX) return n == 0 && k == 0;
    if (n >= sizeof part || k >= sizeof name) return false;
    memcpy(part, pattern, n);
    part[n] = '\0';
    memcpy(name, path, k);
    name[k] = '\0';
    bool hidden = has_wildcard(part, n) && passed_over(part, name, path[k] == '/');
    if (strcmp(part, "**") == 0) {
        if (pattern[n] && match_names(pattern + n, path, depth + 1)) return true;
        if (hidden) return false;
        return (!pattern[n] && !path[k]) || (path[k] && match_names(pattern, path + k, depth + 1));
    }
    return !hidden && weir_file_name_matches(part, name) &&
           match_names(pattern + n, path + k, depth + 1);
}

static bool match_groups(const char *pattern, const char *path, int *tries) {
    const char *end, *open = first_group(pattern, &end);
    if (++*tries > ALTERNATIVES_MAX) return false;
    if (!open) return match_names(pattern, path, 0);
    int level = 0;
    weir_buf text = {.max = PATTERN_MAX_BYTES + 1};
    bool found = false;
    for (const char *p = open + 1, *start = p; !found && p <= end; p++) {
        if (*p == '\\' && p < end) {
            p++;
        } else if (p == end || (*p == ',' && level == 0)) {
            text.size = 0;
            found = weir_buf_add(&text, pattern, (size_t)(open - pattern)) &&
                    weir_buf_add(&text, start, (size_t)(p - start)) &&
                    weir_buf_adds(&text, end + 1) &&
                    match_groups(weir_buf_cstr(&text), path, tries);
            start = p + 1;
        } else if (*p == '{') {
            level++;
        } else if (*p == '}') {
            level--;
        }
    }
    weir_buf_clear(&text);
    return found;
}

bool weir_file_path_matches(const char *pattern, const char *path) {
    int tries = 0;
    return (*pattern == '/') == (*path == '/') && strlen(pattern) <= PATTERN_MAX_BYTES &&
           match_groups(pattern, path, &tries);
}

static int by_path(const void *a, const void *b) {
    return strcmp(((const weir_file_info *)a)->path, ((const weir_file_info *)b)->path);
}

weir_status weir_file_glob(const char *pattern, weir_file_list *out, weir_error *err) {
    weir_file_list found = {.keep_broken = out->keep_broken};
    walk w = {.out = &found, .err = err};
    struct stat st;
    weir_status status = WEIR_OK;
    if (*pattern == '\0' || strlen(pattern) > PATTERN_MAX_BYTES) {
        return weir_error_set(err, WEIR_USAGE,
                              *pattern ? "the path is longer than %d bytes" : "the path is empty",
                              PATTERN_MAX_BYTES);
    }
    if (strcmp(pattern, "-") == 0) {
        WEIR_TRY(add_file(&w, "-", &(struct stat){0}));
    } else if (!weir_file_is_pattern(pattern) ||
               (stat(pattern, &st) == 0 && !S_ISDIR(st.st_mode))) {
        WEIR_TRY(add_named(&w, pattern));
    } else {
        WEIR_TRY(expand(&w, pattern, 0));
    }
    if (found.n > 1) qsort(found.items, found.n, sizeof *found.items, by_path);
    size_t kept = 0; /* alternatives and ** may find a file twice */
    for (size_t i = 0; i < found.n; i++) {
        if (kept > 0 && strcmp(found.items[kept - 1].path, found.items[i].path) == 0)
            weir_free(found.items[i].path);
        else
            found.items[kept++] = found.items[i];
    }
    found.n = kept;
    *out = found;
    return WEIR_OK;
out:
    weir_file_list_clear(&found);
    weir_error_at(err, pattern, 0, 0);
    return status;
}

void weir_file_list_clear(weir_file_list *l) {
    for (size_t i = 0; i < l->n; i++) weir_free(l->items[i].path);
    weir_free(l->items);
    *l = (weir_file_list){0};
}
