#include "text/zone.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "text/zone_rule.h"

#define ZONE_FILE_MAX (256 * 1024) /* the largest file of the database is under 4 KiB */
#define ZONES_MAX 2048             /* about 600 names exist; the rest are fixed offsets */
#define TZIF_HEADER 44
#define DEFAULT_TZDIR "/usr/share/zoneinfo"
/* Local and universal time never differ by more (RFC 8536, section 3.2, asks for less than 26 h).
 */
#define OFFSET_MAX (26 * 3600)
/* Within this distance of a local time lie all transitions that can concern it. */
#define REACH (27 * 3600)

struct zone_type {
    int32_t offset;
    bool dst;
    const char *abbreviation;
};

struct weir_zone {
    char *name;
    bool utc;
    uint32_t n_times, n_types;
    int64_t *times;      /* seconds UTC, ascending */
    uint8_t *time_types; /* type from times[i] on */
    struct zone_type *types;
    char *chars;
    bool has_rule; /* the POSIX rule holds behind the last transition */
    weir_zone_rule rule;
};

/* A stretch of time with one offset. */
struct span {
    int64_t from, to;
    int32_t offset;
    bool dst;
    const char *abbreviation;
};

static struct zone_type utc_type = {0, false, "UTC"};
static char utc_name[] = "UTC";
static const weir_zone utc_zone = {.name = utc_name, .utc = true, .n_types = 1, .types = &utc_type};

static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
static weir_zone **registry;
static size_t registry_n, registry_capacity;

const weir_zone *weir_zone_utc(void) {
    return &utc_zone;
}
const char *weir_zone_name(const weir_zone *z) {
    return z->name;
}
bool weir_zone_is_utc(const weir_zone *z) {
    return z->utc;
}

/* ---- loading ------------------------------------------------------------------------------- */

static void zone_free(weir_zone *z) {
    if (!z) return;
    weir_free(z->name);
    weir_free(z->times);
    weir_free(z->time_types);
    weir_free(z->types);
    weir_free(z->chars);
    weir_free(z);
}

static uint32_t be32(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}
static int64_t be64(const uint8_t *p) {
    return (int64_t)((uint64_t)be32(p) << 32 | be32(p + 4));
}

/* The six counts of a TZif header, and the bytes its data block takes with times of width bytes. */
struct tzif_counts {
    uint32_t isut, isstd, leap, time, type, chars;
};
static void read_counts(const uint8_t *h, struct tzif_counts *c) {
    c->isut = be32(h + 20);
    c->isstd = be32(h + 24);
    c->leap = be32(h + 28);
    c->time = be32(h + 32);
    c->type = be32(h + 36);
    c->chars = be32(h + 40);
}
static uint64_t block_bytes(const struct tzif_counts *c, unsigned width) {
    return (uint64_t)c->time * (width + 1u) + (uint64_t)c->type * 6 + c->chars +
           (uint64_t)c->leap * (width + 4u) + c->isstd + c->isut;
}

static const char *read_types(weir_zone *z, const uint8_t *p, const struct tzif_counts *c) {
    for (uint32_t i = 0; i < c->type; i++, p += 6) {
        int32_t offset = (int32_t)be32(p);
        if (offset <= -OFFSET_MAX || offset >= OFFSET_MAX) return "an offset is out of range";
        if (p[4] > 1 || p[5] >= c->chars) return "a local time type is damaged";
        z->types[i].offset = offset;
        z->types[i].dst = p[4] == 1;
        z->types[i].abbreviation = z->chars + p[5];
    }
    return NULL;
}

static const char *read_times(weir_zone *z, const uint8_t *p, const struct tzif_counts *c,
                              unsigned width) {
    const uint8_t *types = p + (size_t)c->time * width;
    for (uint32_t i = 0; i < c->time; i++) {
        int64_t t = width == 8 ? be64(p + (size_t)i * 8) : (int32_t)be32(p + (size_t)i * 4);
        if (i && t <= z->times[i - 1]) return "its transitions are not in order";
        if (types[i] >= c->type) return "a transition names no type";
        z->times[i] = t;
        z->time_types[i] = types[i];
    }
    return NULL;
}

/* Reads the footer: a POSIX TZ string between two newlines; empty is legal. */
static const char *read_footer(weir_zone *z, const uint8_t *p, size_t n) {
    if (n < 2 || p[0] != '\n') return "its footer is missing";
    const uint8_t *stop = memchr(p + 1, '\n', n - 1);
    if (!stop) return "its footer is cut off";
    size_t size = (size_t)(stop - p - 1);
    if (size == 0) return NULL;
    if (!weir_zone_rule_parse((const char *)p + 1, size, &z->rule))
        return "its footer is not a POSIX TZ rule";
    z->has_rule = true;
    return NULL;
}

/* Fills z from a whole TZif file.  Returns what is wrong, or NULL; *nomem tells a lack of memory.
 */
static const char *read_tzif(weir_zone *z, const uint8_t *p, size_t n, bool *nomem) {
    struct tzif_counts c;
    unsigned width = 4;
    if (n < TZIF_HEADER || memcmp(p, "TZif", 4) != 0) return "it is not a TZif file";
    uint8_t version = p[4];
    read_counts(p, &c);
    if (version >= '2') { /* the first block is for readers of version 1; the real one follows */
        uint64_t skip = TZIF_HEADER + block_bytes(&c, 4);
        if (skip > n || n - skip < TZIF_HEADER || memcmp(p + skip, "TZif", 4) != 0)
            return "it is cut off";
        p += skip;
        n -= (size_t)skip;
        read_counts(p, &c);
        width = 8;
    }
    p += TZIF_HEADER;
    n -= TZIF_HEADER;
    if (block_bytes(&c, width) > n) return "it is cut off";
    if (c.leap) return "it counts leap seconds, which timestamps do not";
    if (c.type == 0 || c.type > 256 || c.chars == 0) return "it has no local time types";
    z->times = weir_alloc_zero((size_t)c.time + 1, sizeof *z->times);
    z->time_types = weir_alloc_zero((size_t)c.time + 1, 1);
    z->types = weir_alloc_zero(c.type, sizeof *z->types);
    z->chars = weir_alloc_zero((size_t)c.chars + 1, 1);
    if (!z->times || !z->time_types || !z->types || !z->chars) {
        *nomem = true;
        return "";
    }
    z->n_times = c.time;
    z->n_types = c.type;
    size_t head = (size_t)c.time * (width + 1u), types = (size_t)c.type * 6;
    memcpy(z->chars, p + head + types, c.chars);
    const char *wrong = read_times(z, p, &c, width);
    if (!wrong) wrong = read_types(z, p + head, &c);
    if (!wrong && width == 8) {
        size_t block = (size_t)block_bytes(&c, width);
        wrong = read_footer(z, p + block, n - block);
    }
    return wrong;
}

/* Whether name can only mean a file below the database's folder. */
static bool name_is_safe(const char *name) {
    size_t n = strlen(name);
    if (n == 0 || n > WEIR_ZONE_NAME_MAX || name[0] == '/' || name[n - 1] == '/') return false;
    for (size_t i = 0; i < n; i++) {
        char c = name[i];
        bool ok = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                  c == '_' || c == '+' || c == '-' || (c == '/' && name[i + 1] != '/');
        if (!ok) return false;
    }
    return true;
}

static weir_status unknown(const char *name, weir_error *err) {
    weir_status s =
        weir_error_set(err, WEIR_USAGE, "there is no time zone \"%.*s\"", WEIR_ZONE_NAME_MAX, name);
    weir_error_hint(err, "use a name such as Europe/Berlin (case counts), UTC, or an offset such "
                         "as +02:00");
    return s;
}

static weir_status open_failed(const char *dir, const char *name, int code, weir_error *err) {
    struct stat st;
    if ((code == ENOENT || code == ENOTDIR) && (stat(dir, &st) != 0 || !S_ISDIR(st.st_mode))) {
        weir_status s =
            weir_error_set(err, WEIR_IO, "there is no time zone database in \"%.200s\"", dir);
        weir_error_hint(err, "install the system's tzdata package, or set TZDIR to its folder");
        return s;
    }
    if (code == ENOENT || code == ENOTDIR || code == EISDIR) return unknown(name, err);
    return weir_error_errno(err, code, "cannot read the time zone \"%s\"", name);
}

/* Reads the whole file of a zone; *data is the caller's. */
static weir_status read_zone_file(const char *name, uint8_t **data, size_t *size, weir_error *err) {
    const char *dir = getenv("TZDIR");
    if (!dir || !*dir) dir = DEFAULT_TZDIR;
    char path[1024];
    int n = snprintf(path, sizeof path, "%s/%s", dir, name);
    if (n < 0 || (size_t)n >= sizeof path)
        return weir_error_set(err, WEIR_USAGE, "TZDIR is too long (at most 900 bytes)");
    int code = 0;
    int fd = weir_fault(WEIR_FAULT_OPEN, &code) ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return open_failed(dir, name, code ? code : errno, err);
    weir_status status = WEIR_OK;
    uint8_t *buf = weir_alloc(ZONE_FILE_MAX);
    size_t got = 0;
    if (!buf) {
        status = weir_error_nomem(err);
        goto out;
    }
    while (got < ZONE_FILE_MAX) {
        ssize_t r = -1;
        if (weir_fault(WEIR_FAULT_READ, &code))
            errno = code;
        else
            r = read(fd, buf + got, ZONE_FILE_MAX - got);
        if (r < 0 && errno == EINTR) continue;
        if (r < 0) {
            status = open_failed(dir, name, errno, err);
            goto out;
        }
        if (r == 0) break;
        got += (size_t)r;
    }
    *data = buf;
    *size = got;
    buf = NULL;
out:
    weir_free(buf);
    close(fd);
    return status;
}

static weir_status load_file(const char *name, weir_zone *z, weir_error *err) {
    uint8_t *data = NULL;
    size_t size = 0;
    bool nomem = false;
    weir_status status = read_zone_file(name, &data, &size, err);
    if (status != WEIR_OK) return status;
    const char *wrong =
        size == ZONE_FILE_MAX ? "it is too large" : read_tzif(z, data, size, &nomem);
    bool foreign = size < 4 || memcmp(data, "TZif", 4) != 0;
    weir_free(data);
    if (nomem) return weir_error_nomem(err);
    if (!wrong) return WEIR_OK;
    if (foreign) return unknown(name, err); /* zone.tab and other tables live there, too */
    return weir_error_set(err, WEIR_DATA, "the file of time zone \"%s\" cannot be used: %s", name,
                          wrong);
}

static weir_status make_fixed(weir_zone *z, int32_t offset, weir_error *err) {
    z->types = weir_alloc_zero(1, sizeof *z->types);
    if (!z->types) return weir_error_nomem(err);
    z->n_types = 1;
    z->types[0].offset = offset;
    z->types[0].abbreviation = z->name;
    z->utc = offset == 0;
    return WEIR_OK;
}

bool weir_zone_parse_offset(const char *s, size_t n, size_t *used, int32_t *offset) {
    if (n && (*s == 'Z' || *s == 'z')) {
        *used = 1;
        *offset = 0;
        return true;
    }
    if (n < 3 || (*s != '+' && *s != '-')) return false;
    int part[3] = {0, 0, 0};
    size_t i = 1;
    bool colons = n > 3 && s[3] == ':';
    for (int k = 0; k < 3; k++) {
        size_t at = i + (k && colons);
        if (k && colons && (i >= n || s[i] != ':')) break;
        if (at + 2 > n || s[at] < '0' || s[at] > '9' || s[at + 1] < '0' || s[at + 1] > '9') {
            if (k == 0 || (k && colons)) return false;
            break;
        }
        part[k] = (s[at] - '0') * 10 + (s[at + 1] - '0');
        i = at + 2;
    }
    if (part[0] > 23 || part[1] > 59 || part[2] > 59) return false;
    int32_t v = part[0] * 3600 + part[1] * 60 + part[2];
    *offset = *s == '-' ? -v : v;
    *used = i;
    return true;
}

static weir_status make_zone(const char *name, weir_zone **out, weir_error *err) {
    static const char *const universal[] = {"GMT", "Etc/UTC", "Etc/GMT", "Universal", "Zulu"};
    weir_status status = WEIR_OK;
    weir_zone *z = weir_alloc_zero(1, sizeof *z);
    if (!z || !(z->name = weir_strdup(name))) {
        status = weir_error_nomem(err);
        goto out;
    }
    size_t n = strlen(name), used;
    int32_t offset;
    bool is_utc = false;
    for (size_t i = 0; i < sizeof universal / sizeof *universal; i++)
        is_utc |= strcmp(name, universal[i]) == 0;
    if (is_utc)
        status = make_fixed(z, 0, err);
    else if (weir_zone_parse_offset(name, n, &used, &offset) && used == n)
        status = make_fixed(z, offset, err);
    else
        status = load_file(name, z, err);
    if (status != WEIR_OK) goto out;
    *out = z;
    z = NULL;
out:
    zone_free(z);
    return status;
}

weir_status weir_zone_get(const char *name, const weir_zone **out, weir_error *err) {
    size_t used;
    int32_t offset;
    if (!name) return unknown("", err);
    bool fixed = weir_zone_parse_offset(name, strlen(name), &used, &offset) && !name[used];
    if (!fixed && !name_is_safe(name)) return unknown(name, err);
    if (!strcmp(name, "UTC") || !strcmp(name, "Z") || !strcmp(name, "utc")) {
        *out = &utc_zone;
        return WEIR_OK;
    }
    weir_status status = WEIR_OK;
    weir_zone *made = NULL;
    pthread_mutex_lock(&registry_lock);
    for (size_t i = 0; i < registry_n; i++) {
        if (strcmp(registry[i]->name, name) == 0) {
            *out = registry[i];
            goto out;
        }
    }
    WEIR_TRY(weir_grow((void **)&registry, &registry_capacity, registry_n + 1, sizeof *registry,
                       ZONES_MAX, err));
    WEIR_TRY(make_zone(name, &made, err));
    registry[registry_n++] = made;
    *out = made;
out:
    pthread_mutex_unlock(&registry_lock);
    return status;
}

/* ---- asking -------------------------------------------------------------------------------- */

/* The span of z that holds second t. */
static void span_at(const weir_zone *z, int64_t t, struct span *s) {
    s->from = INT64_MIN;
    s->to = INT64_MAX;
    uint32_t low = 0, high = z->n_times; /* times[low-1] <= t < times[low] */
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (z->times[mid] <= t)
            low = mid + 1;
        else
            high = mid;
    }
    if (low == z->n_times && z->has_rule) {
        weir_zone_rule_span r;
        weir_zone_rule_at(&z->rule, t, &r);
        s->from = r.from;
        s->to = r.to;
        if (low && s->from < z->times[low - 1]) s->from = z->times[low - 1];
        s->offset = r.offset;
        s->dst = r.dst;
        s->abbreviation = r.abbreviation;
        return;
    }
    const struct zone_type *type = &z->types[low ? z->time_types[low - 1] : 0];
    if (low) s->from = z->times[low - 1];
    if (low < z->n_times) s->to = z->times[low];
    s->offset = type->offset;
    s->dst = type->dst;
    s->abbreviation = type->abbreviation;
}

void weir_zone_cache_init(weir_zone_cache *c, const weir_zone *zone) {
    memset(c, 0, sizeof *c);
    c->zone = zone;
}

void weir_zone_seek(weir_zone_cache *c, int64_t utc_s) {
    const weir_zone *z = c->zone ? c->zone : &utc_zone;
    struct span s, other;
    span_at(z, utc_s, &s);
    c->utc_from = s.from;
    c->utc_to = s.to;
    c->offset = s.offset;
    c->dst = s.dst;
    c->abbreviation = s.abbreviation;
    c->local_from = INT64_MIN;
    c->local_to = INT64_MAX;
    /* The local times of this span that no neighbour shares.  A neighbour shorter than the reach
     * may hide a further one: then a wide margin is left to the slow path. */
    if (s.from != INT64_MIN) {
        span_at(z, s.from - 1, &other);
        bool brief = other.from != INT64_MIN && s.from - other.from < 2 * REACH;
        int32_t above = other.offset > s.offset ? other.offset : s.offset;
        c->local_from = s.from + (brief ? REACH : above);
    }
    if (s.to != INT64_MAX) {
        span_at(z, s.to, &other);
        bool brief = other.to != INT64_MAX && other.to - s.to < 2 * REACH;
        int32_t below = other.offset < s.offset ? other.offset : s.offset;
        c->local_to = s.to + (brief ? -REACH : below);
    }
}

weir_local weir_zone_resolve(weir_zone_cache *c, int64_t local_us, weir_ambiguous policy,
                             int64_t *utc_us) {
    const weir_zone *z = c->zone ? c->zone : &utc_zone;
    int64_t local = weir_floor_seconds(local_us);
    int32_t first = 0, last = 0, before = 0, after = 0;
    unsigned found = 0;
    bool gap = false;
    struct span s, next;
    span_at(z, local - REACH, &s);
    for (;;) {
        int64_t t = local - s.offset;
        if (t >= s.from && t < s.to) {
            if (!found++) first = s.offset;
            last = s.offset;
        }
        if (s.to == INT64_MAX || s.to > local + REACH) break;
        span_at(z, s.to, &next);
        if (!gap && local >= s.to + s.offset && local < s.to + next.offset) {
            gap = true;
            before = s.offset;
            after = next.offset;
        }
        s = next;
    }
    int32_t offset = first;
    if (found > 1 || !found) {
        if (!found && !gap) return WEIR_LOCAL_RANGE;
        if (policy == WEIR_AMBIGUOUS_ERROR) return found ? WEIR_LOCAL_TWICE : WEIR_LOCAL_NEVER;
        bool later = policy == WEIR_AMBIGUOUS_LATER;
        offset = found ? (later ? last : first) : (later ? before : after);
    }
    int64_t utc;
    if (__builtin_sub_overflow(local_us, (int64_t)offset * 1000000, &utc)) return WEIR_LOCAL_RANGE;
    weir_zone_seek(c, weir_floor_seconds(utc));
    *utc_us = utc;
    return WEIR_LOCAL_OK;
}
