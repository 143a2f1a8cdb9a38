/* Reading: files are the splits, each cut by its format in order of path. */
#include <sys/stat.h>

#include "base/log.h"
#include "connect/file/file.h"
#include "connect/file/memo.h"
#include "connect/file/told.h"
#include "text/hash.h"

typedef struct source {
    weir_source_request request;
    const weir_env *env;
    const weir_file_source_config *config;
    weir_read_request read;
    const weir_splits *splits; /* the flow's; from schema on */
    /* the split being read */
    const weir_split *split;
    weir_stream *stream;
    weir_cutter *cutter;
    uint64_t sequence;
    weir_schema *all;    /* columns of the data; read.all */
    weir_schema *wanted; /* read.wanted */
    weir_found found;
    /* input that cannot be read again: what inference has seen, given out once more */
    weir_buf seen;
    size_t seen_charged;
    uint64_t *members; /* places within seen where members of the compressed pipe begin */
    size_t n_members, members_capacity;
    weir_stream *pipe;
    uint32_t *index; /* splits by name: open addressing, number + 1 */
    size_t index_size;
    weir_read_heads heads;    /* of the split being read */
    _Atomic uint64_t repeats; /* read.repeats */
    /* while the schema is found: the bytes that are looked at */
    bool hashing;
    weir_file_hash hash;
    size_t n_hashed;        /* files that were read to their end */
    weir_hash128 data_hash; /* of these */
    weir_told told;         /* encodings */
} source;

/* Bytes of a chunk: small enough that what a worker makes of it stays in its cache and that the
 * budget holds several for each worker. */
static size_t chunk_bytes(const source *s) {
    if (s->config->chunk) return s->config->chunk < 64 ? 64 : (size_t)s->config->chunk;
    size_t memory = s->env->memory_bytes ? s->env->memory_bytes : (size_t)128 << 20;
    uint32_t threads = s->env->threads ? s->env->threads : 1;
    size_t n = memory / threads / 64;
    size_t low = 64 << 10, high = 512 << 10;
    return n < low ? low : n > high ? high : n;
}

static size_t max_record_bytes(const source *s) {
    size_t memory = s->env->memory_bytes ? s->env->memory_bytes : (size_t)128 << 20;
    size_t most = ((size_t)64 << 20) + (64 << 10);
    size_t n = s->config->max_record            ? (size_t)s->config->max_record
               : memory / 4 + (64 << 10) < most ? memory / 4 + (64 << 10)
                                                : most;
    return n < s->read.chunk_bytes ? s->read.chunk_bytes : n;
}

static weir_status source_open(const weir_source_request *request, const weir_env *env, void **out,
                               weir_error *err) {
    if (!request->format || !request->format->read)
        return weir_error_set(err, WEIR_USAGE, "the format %s cannot be read",
                              request->format ? request->format->name : "of this file");
    const weir_file_source_config *config = request->config;
    weir_status status = weir_encoding_check(config->encoding, err);
    if (status != WEIR_OK) return status;
    source *s = weir_alloc_zero(1, sizeof *s);
    if (!s) return weir_error_nomem(err);
    s->request = *request;
    s->env = env;
    s->config = request->config;
    s->read = (weir_read_request){.config = request->format_config,
                                  .repeats = &s->repeats,
                                  .columns = request->columns,
                                  .infer = request->infer,
                                  .extra = request->extra,
                                  .ledger = env->ledger,
                                  .cancel = env->cancel};
    s->read.chunk_bytes = chunk_bytes(s);
    s->read.max_record_bytes = max_record_bytes(s);
    *out = s;
    return WEIR_OK;
}

static void source_close(void *object) {
    source *s = object;
    if (!s) return;
    uint64_t repeats = atomic_load(&s->repeats);
    if (repeats)
        weir_log_warn("%s: a name stands twice in an object, %llu time%s: one value was taken "
                      "(repeated_names; reject sets such records aside)",
                      s->config->path.items[0], (unsigned long long)repeats,
                      repeats == 1 ? "" : "s");
    weir_told_rest(&s->told);
    if (s->cutter) s->request.format->read->cutter_free(s->cutter);
    if (s->stream != s->pipe) weir_stream_close(s->stream);
    weir_stream_close(s->pipe);
    if (s->seen_charged) weir_ledger_release(s->env->ledger, s->seen_charged);
    weir_buf_clear(&s->seen);
    weir_free(s->members);
    weir_schema_release(s->all);
    weir_schema_release(s->wanted);
    weir_found_clear(&s->found);
    weir_free(s->index);
    weir_free(s);
}

/* ---- splits -------------------------------------------------------------------------------- */

static bool readable_again(const source *s, const char *name);

/* Finds name among the splits, or puts the one that will be added next under it. */
static weir_status listed(source *s, const weir_splits *splits, const char *name, bool *out,
                          weir_error *err) {
    if (s->index_size < 2 * (splits->n + 1)) {
        size_t size = s->index_size ? s->index_size * 2 : 64;
        uint32_t *index = weir_alloc_zero(size, sizeof *index);
        if (!index) return weir_error_nomem(err);
        for (size_t i = 0; i < splits->n; i++) {
            const char *known = splits->items[i].name;
            size_t at = weir_hash_bytes(known, strlen(known), 0) & (size - 1);
            while (index[at]) at = (at + 1) & (size - 1);
            index[at] = (uint32_t)i + 1;
        }
        weir_free(s->index);
        s->index = index;
        s->index_size = size;
    }
    size_t at = weir_hash_bytes(name, strlen(name), 0) & (s->index_size - 1);
    for (; s->index[at]; at = (at + 1) & (s->index_size - 1)) {
        *out = strcmp(splits->items[s->index[at] - 1].name, name) == 0;
        if (*out) return WEIR_OK;
    }
    s->index[at] = (uint32_t)splits->n + 1;
    *out = false;
    return WEIR_OK;
}

static weir_status open_decompressed(source *s, const char *name, weir_stream **out,
                                     weir_error *err);

/* With on_empty: ok a file without any record that could tell its columns is left out: blank, or
 * an empty JSON array.  A larger one is not looked at; what fails to open does so when it is read.
 */
#define EMPTY_MAX_BYTES ((size_t)4 << 10)
static bool is_empty(source *s, const char *name) {
    bool csv = s->request.format->read->layout_of != NULL;
    if (!s->request.empty_ok || (s->request.columns && s->request.columns->n && !csv)) return false;
    char text[EMPTY_MAX_BYTES];
    weir_stream *in = NULL;
    weir_error ignored = {0};
    size_t got = 0, n = 0;
    weir_status status = open_decompressed(s, name, &in, &ignored);
    if (status == WEIR_OK) status = weir_stream_read_full(in, text, sizeof text, &got, &ignored);
    weir_stream_close(in);
    if (status != WEIR_OK || got == sizeof text) return false;
    size_t bom = got >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    for (size_t i = bom; i < got; i++)
        if (!strchr(" \t\r\n", text[i]) || !text[i]) text[n++] = text[i];
    bool array = strcmp(s->request.format->name, "json") == 0 && n == 2 && !memcmp(text, "[]", 2);
    return n == 0 || array;
}

/* A path without "./" and doubled slashes, so that a file named twice is one. */
static void tidy(char *path) {
    char *to = path;
    for (const char *p = path; *p;) {
        bool start = to == path || to[-1] == '/';
        if (start && p[0] == '.' && p[1] == '/') {
            p += 2;
            while (*p == '/') p++;
        } else if (*p == '/' && to != path && to[-1] == '/') {
            p++;
        } else {
            *to++ = *p++;
        }
    }
    *to = '\0';
}

static weir_status add_found(source *s, const char *pattern, const weir_file_info *f,
                             weir_splits *out, weir_error *err) {
    char *name = weir_arena_strdup(s->env->arena, weir_file_name(s->env, pattern, f->path));
    if (!name) return weir_error_nomem(err);
    tidy(name);
    bool known = false, regular = f->mtime_ns != 0;
    weir_split split = {.name = name, .size_bytes = f->size_bytes, .mtime_ns = f->mtime_ns};
    if (regular && f->size_bytes <= EMPTY_MAX_BYTES && readable_again(s, name) && is_empty(s, name))
        return WEIR_OK;
    weir_status status = listed(s, out, name, &known, err);
    return status == WEIR_OK && !known ? weir_splits_add(out, &split, err) : status;
}

static weir_status add_pattern(source *s, const char *pattern, weir_splits *out, weir_error *err) {
    char *path;
    weir_status status = weir_file_resolve(s->env, pattern, &path, err);
    if (status != WEIR_OK) return status;
    if (strcmp(path, "-") == 0) {
        weir_split split = {.name = "-"};
        return weir_splits_add(out, &split, err);
    }
    weir_file_list found = {.keep_broken = true};
    if (weir_file_is_pattern(path)) {
        WEIR_TRY(weir_file_glob(path, &found, err));
    } else { /* a file named outright must be there */
        weir_file_info info = {0};
        WEIR_TRY(weir_file_stat(path, &info, err));
        status = add_found(s, pattern, &info, out, err);
        weir_free(info.path);
        goto out;
    }
    for (size_t i = 0; i < found.n; i++) WEIR_TRY(add_found(s, pattern, &found.items[i], out, err));
out:
    weir_file_list_clear(&found);
    return status;
}

static weir_status source_enumerate(void *object, weir_splits *out, weir_error *err) {
    source *s = object;
    for (size_t i = 0; i < s->config->path.n; i++) {
        weir_status status = add_pattern(s, s->config->path.items[i], out, err);
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}

/* ---- opening bytes ------------------------------------------------------------------------- */

/* name: of a split. */
static weir_status open_decompressed(source *s, const char *name, weir_stream **out,
                                     weir_error *err) {
    weir_stream *raw;
    char *path;
    weir_status status = weir_file_resolve(s->env, name, &path, err);
    if (status == WEIR_OK) status = weir_file_open(path, s->env->cancel, &raw, err);
    if (status == WEIR_OK && s->hashing) status = weir_file_hashed(raw, &s->hash, &raw, err);
    if (status != WEIR_OK) return status;
    weir_codec codec = weir_file_codec(s->config->compression, path, true);
    weir_decompress_options o = {.codec = codec,
                                 .max_ratio = (double)s->config->max_ratio,
                                 .max_bytes = s->config->max_unpacked,
                                 .ledger = s->env->ledger,
                                 .members = s->request.format->members,
                                 .member = s->config->member,
                                 .zip = s->request.format->whole};
    if (codec != WEIR_CODEC_NONE) {
        status = weir_decompress_with(raw, &o, &raw, err);
        if (status != WEIR_OK) return status;
    }
    weir_text_input text = s->request.format->text;
    if (text != WEIR_TEXT_NONE)
        return weir_transcode_with(
            raw,
            &(weir_transcode_options){.encoding = s->config->encoding,
                                      .unicode_only = text == WEIR_TEXT_UNICODE,
                                      .tell = weir_told_encoding,
                                      .tell_context = &s->told},
            out, err);
    *out = raw;
    return WEIR_OK;
}

/* A file that is not there says so when it is opened; only pipes and the like are read once. */
static bool readable_again(const source *s, const char *name) {
    struct stat st;
    weir_error ignored;
    char *path;
    return strcmp(name, "-") != 0 && weir_file_resolve(s->env, name, &path, &ignored) == WEIR_OK &&
           (stat(path, &st) != 0 || S_ISREG(st.st_mode));
}

/* Input that can be read once: its beginning is kept, inference looks at that. */
#define PIPE_SAMPLE_BYTES ((size_t)1 << 20)

/* Keeps the beginning of the pipe; all of it, charged to the budget, for a format that needs it. */
static weir_status keep_pipe(source *s, weir_error *err) {
    bool whole = s->request.format->whole;
    size_t memory = s->env->memory_bytes ? s->env->memory_bytes : (size_t)128 << 20;
    size_t max = whole && memory / 4 > PIPE_SAMPLE_BYTES ? memory / 4 : PIPE_SAMPLE_BYTES, got = 1;
    weir_status status = WEIR_OK;
    while (status == WEIR_OK && got && s->seen.size < max) {
        size_t want =
            PIPE_SAMPLE_BYTES < max - s->seen.size ? PIPE_SAMPLE_BYTES : max - s->seen.size;
        size_t before = s->seen.capacity;
        if (!weir_buf_reserve(&s->seen, want)) return weir_error_nomem(err);
        if (whole && !weir_ledger_charge(s->env->ledger, s->seen.capacity - before)) break;
        if (whole) s->seen_charged += s->seen.capacity - before;
        status = weir_stream_read_full(s->pipe, s->seen.data + s->seen.size, want, &got, err);
        if (status == WEIR_OK) s->seen.size += got;
    }
    if (status != WEIR_OK || !whole || got == 0) return status;
    char more;
    if (s->seen.size < max)
        got = 1; /* the budget is used up */
    else
        status = weir_stream_read(s->pipe, &more, 1, &got, err);
    if (status != WEIR_OK || got == 0) return status;
    weir_error_set(err, WEIR_RESOURCE,
                   "%s is read as a whole, and a pipe of more than %zu bytes is "
                   "not kept",
                   s->request.format->name, s->seen.size);
    weir_error_hint(err,
                    "save it to a file, or raise limits: memory, a quarter of which may be used");
    return WEIR_RESOURCE;
}

/* Takes in the file that was read last. */
static void end_hash(source *s) {
    if (s->hash.end) {
        weir_file_memo_add(&s->data_hash, &s->hash);
        s->n_hashed++;
    }
    weir_file_hash_clear(&s->hash);
}

/* The places where members of a compressed pipe begin, as far as it was read. */
static weir_status keep_members(source *s, weir_error *err) {
    weir_status status = WEIR_OK;
    for (uint64_t at; status == WEIR_OK && weir_stream_next_member(s->pipe, &at);) {
        status = weir_grow((void **)&s->members, &s->members_capacity, s->n_members + 1,
                           sizeof *s->members, SIZE_MAX / sizeof *s->members / 2, err);
        if (status == WEIR_OK) s->members[s->n_members++] = at;
    }
    return status;
}

/* A stream that gives `seen` first, up to `end`, and then what the pipe still has. */
typedef struct replay {
    weir_stream base;
    source *s;
    size_t at, end, member;
    bool seen_only;
} replay;

static weir_status replay_read(weir_stream *stream, void *buf, size_t size, size_t *got,
                               weir_error *err) {
    replay *r = (replay *)stream;
    size_t left = r->end - r->at;
    *got = left < size ? left : size;
    if (left == 0 && !r->seen_only) return weir_stream_read(r->s->pipe, buf, size, got, err);
    if (*got) memcpy(buf, r->s->seen.data + r->at, *got);
    r->at += *got;
    return WEIR_OK;
}
static bool replay_next_member(weir_stream *stream, uint64_t *at) {
    replay *r = (replay *)stream;
    if (r->member < r->s->n_members) {
        *at = r->s->members[r->member++];
        return true;
    }
    return !r->seen_only && weir_stream_next_member(r->s->pipe, at);
}
static void replay_close(weir_stream *stream) {
    weir_free(stream);
}
static const weir_stream_ops replay_ops = {
    .read = replay_read, .next_member = replay_next_member, .close = replay_close};

static weir_status open_replay(source *s, const char *name, size_t end, bool seen_only,
                               weir_stream **out, weir_error *err) {
    replay *r = weir_alloc_zero(1, sizeof *r);
    if (!r) return weir_error_nomem(err);
    r->base = (weir_stream){.ops = &replay_ops,
                            .name = name,
                            .encoding = s->pipe->encoding,
                            .encoding_guessed = s->pipe->encoding_guessed,
                            .encoding_mixed = s->pipe->encoding_mixed,
                            .encoding_others = s->pipe->encoding_others};
    r->s = s;
    r->end = end;
    r->seen_only = seen_only;
    *out = &r->base;
    return WEIR_OK;
}

static weir_status open_for_schema(void *context, const weir_split *split, weir_stream **out,
                                   weir_error *err) {
    source *s = context;
    if (s->hashing) end_hash(s);
    if (readable_again(s, split->name)) return open_decompressed(s, split->name, out, err);
    weir_status status = WEIR_OK;
    if (!s->pipe) {
        WEIR_TRY(open_decompressed(s, split->name, &s->pipe, err));
        WEIR_TRY(keep_pipe(s, err));
        WEIR_TRY(keep_members(s, err));
    }
    if (s->request.format->whole)
        return weir_memory_open(split->name, s->seen.data, s->seen.size, out, err);
    /* a cut last line is no evidence */
    size_t n = s->seen.size;
    if (n == PIPE_SAMPLE_BYTES)
        while (n && s->seen.data[n - 1] != '\n') n--;
    WEIR_TRY(open_replay(s, split->name, n ? n : s->seen.size, true, out, err));
    (*out)->size_hint = n ? n : s->seen.size;
    (*out)->partial = s->seen.size == PIPE_SAMPLE_BYTES;
out:
    return status;
}

static weir_status open_split(source *s, const weir_split *split, weir_stream **out,
                              weir_error *err) {
    if (!s->pipe) return open_decompressed(s, split->name, out, err);
    if (s->request.format->whole)
        return weir_memory_open(split->name, s->seen.data, s->seen.size, out, err);
    return open_replay(s, split->name, s->seen.size, false, out, err);
}

/* ---- schema -------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    weir_type_id type;
} metadata[] = {{"_file", WEIR_STRING}, {"_line", WEIR_INT64}, {"_byte", WEIR_INT64}};
enum { META_FILE, META_LINE, META_BYTE, META_COUNT };

static int metadata_number(const char *name) {
    for (int i = 0; i < META_COUNT; i++)
        if (strcmp(metadata[i].name, name) == 0) return i;
    return -1;
}

static weir_status add_metadata(const source *s, weir_schema *data, weir_schema **out,
                                weir_error *err) {
    const weir_opt_strings *want = s->request.metadata;
    weir_field *fields = weir_alloc_zero(data->n_fields + want->n, sizeof *fields);
    if (!fields) return weir_error_nomem(err);
    memcpy(fields, data->fields, data->n_fields * sizeof *fields);
    uint32_t n = data->n_fields;
    weir_status status = WEIR_OK;
    for (size_t i = 0; i < want->n; i++) {
        int m = metadata_number(want->items[i]);
        if (m < 0) {
            status = weir_error_set(err, WEIR_USAGE, "metadata: %s is not known", want->items[i]);
            weir_error_hint(err, "files offer _file, _line and _byte");
            goto out;
        }
        fields[n++] = (weir_field){metadata[m].name, weir_type_of(metadata[m].type), false};
    }
    status = weir_schema_new(fields, n, out, err);
out:
    weir_free(fields);
    return status;
}

/* ---- what is remembered of the data -------------------------------------------------------- */

/* Worth remembering: a full look at the values of files that are read once from end to end.  What
 * libxml2 makes of them is not the build's alone. */
static bool may_remember(const source *s, const weir_file_schema_request *r) {
    return s->env->memo && !r->sample_only && s->read.infer == WEIR_INFER_FULL &&
           s->request.format->text != WEIR_TEXT_NONE;
}

/* What was kept, when it is of this source and of files of the same names and sizes. */
static bool remembered(const source *s, uint64_t number, weir_file_memo *m, weir_arena *arena) {
    weir_buf bytes = {0};
    bool found = s->env->memo->get(s->env->memo->context, &bytes) &&
                 weir_file_memo_load(m, (weir_slice){bytes.data, bytes.size}, arena) &&
                 m->source == number && m->n_splits == s->splits->n;
    weir_buf_clear(&bytes);
    return found;
}

/* Whether the files still have the bytes that m is of.  What cannot be read is found out later. */
static weir_status same_bytes(source *s, const weir_file_memo *m, bool *same, weir_error *err) {
    weir_hash128 data = {0, 0};
    for (size_t i = 0; i < s->splits->n; i++) {
        char *path;
        weir_file_hash one = {0};
        weir_error fault = {0};
        weir_status status = weir_file_resolve(s->env, s->splits->items[i].name, &path, &fault);
        if (status == WEIR_OK) status = weir_file_hash_of(path, s->env->cancel, &one, &fault);
        if (status == WEIR_OK) weir_file_memo_add(&data, &one);
        weir_file_hash_clear(&one);
        if (status == WEIR_CANCELLED || status == WEIR_RESOURCE) {
            *err = fault;
            return status;
        }
        if (status != WEIR_OK) return WEIR_OK;
    }
    *same = data.low == m->data.low && data.high == m->data.high;
    return WEIR_OK;
}

static void remember(source *s, weir_file_memo *m, uint64_t number) {
    weir_buf bytes = {0};
    if (m->n_columns == 0 || s->n_hashed != s->splits->n) return;
    m->source = number;
    m->data = s->data_hash;
    if (weir_file_memo_save(m, &bytes))
        s->env->memo->put(s->env->memo->context, (weir_slice){bytes.data, bytes.size});
    weir_buf_clear(&bytes);
}

/* The columns: those that are remembered of this data, or found by looking at it. */
static weir_status find_schema(source *s, weir_file_schema_request *r, weir_schema **out,
                               weir_error *err) {
    uint64_t number = may_remember(s, r) ? weir_file_memo_source(s->env->memo, s->splits) : 0;
    if (!number) return weir_file_schema(r, &s->found, out, err);
    weir_file_memo known = {0}, learnt = {0};
    bool same = false;
    weir_status status = WEIR_OK;
    if (remembered(s, number, &known, s->env->arena)) status = same_bytes(s, &known, &same, err);
    if (status != WEIR_OK) return status;
    if (same) {
        r->known = &known;
        weir_log_debug("step %s: the data has the bytes of an earlier run; its types are known",
                       s->env->step);
        return weir_file_schema(r, &s->found, out, err);
    }
    s->hashing = s->env->memo->put != NULL;
    s->n_hashed = 0;
    s->data_hash = (weir_hash128){0, 0};
    r->learnt = s->hashing ? &learnt : NULL;
    status = weir_file_schema(r, &s->found, out, err);
    if (s->hashing) end_hash(s);
    if (status == WEIR_OK && s->hashing) remember(s, &learnt, number);
    s->hashing = false;
    return status;
}

static weir_status source_schema(void *object, const weir_splits *splits, weir_schema **out,
                                 weir_error *err) {
    source *s = object;
    bool once = false;
    s->splits = splits;
    for (size_t i = 0; i < splits->n; i++) once = once || !readable_again(s, splits->items[i].name);
    if (once && splits->n > 1)
        return weir_error_set(err, WEIR_USAGE, "a pipe cannot be read together with other files");
    s->read.may_lack = splits->n > 1;
    weir_file_schema_request r = {.read = &s->read,
                                  .format = s->request.format,
                                  .splits = splits,
                                  .open = open_for_schema,
                                  .context = s,
                                  .threads = s->env->threads,
                                  .skip_faults = s->request.on_file_error == WEIR_FAULT_SKIP,
                                  .sample_only = once};
    weir_schema *data = NULL;
    weir_found_clear(&s->found);
    weir_status status = find_schema(s, &r, &data, err);
    if (status != WEIR_OK) return status;
    s->found.sampled |= once && s->seen.size == PIPE_SAMPLE_BYTES;
    s->read.found = &s->found.columns;
    s->read.heads = &s->heads;
    weir_schema_release(s->all);
    s->read.all = s->all = weir_schema_retain(data);
    if (!s->request.metadata || s->request.metadata->n == 0) {
        *out = data;
        return WEIR_OK;
    }
    status = add_metadata(s, data, out, err);
    weir_schema_release(data);
    return status;
}

static const weir_found *source_found(void *object) {
    return &((source *)object)->found;
}

/* ---- reading ------------------------------------------------------------------------------- */

static weir_status source_split_begin(void *object, const weir_split *split, uint32_t number,
                                      weir_error *err) {
    source *s = object;
    (void)number;
    s->split = split;
    s->sequence = 0;
    s->heads = (weir_read_heads){0};
    s->told.reading = true;
    if (s->pipe && s->pipe->encoding_guessed) weir_told_encoding(&s->told, s->pipe);
    weir_status status = open_split(s, split, &s->stream, err);
    if (status != WEIR_OK) return status;
    return s->request.format->read->cutter_new(&s->read, s->stream, &s->cutter, err);
}

static weir_status source_read(void *object, weir_packet *out, weir_read_result *result,
                               weir_error *err) {
    source *s = object;
    bool end = false;
    weir_status status = s->request.format->read->cutter_next(s->cutter, &out->chunk, &end, err);
    *result = end ? WEIR_READ_END : WEIR_READ_PACKET;
    return status;
}

static weir_status source_split_end(void *object, bool aborted, weir_error *err) {
    source *s = object;
    if (s->cutter) s->request.format->read->cutter_free(s->cutter);
    weir_stream_close(s->stream);
    s->cutter = NULL;
    s->stream = NULL;
    if (s->heads.n)
        weir_log_warn(
            "%s: the head of the file stands again at the beginning of %llu further member%s "
            "of the compressed file, first in line %llu: it was passed over there",
            s->split->name, (unsigned long long)s->heads.n, s->heads.n == 1 ? "" : "s",
            (unsigned long long)s->heads.first_line);
    if (aborted || !s->split || s->split->mtime_ns == 0) return WEIR_OK;
    if (!readable_again(s, s->split->name)) return WEIR_OK; /* a pipe's times say nothing */
    weir_file_info now = {0};
    char *path;
    weir_status status = weir_file_resolve(s->env, s->split->name, &path, err);
    if (status == WEIR_OK) status = weir_file_stat(path, &now, err);
    if (status != WEIR_OK) return status;
    bool same = now.size_bytes == s->split->size_bytes && now.mtime_ns == s->split->mtime_ns;
    weir_free(now.path);
    if (same) return WEIR_OK;
    weir_error_set(err, WEIR_DATA, "%s changed while it was being read", s->split->name);
    weir_error_hint(err, "run again when it is complete; writers should rename finished files");
    if (err) err->retriable = true;
    return WEIR_DATA;
}

/* ---- decoding ------------------------------------------------------------------------------ */

/* The format's decoder, and the metadata columns beside its own. */
typedef struct decoder {
    source *s;
    weir_decoder *inner;
    weir_schema *schema, *data; /* data: without metadata; the same object when there is none */
    const char *file;
} decoder;

static void decoder_free(void *object) {
    decoder *d = object;
    if (!d) return;
    if (d->inner) d->s->request.format->read->decoder_free(d->inner);
    weir_schema_release(d->schema);
    weir_schema_release(d->data);
    weir_free(d);
}

static weir_status decoder_new(void *object, weir_schema *schema, weir_ctx *ctx, void **out,
                               weir_error *err) {
    source *s = object;
    weir_status status = WEIR_OK;
    decoder *d = weir_alloc_zero(1, sizeof *d);
    weir_field *fields = weir_alloc_zero(schema->n_fields + 1u, sizeof *fields);
    if (!d || !fields) {
        weir_free(d);
        weir_free(fields);
        return weir_error_nomem(err);
    }
    d->s = s;
    d->schema = weir_schema_retain(schema);
    bool wants = s->request.metadata && s->request.metadata->n;
    uint32_t n = 0;
    for (uint32_t i = 0; i < schema->n_fields; i++)
        if (!wants || metadata_number(schema->fields[i].name) < 0) fields[n++] = schema->fields[i];
    if (n == schema->n_fields)
        d->data = weir_schema_retain(schema);
    else
        WEIR_TRY(weir_schema_new(fields, n, &d->data, err));
    WEIR_TRY(s->request.format->read->decoder_new(&s->read, d->data, ctx, &d->inner, err));
    *out = d;
    d = NULL;
out:
    decoder_free(d);
    weir_free(fields);
    return status;
}

static weir_status decode_begin(void *object, weir_packet *packet, weir_error *err) {
    decoder *d = object;
    const weir_splits *splits = d->s->splits;
    d->file = packet->chunk.split < splits->n ? splits->items[packet->chunk.split].name : "";
    return d->s->request.format->read->decoder_begin(d->inner, &packet->chunk, err);
}

/* Line or byte of each row. */
static weir_status position_column(const weir_batch *b, bool lines, weir_ctx *ctx,
                                   weir_column **out, weir_error *err) {
    weir_status status =
        weir_column_new(weir_type_of(WEIR_INT64), b->length, ctx->ledger, out, err);
    if (status != WEIR_OK) return status;
    int64_t *v = (*out)->values;
    const weir_origin *o = &b->origin;
    if (lines && o->row_line) { /* the format tells each row's */
        for (uint32_t i = 0; i < b->length; i++) v[i] = (int64_t)weir_batch_line(b, i);
        return WEIR_OK;
    }
    if (!lines) {
        for (uint32_t i = 0; i < b->length; i++) v[i] = (int64_t)weir_batch_byte(b, i);
        return WEIR_OK;
    }
    uint64_t line = b->length ? weir_batch_line(b, 0) : 0;
    for (uint32_t i = 0; i < b->length; i++) { /* counted along, not from the start for each row */
        if (i) line += weir_batch_lines_between(b, o->row_begin[i - 1], o->row_begin[i]);
        v[i] = (int64_t)line;
    }
    return WEIR_OK;
}

static weir_status metadata_column(decoder *d, const weir_batch *b, int which, weir_ctx *ctx,
                                   weir_column **out, weir_error *err) {
    if (which == META_FILE)
        return weir_column_constant(weir_type_of(WEIR_STRING), b->length, d->file, strlen(d->file),
                                    ctx->ledger, out, err);
    return position_column(b, which == META_LINE, ctx, out, err);
}

static weir_status decode_next(void *object, weir_ctx *ctx, weir_batch **out, weir_error *err) {
    decoder *d = object;
    weir_batch *b = NULL;
    *out = NULL;
    weir_status status = d->s->request.format->read->decoder_next(d->inner, ctx, &b, err);
    if (status != WEIR_OK || !b || d->data == d->schema) {
        *out = b;
        return status;
    }
    weir_column **columns = weir_alloc_zero(d->schema->n_fields, sizeof *columns);
    if (!columns) {
        status = weir_error_nomem(err);
        goto out;
    }
    uint32_t from = 0;
    for (uint32_t i = 0; i < d->schema->n_fields; i++) {
        int m = metadata_number(d->schema->fields[i].name);
        if (m < 0)
            columns[i] = weir_column_retain(b->columns[from++]);
        else
            WEIR_TRY(metadata_column(d, b, m, ctx, &columns[i], err));
    }
    WEIR_TRY(weir_batch_replace(b, d->schema, columns, err));
    memset(columns, 0, d->schema->n_fields * sizeof *columns); /* now the batch's */
    *out = b;
    b = NULL;
out:
    for (uint32_t i = 0; columns && i < d->schema->n_fields; i++) weir_column_release(columns[i]);
    weir_free(columns);
    weir_batch_free(b);
    return status;
}

static void source_project(void *object, weir_schema *schema) {
    source *s = object;
    weir_schema_release(s->wanted);
    s->wanted = weir_schema_retain(schema);
    s->read.wanted = s->wanted;
}

const weir_source_ops weir_file_source_ops = {
    .open = source_open,
    .enumerate = source_enumerate,
    .schema = source_schema,
    .split_begin = source_split_begin,
    .read = source_read,
    .split_end = source_split_end,
    .decoder_new = decoder_new,
    .decode_begin = decode_begin,
    .decode_next = decode_next,
    .decoder_free = decoder_free,
    .close = source_close,
    .found = source_found,
    .project = source_project,
};
