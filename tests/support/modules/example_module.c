/* A module from outside weir: a source that counts and a sink that appends lines to a file.
 *
 *     cc -shared -fPIC -I include -o example_module.so example_module.c
 *
 * It includes the public headers and libc, nothing else; docs/modules.md explains it part by part.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "weir/module.h"

static const weir_host *host;

static const char *setting(const weir_module_run *run, const char *key) {
    for (size_t i = 0; i < run->n_settings; i++)
        if (strcmp(run->settings[i].key, key) == 0) return run->settings[i].value;
    return NULL;
}

static weir_status number(const weir_module_run *run, const char *key, int64_t least, int64_t *out,
                          weir_error *err) {
    const char *text = setting(run, key);
    char *end = NULL;
    errno = 0;
    long long v = text ? strtoll(text, &end, 10) : 0;
    if (!text || end == text || *end || errno || v < least)
        return host->fail(err, WEIR_USAGE, "%s: \"%s\" is no number from %" PRId64 " on", key,
                          text ? text : "", least);
    *out = v;
    return WEIR_OK;
}

/* ---- the source: n, n + 1, n + 2, ... and a label ----------------------------------------------
 */

typedef struct counter {
    const weir_module_run *run;
    int64_t next, end, batch, fail_at;
} counter;

static weir_status count_open(const weir_module_run *run, void **source, weir_error *err) {
    counter *c = calloc(1, sizeof *c);
    if (!c) return host->fail(err, WEIR_RESOURCE, "out of memory");
    c->run = run;
    int64_t rows = 0;
    weir_status status = number(run, "start", INT64_MIN / 2, &c->next, err);
    if (status == WEIR_OK) status = number(run, "rows", 0, &rows, err);
    if (status == WEIR_OK) status = number(run, "batch", 1, &c->batch, err);
    if (status == WEIR_OK) status = number(run, "fail_at", -1, &c->fail_at, err);
    if (status != WEIR_OK) {
        free(c);
        return status;
    }
    c->end = c->next + rows;
    *source = c;
    return WEIR_OK;
}

static void release_static_schema(struct ArrowSchema *s) {
    s->release = NULL;
}
static void release_schema(struct ArrowSchema *s) {
    for (int64_t i = 0; i < s->n_children; i++)
        if (s->children[i]->release) s->children[i]->release(s->children[i]);
    free(s->private_data);
    s->release = NULL;
}

/* Two columns: n int64, never null; label utf8, null where n is a multiple of 3. */
static weir_status count_schema(void *source, struct ArrowSchema *out, weir_error *err) {
    (void)source;
    struct owned {
        struct ArrowSchema columns[2];
        struct ArrowSchema *pointers[2];
    } *o = calloc(1, sizeof *o);
    if (!o) return host->fail(err, WEIR_RESOURCE, "out of memory");
    o->columns[0].format = "l";
    o->columns[0].name = "n";
    o->columns[1].format = "u";
    o->columns[1].name = "label";
    o->columns[1].flags = ARROW_FLAG_NULLABLE;
    for (int i = 0; i < 2; i++) {
        o->columns[i].release = release_static_schema;
        o->pointers[i] = &o->columns[i];
    }
    out->format = "+s";
    out->name = "";
    out->n_children = 2;
    out->children = o->pointers;
    out->release = release_schema;
    out->private_data = o;
    return WEIR_OK;
}

/* All of one batch in one allocation: the tree, then the buffers. */
typedef struct rows {
    struct ArrowArray columns[2];
    struct ArrowArray *pointers[2];
    const void *none[1];      /* of the struct */
    const void *n_buffers[2]; /* validity, values */
    const void *l_buffers[3]; /* validity, offsets, bytes */
} rows;

static void release_static_array(struct ArrowArray *a) {
    a->release = NULL;
}
static void release_rows(struct ArrowArray *a) {
    for (int64_t i = 0; i < a->n_children; i++)
        if (a->children[i]->release) a->children[i]->release(a->children[i]);
    free(a->private_data);
    a->release = NULL;
}

#define LABEL_MAX 40u

static weir_status count_next(void *source, struct ArrowArray *out, weir_error *err) {
    counter *c = source;
    if (c->run->cancelled(c->run)) return host->fail(err, WEIR_CANCELLED, "stopped on request");
    if (c->fail_at >= 0 && c->next >= c->fail_at) {
        host->fail(err, WEIR_IO, "the counter broke at %" PRId64, c->next);
        host->hint(err, "raise fail_at");
        return WEIR_IO;
    }
    if (c->next == c->end) return WEIR_OK; /* out stays released: the end */
    size_t n = (size_t)(c->end - c->next < c->batch ? c->end - c->next : c->batch);
    size_t bits = (n + 7) / 8;
    rows *r = calloc(1, sizeof *r + n * 8 + (n + 1) * 4 + n * LABEL_MAX + bits);
    if (!r) return host->fail(err, WEIR_RESOURCE, "out of memory");
    int64_t *numbers = (int64_t *)(r + 1);
    int32_t *offsets = (int32_t *)(numbers + n);
    char *texts = (char *)(offsets + n + 1);
    uint8_t *valid = (uint8_t *)texts + n * LABEL_MAX;
    int64_t nulls = 0;
    for (size_t i = 0; i < n; i++, c->next++) {
        numbers[i] = c->next;
        offsets[i + 1] = offsets[i];
        if (c->next % 3 == 0) {
            nulls++;
            continue;
        }
        valid[i / 8] |= (uint8_t)(1u << i % 8);
        offsets[i + 1] += snprintf(texts + offsets[i], LABEL_MAX, "number %" PRId64, c->next);
    }
    r->n_buffers[1] = numbers;
    r->l_buffers[0] = valid;
    r->l_buffers[1] = offsets;
    r->l_buffers[2] = texts;
    r->columns[0] = (struct ArrowArray){.length = (int64_t)n,
                                        .n_buffers = 2,
                                        .buffers = r->n_buffers,
                                        .release = release_static_array};
    r->columns[1] = (struct ArrowArray){.length = (int64_t)n,
                                        .null_count = nulls,
                                        .n_buffers = 3,
                                        .buffers = r->l_buffers,
                                        .release = release_static_array};
    for (int i = 0; i < 2; i++) r->pointers[i] = &r->columns[i];
    *out = (struct ArrowArray){.length = (int64_t)n,
                               .n_buffers = 1,
                               .buffers = r->none,
                               .n_children = 2,
                               .children = r->pointers,
                               .release = release_rows,
                               .private_data = r};
    return WEIR_OK;
}

static void count_close(void *source) {
    free(source);
}

static const weir_module_option count_options[] = {
    {"rows", NULL, "how many rows", true},
    {"start", "0", "the first number", false},
    {"batch", "1000", "rows of one array", false},
    {"fail_at", "-1", "number at which to fail; -1 = never", false},
};

static const weir_module_source count_source = {
    .struct_size = sizeof(weir_module_source),
    .name = "count",
    .summary = "whole numbers, one after the other",
    .n_options = sizeof count_options / sizeof *count_options,
    .options = count_options,
    .open = count_open,
    .schema = count_schema,
    .next = count_next,
    .close = count_close,
};

/* ---- the sink: lines "n,label" at the end of a file --------------------------------------------
 * *
 *
 * Exactly once, also through kill -9:  the lines of an epoch gather in PATH.TOKEN.part.  prepare
 * makes them durable and hands out how long PATH is; commit cuts PATH to that length (which undoes
 * an earlier, half done commit), appends, and removes the part last.  So a part that is there has
 * to be appended, and one that is gone was.  Nobody else may write to PATH meanwhile.  (Through a
 * power cut, too, it would take an fsync of the folder in prepare.) */

typedef struct appender {
    char *path, *part;
    FILE *lines;
    char handle[32];
    int n_column, label_column;
} appender;

/* The target, relative to the pipeline's folder; freed by the caller. */
static char *target_name(const weir_module_run *run) {
    const char *path = setting(run, "path"), *folder = path[0] == '/' ? "" : run->folder;
    size_t size = strlen(folder) + strlen(path) + 2;
    char *name = malloc(size);
    if (name) snprintf(name, size, "%s%s%s", folder, *folder ? "/" : "", path);
    return name;
}

/* PATH.TOKEN.part; nothing of the token may lead elsewhere. */
static char *part_name(const char *path, const weir_module_epoch *epoch) {
    size_t size = strlen(path) + strlen(epoch->token) + 8;
    char *name = malloc(size);
    if (!name) return NULL;
    snprintf(name, size, "%s.%s.part", path, epoch->token);
    for (char *p = name + strlen(path); *p; p++)
        if (*p == '/') *p = '_';
    return name;
}

static weir_status append_open(const weir_module_run *run, const weir_module_load *load,
                               void **sink, weir_error *err) {
    (void)load; /* append is the only mode offered */
    appender *a = calloc(1, sizeof *a);
    if (a) a->path = target_name(run);
    if (!a || !a->path) {
        free(a);
        return host->fail(err, WEIR_RESOURCE, "out of memory");
    }
    *sink = a;
    return WEIR_OK;
}

static weir_status append_schema(void *sink, struct ArrowSchema *schema, weir_error *err) {
    appender *a = sink;
    a->n_column = a->label_column = -1;
    for (int64_t i = 0; i < schema->n_children; i++) {
        const struct ArrowSchema *c = schema->children[i];
        if (strcmp(c->name, "n") == 0 && strcmp(c->format, "l") == 0) a->n_column = (int)i;
        if (strcmp(c->name, "label") == 0 && strcmp(c->format, "u") == 0) a->label_column = (int)i;
    }
    schema->release(schema);
    if (a->n_column < 0 || a->label_column < 0)
        return host->fail(err, WEIR_USAGE, "append needs the columns n int64 and label string");
    return WEIR_OK;
}

static void drop_part(appender *a) {
    if (a->lines) fclose(a->lines);
    if (a->part) unlink(a->part);
    free(a->part);
    a->lines = NULL;
    a->part = NULL;
}

static weir_status append_begin(void *sink, const weir_module_epoch *epoch, weir_error *err) {
    appender *a = sink;
    drop_part(a);
    a->part = part_name(a->path, epoch);
    if (!a->part) return host->fail(err, WEIR_RESOURCE, "out of memory");
    a->lines = fopen(a->part, "we");
    if (!a->lines) return host->fail_errno(err, errno, "cannot write %s", a->part);
    return WEIR_OK;
}

static int bit(const void *bits, int64_t i) {
    return !bits || (((const uint8_t *)bits)[i / 8] >> (i % 8) & 1);
}

static weir_status append_write(void *sink, struct ArrowArray *array,
                                const weir_module_refusals *refusals, weir_error *err) {
    appender *a = sink;
    const struct ArrowArray *n = array->children[a->n_column];
    const struct ArrowArray *label = array->children[a->label_column];
    const int64_t *numbers = (const int64_t *)n->buffers[1] + n->offset;
    const int32_t *offsets = (const int32_t *)label->buffers[1] + label->offset;
    const char *texts = label->buffers[2];
    bool ok = true;
    for (int64_t i = 0; ok && i < array->length; i++) {
        int32_t size = offsets[i + 1] - offsets[i];
        if (!bit(n->buffers[0], n->offset + i)) {
            refusals->refuse(refusals, (uint64_t)i, "n", "n is null");
        } else if (size && memchr(texts + offsets[i], '\n', (size_t)size)) {
            refusals->refuse(refusals, (uint64_t)i, "label", "a label must be one line");
        } else {
            ok = fprintf(a->lines, "%" PRId64 ",", numbers[i]) > 0;
            if (bit(label->buffers[0], label->offset + i) && size)
                ok = ok && fwrite(texts + offsets[i], 1, (size_t)size, a->lines) == (size_t)size;
            ok = ok && putc('\n', a->lines) != EOF;
        }
    }
    weir_status status = ok ? WEIR_OK : host->fail_errno(err, errno, "cannot write %s", a->part);
    array->release(array);
    return status;
}

static weir_status append_prepare(void *sink, weir_module_bytes *handle, weir_error *err) {
    appender *a = sink;
    struct stat st = {0};
    if (fflush(a->lines) || fsync(fileno(a->lines)))
        return host->fail_errno(err, errno, "cannot write %s", a->part);
    if (stat(a->path, &st) && errno != ENOENT)
        return host->fail_errno(err, errno, "cannot look at %s", a->path);
    int size = snprintf(a->handle, sizeof a->handle, "%lld", (long long)st.st_size);
    *handle = (weir_module_bytes){a->handle, (size_t)size};
    return WEIR_OK;
}

/* Appends part to path, as if for the first time; part not there = done before. */
static weir_status finish(const char *path, const char *part, const weir_module_bytes *handle,
                          bool *done, weir_error *err) {
    char text[32];
    snprintf(text, sizeof text, "%.*s", (int)handle->size, (const char *)handle->data);
    *done = true;
    int from = open(part, O_RDONLY | O_CLOEXEC);
    if (from < 0 && errno == ENOENT) return WEIR_OK;
    int to = from < 0 ? -1 : open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    off_t at = (off_t)strtoll(text, NULL, 10);
    bool ok = to >= 0 && ftruncate(to, at) == 0 && lseek(to, at, SEEK_SET) == at;
    char buffer[65536];
    ssize_t n = 0;
    while (ok && (n = read(from, buffer, sizeof buffer)) > 0)
        for (ssize_t sent = 0, k; ok && sent < n; sent += k) {
            k = write(to, buffer + sent, (size_t)(n - sent));
            ok = k > 0;
            if (!ok) break;
        }
    ok = ok && n == 0 && fsync(to) == 0 && unlink(part) == 0;
    weir_status status = ok ? WEIR_OK : host->fail_errno(err, errno, "cannot append to %s", path);
    if (from >= 0) close(from);
    if (to >= 0) close(to);
    return status;
}

static weir_status append_commit(void *sink, const weir_module_epoch *epoch,
                                 const weir_module_bytes *handle, weir_module_counts *counts,
                                 weir_error *err) {
    appender *a = sink;
    bool done;
    (void)epoch;
    (void)counts; /* inserted is right as it is */
    if (!a->part) return WEIR_OK;
    if (a->lines) fclose(a->lines);
    a->lines = NULL;
    weir_status status = finish(a->path, a->part, handle, &done, err);
    if (status != WEIR_OK) return status;
    free(a->part);
    a->part = NULL;
    return WEIR_OK;
}

static weir_status append_abort(void *sink, const weir_module_epoch *epoch, weir_error *err) {
    (void)epoch;
    (void)err;
    drop_part(sink);
    return WEIR_OK;
}

static weir_status append_recover(const weir_module_run *run, const weir_module_load *load,
                                  const weir_module_epoch *epoch, const weir_module_bytes *handle,
                                  weir_module_counts *counts, bool *done, weir_error *err) {
    (void)load;
    (void)counts;
    char *path = target_name(run), *part = path ? part_name(path, epoch) : NULL;
    weir_status status = part ? finish(path, part, handle, done, err)
                              : host->fail(err, WEIR_RESOURCE, "out of memory");
    free(path);
    free(part);
    return status;
}

static weir_status append_discard(const weir_module_run *run, const weir_module_load *load,
                                  const weir_module_epoch *epoch, weir_error *err) {
    (void)load;
    char *path = target_name(run), *part = path ? part_name(path, epoch) : NULL;
    free(path);
    if (!part) return host->fail(err, WEIR_RESOURCE, "out of memory");
    weir_status status = WEIR_OK;
    if (unlink(part) && errno != ENOENT)
        status = host->fail_errno(err, errno, "cannot remove %s", part);
    free(part);
    return status;
}

/* A part that was prepared and not aborted stays: recover may need it. */
static void append_close(void *sink) {
    appender *a = sink;
    if (a->lines) fclose(a->lines);
    free(a->part);
    free(a->path);
    free(a);
}

static const weir_module_option append_options[] = {
    {"path", NULL, "the file to append to", true},
};

static const weir_module_sink append_sink = {
    .struct_size = sizeof(weir_module_sink),
    .name = "append",
    .summary = "lines at the end of a file",
    .n_options = sizeof append_options / sizeof *append_options,
    .options = append_options,
    .modes = WEIR_MODULE_APPEND,
    .open = append_open,
    .schema = append_schema,
    .begin = append_begin,
    .write = append_write,
    .prepare = append_prepare,
    .commit = append_commit,
    .abort = append_abort,
    .recover = append_recover,
    .discard = append_discard,
    .close = append_close,
};

/* ---- the module --------------------------------------------------------------------------------
 */

static const weir_module_source *const sources[] = {&count_source};
static const weir_module_sink *const sinks[] = {&append_sink};
static const weir_module module = {
    .abi = WEIR_MODULE_ABI,
    .struct_size = sizeof(weir_module),
    .name = "example",
    .summary = "what a module looks like",
    .version = "1",
    .n_sources = 1,
    .sources = sources,
    .n_sinks = 1,
    .sinks = sinks,
};

const weir_module *weir_module_open(const weir_host *from) {
    if (from->abi != WEIR_MODULE_ABI || from->struct_size < sizeof *from) return NULL;
    host = from;
    return &module;
}
