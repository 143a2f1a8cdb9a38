/* The source of a replay: raw records of reject sets, decoded as their own source would have.
 *
 * The reader thread turns raw forms into chunks of the source's format; workers decode them with
 * that format's decoder.  Every record keeps its first address.  Records that the format rejected
 * for their quotes get a chunk of their own, in which quotes do not span lines: it is one broken
 * record still, unless the source is declared in another way now.
 */
#include "api/rejects.h"
#include "reject/reject.h"
#include "text/json.h"

typedef struct replay {
    const weir_replay_config *config;
    const weir_env *env;
    const weir_format *format;
    const void *format_config;
    weir_read_request read;
    weir_opt_columns columns, found; /* found: how inferred columns are written */
    weir_schema *schema;             /* of what decode gives, metadata columns last */
    weir_layout *layout; /* as the source declares it; names alone when it is undeclared */
    bool undeclared;
    const char **names; /* of the columns, n_names: what a layout is made of */
    uint32_t n_names;
    const char **dialects; /* for each set: what its run found of the text; NULL = nothing */
    uint32_t set;          /* the one being read */
    char *file;            /* the records at hand are from it, and file_layout is how it is read */
    weir_layout *file_layout;
    weir_reject_reader *reader;
    weir_batch *batch; /* of the reject set being read */
    uint32_t row;      /* next row of it */
    uint64_t sequence;
    weir_arena arena;
    weir_diags diags;
} replay;

/* First addresses of a chunk's records, in the order of their bytes. */
typedef struct addresses {
    char *source;
    uint32_t n;
    uint32_t *offset; /* of the record in the chunk's block */
    uint64_t *line, *byte;
    uint32_t levels;  /* of items in the addresses */
    uint32_t *wanted; /* levels a record: the item whose turn it is, 0 = all */
    bool routed;      /* some record is wanted by one target only */
    size_t *route;    /* a record: where that target's name begins in routes, + 1; 0 = by all */
    weir_buf routes;  /* names, each with its NUL */
} addresses;

/* Lists in lists in lists: more levels than a pipeline has operators that unnest. */
#define LEVELS_MAX 32u

static void addresses_free(void *p) {
    addresses *a = p;
    if (!a) return;
    weir_free(a->source);
    weir_free(a->offset);
    weir_free(a->line);
    weir_free(a->byte);
    weir_free(a->wanted);
    weir_free(a->route);
    weir_buf_clear(&a->routes);
    weir_free(a);
}

/* Whether the raw form of a record is what stood in its file; else it is a JSON object. */
static bool keeps_bytes(const replay *r) {
    const weir_format *format = r->config->origin_request.format;
    return (r->config->origin->caps & WEIR_CAP_FORMATS) && format && !format->columnar;
}

/* ---- the schema a set's source had --------------------------------------------------------- */

static const weir_opt_column *declared(const replay *r, const char *name) {
    const weir_opt_columns *columns = r->config->origin_request.columns;
    for (size_t i = 0; columns && i < columns->n; i++)
        if (strcmp(columns->items[i].name, name) == 0) return &columns->items[i];
    return NULL;
}

/* How an inferred column was written: what the run found. */
static weir_status take_how(replay *r, const weir_json *how, const char *name, weir_error *err) {
    weir_opt_column *c = &r->found.items[r->found.n++];
    const weir_json *nulls = weir_json_get(how, "null");
    c->name = name;
    c->format = weir_json_string(weir_json_get(how, "format"));
    c->decimal = weir_json_string(weir_json_get(how, "decimal"));
    c->thousands = weir_json_string(weir_json_get(how, "thousands"));
    if (!nulls || nulls->n == 0) return WEIR_OK;
    c->nulls.items = weir_arena_zero(&r->arena, nulls->n, sizeof *c->nulls.items);
    if (!c->nulls.items) return weir_error_nomem(err);
    for (const weir_json *e = nulls->first; e; e = e->next) {
        const char *word = weir_json_string(e);
        if (word) c->nulls.items[c->nulls.n++] = word;
    }
    return WEIR_OK;
}

/* Columns as they were; what the file declares today wins over what was inferred then. */
static weir_status take_column(replay *r, const weir_json *entry, weir_field *field,
                               const char **physical, weir_error *err) {
    const char *name = weir_json_string(weir_json_at(entry, 0));
    const char *type = weir_json_string(weir_json_at(entry, 1));
    bool not_null = false;
    if (!name || !type || !weir_json_bool(weir_json_at(entry, 2), &not_null))
        return weir_error_set(err, WEIR_DATA, "the stored schema of a reject set is damaged");
    const weir_opt_column *d = declared(r, name);
    weir_opt_column *c = &r->columns.items[r->columns.n++];
    if (d) *c = *d;
    c->name = name;
    const weir_json *how = weir_json_at(entry, 3);
    if (how && !c->type) {
        weir_status found = take_how(r, how, name, err);
        if (found != WEIR_OK) return found;
    }
    if (!c->type) c->type = type;
    /* bytes have the names of the source; the JSON object of a row those of the columns */
    if (!keeps_bytes(r)) c->from = NULL;
    *physical = c->from ? c->from : name;
    field->name = name;
    field->not_null = d ? d->not_null : not_null;
    weir_status status = weir_type_parse(c->type, &field->type, err);
    if (status == WEIR_OK && field->type->id == WEIR_TIMESTAMPTZ && c->timezone)
        status = weir_type_timestamptz(c->timezone, &field->type, err);
    return status;
}

/* Columns that the source adds to a record: here they come from the address in the reject. */
typedef enum meta { META_FILE, META_LINE, META_BYTE, META_NONE } meta;
static const char *const meta_names[] = {"_file", "_line", "_byte"};

/* Which metadata column a field is; META_NONE for a field of the record itself. */
static meta meta_of(const replay *r, const char *name) {
    const weir_opt_strings *want = r->config->origin_request.metadata;
    for (size_t i = 0; want && i < want->n; i++) {
        if (strcmp(want->items[i], name) != 0) continue;
        for (int m = 0; m < META_NONE; m++)
            if (strcmp(meta_names[m], name) == 0) return (meta)m;
    }
    return META_NONE;
}

static weir_status add_metadata(const replay *r, weir_field *fields, uint32_t *n, weir_error *err) {
    const weir_opt_strings *want = r->config->origin_request.metadata;
    for (size_t i = 0; want && i < want->n; i++) {
        meta m = meta_of(r, want->items[i]);
        if (m == META_NONE)
            return weir_error_set(err, WEIR_USAGE, "metadata: a reject does not keep %s",
                                  want->items[i]);
        fields[(*n)++] = (weir_field){
            meta_names[m], weir_type_of(m == META_FILE ? WEIR_STRING : WEIR_INT64), false};
    }
    return WEIR_OK;
}

/* Length of the columns in what is kept of a set's source; the dialect stands behind them. */
static size_t columns_size(const char *text) {
    const char *dialect = strstr(text, ",{\"dialect\":");
    return dialect ? (size_t)(dialect - text) : strlen(text) - 1;
}

/* The dialect that was found for each set. */
static weir_status load_dialects(replay *r, weir_error *err) {
    r->dialects = weir_arena_zero(&r->arena, r->config->n_sets + 1, sizeof *r->dialects);
    if (!r->dialects) return weir_error_nomem(err);
    for (size_t i = 0; i < r->config->n_sets; i++) {
        const char *text = r->config->schemas[i];
        const weir_json *root = NULL;
        weir_status status = weir_json_parse(text, strlen(text), NULL, &r->arena, &root, err);
        if (status != WEIR_OK) return status;
        for (const weir_json *e = root->first; e; e = e->next) {
            const weir_json *dialect = weir_json_get(e, "dialect");
            if (dialect) r->dialects[i] = weir_json_string(dialect);
        }
    }
    return WEIR_OK;
}

static weir_status load_schema(replay *r, weir_error *err) {
    const char *text = r->config->schemas[0];
    const weir_json *root = NULL;
    size_t size = columns_size(text);
    for (size_t i = 1; i < r->config->n_sets; i++)
        if (columns_size(r->config->schemas[i]) != size ||
            strncmp(r->config->schemas[i], text, size) != 0) {
            weir_error_set(err, WEIR_USAGE,
                           "the open reject sets come from inputs of different columns");
            weir_error_hint(err, "replay them one by one with --run");
            return WEIR_USAGE;
        }
    weir_status status = weir_json_parse(text, strlen(text), NULL, &r->arena, &root, err);
    if (status != WEIR_OK) return status;
    const weir_opt_strings *added = r->config->origin_request.metadata;
    weir_field *fields =
        weir_arena_zero(&r->arena, root->n + (added ? added->n : 0) + 1, sizeof *fields);
    const char **names = weir_arena_zero(&r->arena, root->n + 1, sizeof *names);
    r->columns.items = weir_arena_zero(&r->arena, root->n + 1, sizeof *r->columns.items);
    r->found.items = weir_arena_zero(&r->arena, root->n + 1, sizeof *r->found.items);
    if (!fields || !names || !r->columns.items || !r->found.items) return weir_error_nomem(err);
    uint32_t n = 0;
    for (const weir_json *e = root->first; e && status == WEIR_OK; e = e->next) {
        if (weir_json_get(e, "dialect")) continue;
        status = take_column(r, e, &fields[n], &names[n], err);
        n++;
    }
    uint32_t all = n;
    if (status == WEIR_OK) status = add_metadata(r, fields, &all, err);
    if (status == WEIR_OK) status = weir_schema_new(fields, all, &r->schema, err);
    if (status != WEIR_OK) return status;
    const weir_read_ops *ops = r->format->read;
    r->names = names;
    r->n_names = n;
    status = load_dialects(r, err);
    if (status != WEIR_OK) return status;
    if (!ops->layout_of) return weir_layout_new(names, n, &r->layout, err);
    /* What the source does not declare may show in the files, or be kept with the rejects. */
    weir_error why = {0};
    status = ops->layout_of(&r->read, names, n, &r->layout, &why);
    r->undeclared = status == WEIR_USAGE;
    if (r->undeclared) return weir_layout_new(names, n, &r->layout, err);
    if (status != WEIR_OK && err) *err = why;
    return status;
}

/* ---- open ---------------------------------------------------------------------------------- */

static void replay_close(void *object) {
    replay *r = object;
    if (!r) return;
    weir_reject_reader_free(r->reader);
    weir_batch_free(r->batch);
    weir_layout_release(r->layout);
    weir_layout_release(r->file_layout);
    weir_free(r->file);
    weir_schema_release(r->schema);
    weir_diags_clear(&r->diags);
    weir_arena_clear(&r->arena);
    weir_free(r);
}

static weir_status replay_open(const weir_source_request *request, const weir_env *env, void **out,
                               weir_error *err) {
    replay *r = weir_alloc_zero(1, sizeof *r);
    if (!r) return weir_error_nomem(err);
    weir_status status = WEIR_OK;
    r->config = request->config;
    r->env = env;
    const weir_source_request *origin = &r->config->origin_request;
    weir_diags_init(&r->diags, "replay");
    if (keeps_bytes(r)) {
        r->format = origin->format;
        r->format_config = origin->format_config;
    } else { /* the raw form of a row is a JSON object */
        r->format = weir_format_find("ndjson");
        void *config = weir_arena_zero(&r->arena, 1, r->format->read_config_size + 1);
        if (!config) status = weir_error_nomem(err);
        if (status != WEIR_OK) goto out;
        WEIR_TRY(weir_option_bind(r->format->read_options, NULL, config, &r->arena, &r->diags));
        r->format_config = config;
    }
    r->read = (weir_read_request){.config = r->format_config,
                                  .columns = &r->columns,
                                  .found = &r->found,
                                  .infer = WEIR_INFER_NONE,
                                  .extra = WEIR_EXTRA_DROP,
                                  .chunk_bytes = 256 << 10,
                                  .max_record_bytes = (size_t)64 << 20,
                                  .ledger = env->ledger,
                                  .cancel = env->cancel};
    WEIR_TRY(load_schema(r, err));
    *out = r;
    return WEIR_OK;
out:
    if (status == WEIR_RESOURCE && err && err->status == WEIR_OK) status = weir_error_nomem(err);
    replay_close(r);
    return status;
}

static weir_status replay_enumerate(void *object, weir_splits *out, weir_error *err) {
    replay *r = object;
    for (size_t i = 0; i < r->config->n_sets; i++) {
        weir_split split = {.name = r->config->paths[i]};
        weir_status status = weir_splits_add(out, &split, err);
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}

static weir_status replay_schema(void *object, const weir_splits *splits, weir_schema **out,
                                 weir_error *err) {
    (void)splits;
    (void)err;
    *out = weir_schema_retain(((replay *)object)->schema);
    return WEIR_OK;
}

/* ---- reading ------------------------------------------------------------------------------- */

static weir_status split_begin(void *object, const weir_split *split, uint32_t number,
                               weir_error *err) {
    replay *r = object;
    weir_free(r->file); /* another set may have found another dialect */
    r->file = NULL;
    r->set = number;
    r->row = 0;
    r->sequence = 0;
    return weir_reject_reader_new(split->name, r->env, &r->reader, err);
}

static weir_status split_end(void *object, bool aborted, weir_error *err) {
    replay *r = object;
    (void)aborted;
    (void)err;
    weir_reject_reader_free(r->reader);
    weir_batch_free(r->batch);
    r->reader = NULL;
    r->batch = NULL;
    return WEIR_OK;
}

static const weir_column *field(const replay *r, const char *name) {
    return r->batch->columns[weir_schema_find(r->batch->schema, name, strlen(name))];
}

static uint64_t number_at(const weir_column *c, uint32_t row) {
    if (weir_column_is_null(c, row)) return UINT64_MAX;
    return (uint64_t)((const int64_t *)c->values)[weir_column_slot(c, row)];
}

/* The items that the address of the row names, at most LEVELS_MAX; how many. */
static uint32_t items_of_address(const replay *r, uint32_t items[LEVELS_MAX]) {
    weir_slice address = weir_column_slice(field(r, "address"), r->row);
    weir_slice source = weir_column_slice(field(r, "source"), r->row);
    bool has_byte = !weir_column_is_null(field(r, "byte"), r->row) &&
                    !weir_column_is_null(field(r, "line"), r->row);
    const char *end = address.data + address.size, *at = address.data + source.size;
    uint32_t n = 0;
    if (address.size <= source.size || memcmp(address.data, source.data, source.size) != 0)
        return 0;
    /* ":line:byte" or "#id" first; what follows are items */
    at++;
    while (at < end && ((*at >= '0' && *at <= '9') || (has_byte && *at == ':'))) at++;
    while (at < end && *at == '#' && n < LEVELS_MAX) {
        uint64_t item = 0;
        for (at++; at < end && *at >= '0' && *at <= '9' && item <= UINT32_MAX; at++)
            item = item * 10 + (uint64_t)(*at - '0');
        if (item == 0 || item > UINT32_MAX) return 0;
        items[n++] = (uint32_t)item;
    }
    return n;
}

/* Keeps the items that the row's address names for record number at; *fits is false when it has
 * more of them than the records before, which then go first. */
static weir_status keep_items(const replay *r, addresses *a, uint32_t rows, bool *fits,
                              weir_error *err) {
    uint32_t items[LEVELS_MAX];
    uint32_t n = items_of_address(r, items);
    *fits = true;
    if (n > a->levels && a->n) {
        *fits = false;
        return WEIR_OK;
    }
    if (n > a->levels) {
        a->levels = n;
        a->wanted = weir_alloc_zero((size_t)rows * n + 1, sizeof *a->wanted);
        if (!a->wanted) return weir_error_nomem(err);
    }
    for (uint32_t l = 0; l < n; l++) a->wanted[(size_t)a->n * a->levels + l] = items[l];
    return WEIR_OK;
}

/* Keeps the target that record number at has to come to, where its reject names one. */
static weir_status keep_route(const replay *r, addresses *a, weir_error *err) {
    weir_arena arena = {0};
    const char *name = NULL;
    weir_slice failures = weir_column_slice(field(r, "failures"), r->row);
    weir_status status = weir_reject_route(failures, &arena, &name, err);
    if (status == WEIR_OK && name) {
        a->routed = true;
        a->route[a->n] = a->routes.size + 1;
        if (!weir_buf_add(&a->routes, name, strlen(name) + 1)) status = weir_error_nomem(err);
    }
    weir_arena_clear(&arena);
    return status;
}

static weir_status addresses_new(const replay *r, uint32_t rows, addresses **out, weir_error *err) {
    addresses *a = weir_alloc_zero(1, sizeof *a);
    weir_slice source = weir_column_slice(field(r, "source"), r->row);
    if (a) {
        a->source = weir_strndup(source.data, source.size);
        a->offset = weir_alloc_zero(rows + 1, sizeof *a->offset);
        a->line = weir_alloc_zero(rows + 1, sizeof *a->line);
        a->byte = weir_alloc_zero(rows + 1, sizeof *a->byte);
        a->route = weir_alloc_zero(rows + 1, sizeof *a->route);
    }
    if (!a || !a->source || !a->offset || !a->line || !a->byte || !a->route) {
        addresses_free(a);
        return weir_error_nomem(err);
    }
    *out = a;
    return WEIR_OK;
}

/* Gathers records of one source file, from the row on, into bytes. */
static weir_status gather(replay *r, weir_buf *bytes, addresses *a, bool *alone, weir_error *err) {
    const weir_column *raw = field(r, "raw"), *rule = field(r, "rule"),
                      *source = field(r, "source");
    const weir_column *line = field(r, "line"), *byte = field(r, "byte");
    uint32_t rows = r->batch->length - r->row;
    for (; r->row < r->batch->length; r->row++) {
        weir_slice from = weir_column_slice(source, r->row);
        if (!weir_slice_is(from, a->source) || bytes->size > r->read.chunk_bytes) break;
        bool quotes = weir_slice_is(weir_column_slice(rule, r->row), "quote");
        if (quotes && a->n) break;
        if (weir_column_is_null(raw, r->row))
            return weir_error_set(
                err, WEIR_DATA, "a reject of %s has no raw form and cannot be replayed", a->source);
        bool fits = true;
        weir_status status = keep_items(r, a, rows, &fits, err);
        if (status != WEIR_OK) return status;
        if (!fits) break;
        status = keep_route(r, a, err);
        if (status != WEIR_OK) return status;
        a->offset[a->n] = (uint32_t)bytes->size;
        a->line[a->n] = number_at(line, r->row);
        a->byte[a->n++] = number_at(byte, r->row);
        if (!weir_reject_raw_bytes(weir_column_slice(raw, r->row), bytes))
            return weir_error_nomem(err);
        if ((bytes->size == 0 || bytes->data[bytes->size - 1] != '\n') &&
            !weir_buf_add(bytes, "\n", 1))
            return weir_error_nomem(err);
        *alone = quotes;
        if (quotes) {
            r->row++;
            break;
        }
    }
    return WEIR_OK;
}

/* ---- how a file is read -------------------------------------------------------------------- */

/* A record as it was rejected. */
typedef struct record {
    weir_slice raw; /* without its line end */
    uint64_t byte;  /* its address in the file */
} record;

static bool same_names(const weir_layout *a, const weir_layout *b) {
    bool same = a->n_names == b->n_names;
    for (uint32_t i = 0; same && i < a->n_names; i++) same = strcmp(a->names[i], b->names[i]) == 0;
    return same;
}

/* Whether the record that was rejected stands at its address still, reading on from *packet. */
static bool holds_record(const weir_source_ops *ops, void *source, weir_packet *packet,
                         const record *what) {
    weir_error ignored = {0};
    for (;;) {
        const weir_chunk *c = &packet->chunk;
        uint64_t size = c->end - c->begin;
        if (what->byte < c->first_byte) return false;
        if (what->byte < c->first_byte + size) {
            uint64_t at = what->byte - c->first_byte;
            if (what->raw.size == 0 || what->raw.size > size - at) return what->raw.size == 0;
            return memcmp((const char *)c->block->data + c->begin + at, what->raw.data,
                          what->raw.size) == 0;
        }
        weir_read_result result = WEIR_READ_END;
        weir_packet_clear(packet);
        if (ops->read(source, packet, &result, &ignored) != WEIR_OK || !packet->chunk.block)
            return false;
    }
}

/* The layout that the origin's own reader gives file, or NULL: it is gone, or is another one now.
 * What it finds out about the text (delimiter, names) is what it found when it rejected the record:
 * either the names are those of the run's columns, or the record is still where it was. */
static weir_layout *look_at_file(const replay *r, const char *file, const record *what) {
    const weir_source_ops *ops = r->config->origin->source;
    weir_error ignored = {0};
    weir_split split = {.name = file};
    weir_packet packet = {0};
    weir_read_result result = WEIR_READ_END;
    weir_layout *layout = NULL;
    void *source = NULL;
    if (strcmp(file, "-") == 0) return NULL;
    if (ops->open(&r->config->origin_request, r->env, &source, &ignored) != WEIR_OK) return NULL;
    if (ops->split_begin(source, &split, 0, &ignored) == WEIR_OK &&
        ops->read(source, &packet, &result, &ignored) == WEIR_OK && packet.chunk.layout) {
        layout = weir_layout_retain(packet.chunk.layout);
        if (!same_names(layout, r->layout) && !holds_record(ops, source, &packet, what)) {
            weir_layout_release(layout);
            layout = NULL;
        }
    }
    weir_packet_clear(&packet);
    (void)ops->split_end(source, true, &ignored);
    ops->close(source);
    return layout;
}

/* How the run read a file that is gone: by the dialect that is kept with the rejects. */
static weir_status kept_layout(replay *r, const char *file, weir_layout **out, weir_error *err) {
    const char *dialect = r->dialects[r->set];
    weir_read_request read = r->read;
    if (!dialect) return WEIR_OK;
    weir_status status = weir_replay_dialect(r->format, r->format_config, dialect, file, &r->arena,
                                             &read.config, err);
    if (status != WEIR_OK || !read.config) return status;
    return r->format->read->layout_of(&read, r->names, r->n_names, out, err);
}

/* How the records of file are read: as it was found out from the file itself while it is there, as
 * its run found it when it is gone, else as the source declares it. */
static weir_status layout_of_file(replay *r, const char *file, const record *what,
                                  weir_layout **out, weir_error *err) {
    bool known = r->file && strcmp(r->file, file) == 0;
    bool formats = keeps_bytes(r) && r->format->read->layout_of;
    if (!known && formats) {
        char *name = weir_strdup(file);
        if (!name) return weir_error_nomem(err);
        weir_free(r->file);
        weir_layout_release(r->file_layout);
        r->file = name;
        r->file_layout = look_at_file(r, file, what);
        if (!r->file_layout) {
            weir_status status = kept_layout(r, file, &r->file_layout, err);
            if (status != WEIR_OK) return status;
        }
    }
    if (!(formats && r->file_layout) && r->undeclared && r->format->read->layout_of)
        return r->format->read->layout_of(&r->read, r->names, r->n_names, out, err); /* says why */
    *out = weir_layout_retain(formats && r->file_layout ? r->file_layout : r->layout);
    return WEIR_OK;
}

/* Where the records stand, for formats whose records may go over several lines. */
static weir_status index_of(const replay *r, const addresses *a, size_t size, weir_block **out,
                            weir_error *err) {
    weir_status status =
        weir_block_new(r->env->ledger, ((size_t)a->n + 1) * 2 * sizeof(uint32_t), out, err);
    if (status != WEIR_OK) return status;
    uint32_t *to = (uint32_t *)(void *)(*out)->data;
    for (uint32_t i = 0; i < a->n; i++) {
        *to++ = a->offset[i];
        *to++ = (i + 1 < a->n ? a->offset[i + 1] : (uint32_t)size) - 1; /* without its LF */
    }
    (*out)->size = (size_t)((uint8_t *)to - (*out)->data);
    return WEIR_OK;
}

static weir_status make_packet(replay *r, weir_packet *out, weir_error *err) {
    weir_buf bytes = {0};
    addresses *a = NULL;
    bool alone = false;
    weir_block *block = NULL;
    weir_status status;
    WEIR_TRY(addresses_new(r, r->batch->length - r->row, &a, err));
    WEIR_TRY(gather(r, &bytes, a, &alone, err));
    record first = {{bytes.data, a->n > 1     ? a->offset[1] - 1
                                 : bytes.size ? bytes.size - 1
                                              : 0},
                    a->byte[0]};
    WEIR_TRY(layout_of_file(r, a->source, &first, &out->chunk.layout, err));
    WEIR_TRY(weir_block_new(r->env->ledger, bytes.size ? bytes.size : 1, &block, err));
    if (bytes.size) memcpy(block->data, bytes.data, bytes.size);
    WEIR_TRY(index_of(r, a, bytes.size, &out->chunk.index, err));
    block->size = bytes.size;
    out->extra = a;
    out->extra_free = addresses_free;
    a = NULL;
    out->chunk.block = block;
    block = NULL;
    out->chunk.end = (uint32_t)bytes.size;
    out->chunk.flags = WEIR_CHUNK_IRREGULAR | (alone ? WEIR_CHUNK_ONE_LINE | WEIR_CHUNK_BROKEN : 0);
    out->chunk.sequence = r->sequence++;
    out->chunk.first_line = 1;
out:
    weir_block_release(block);
    addresses_free(a);
    weir_buf_clear(&bytes);
    return status;
}

static weir_status replay_read(void *object, weir_packet *out, weir_read_result *result,
                               weir_error *err) {
    replay *r = object;
    while (!r->batch || r->row >= r->batch->length) {
        weir_batch_free(r->batch);
        r->batch = NULL;
        r->row = 0;
        weir_status status = weir_reject_reader_next(r->reader, &r->batch, err);
        if (status != WEIR_OK) return status;
        *result = WEIR_READ_END;
        if (!r->batch) return WEIR_OK;
    }
    *result = WEIR_READ_PACKET;
    return make_packet(r, out, err);
}

/* ---- decoding ------------------------------------------------------------------------------ */

typedef struct decoder {
    replay *r;
    weir_decoder *inner;
    weir_schema *schema, *data; /* data: without metadata columns */
    const addresses *at;        /* of the packet's records */
} decoder;

static void decoder_free(void *object) {
    decoder *d = object;
    if (!d) return;
    if (d->inner) d->r->format->read->decoder_free(d->inner);
    weir_schema_release(d->schema);
    weir_schema_release(d->data);
    weir_free(d);
}

static weir_status decoder_new(void *object, weir_schema *schema, weir_ctx *ctx, void **out,
                               weir_error *err) {
    replay *r = object;
    weir_status status = WEIR_OK;
    decoder *d = weir_alloc_zero(1, sizeof *d);
    weir_field *fields = weir_alloc_zero(schema->n_fields + 1u, sizeof *fields);
    if (!d || !fields) {
        status = weir_error_nomem(err);
        goto out;
    }
    d->r = r;
    d->schema = weir_schema_retain(schema);
    uint32_t n = 0;
    for (uint32_t i = 0; i < schema->n_fields; i++)
        if (meta_of(r, schema->fields[i].name) == META_NONE) fields[n++] = schema->fields[i];
    WEIR_TRY(weir_schema_new(fields, n, &d->data, err));
    WEIR_TRY(r->format->read->decoder_new(&r->read, d->data, ctx, &d->inner, err));
    *out = d;
    d = NULL;
out:
    decoder_free(d);
    weir_free(fields);
    return status;
}

static weir_status decode_begin(void *object, weir_packet *packet, weir_error *err) {
    decoder *d = object;
    d->at = packet->extra;
    return d->r->format->read->decoder_begin(d->inner, &packet->chunk, err);
}

/* Gives the rows of b the addresses their records had at first. */
static weir_status keep_addresses(decoder *d, weir_ctx *ctx, weir_batch *b, weir_error *err) {
    const addresses *a = d->at;
    weir_origin *o = &b->origin;
    size_t text = (strlen(a->source) + 8) & ~(size_t)7, rows = (size_t)b->length * 8;
    size_t routes = a->routed ? rows : 0, names = a->routes.size;
    size_t bytes = text + 2 * rows + routes + (size_t)b->length * a->levels * 4 + names;
    weir_status status = weir_block_new(ctx->ledger, bytes, &o->address_block, err);
    if (status != WEIR_OK) return status;
    o->address_block->size = bytes;
    memcpy(o->address_block->data, a->source, strlen(a->source) + 1);
    uint64_t *line = (uint64_t *)(void *)(o->address_block->data + text), *byte = line + b->length;
    const char **route = (const char **)(void *)(byte + b->length);
    uint32_t *wanted = (uint32_t *)(void *)((char *)route + routes), at = 0;
    char *name = (char *)(wanted + (size_t)b->length * a->levels);
    if (names) memcpy(name, a->routes.data, names);
    for (uint32_t i = 0; i < b->length; i++) {
        uint32_t begin = o->row_begin ? o->row_begin[i] : 0;
        while (at + 1 < a->n && a->offset[at + 1] <= begin) at++;
        line[i] = a->line[at];
        byte[i] = a->byte[at];
        for (uint32_t l = 0; l < a->levels; l++)
            wanted[(size_t)i * a->levels + l] = a->wanted[(size_t)at * a->levels + l];
        if (routes) route[i] = a->route[at] ? name + a->route[at] - 1 : NULL;
    }
    o->wanted_route = routes ? route : NULL;
    o->wanted_levels = a->levels;
    o->wanted = a->levels ? wanted : NULL;
    o->source = (const char *)o->address_block->data;
    o->row_line = line;
    o->row_byte = byte;
    return WEIR_OK;
}

/* Numbers of the rows' addresses; null where a reject has none. */
static weir_status number_column(const uint64_t *numbers, uint32_t rows, weir_ctx *ctx,
                                 weir_column **out, weir_error *err) {
    weir_status status = weir_column_new(weir_type_of(WEIR_INT64), rows, ctx->ledger, out, err);
    for (uint32_t i = 0; status == WEIR_OK && i < rows; i++) {
        ((int64_t *)(*out)->values)[i] = numbers[i] == UINT64_MAX ? 0 : (int64_t)numbers[i];
        if (numbers[i] == UINT64_MAX)
            status = weir_column_set_null(*out, i, false, ctx->ledger, err);
    }
    return status;
}

/* The metadata columns that are wanted, from the addresses the rows had at first. */
static weir_status put_metadata(const decoder *d, weir_ctx *ctx, weir_batch *b, weir_error *err) {
    uint32_t n = d->schema->n_fields, from = 0;
    weir_status status = WEIR_OK;
    if (n == d->data->n_fields) return WEIR_OK;
    weir_column **columns = weir_alloc_zero(n, sizeof *columns);
    if (!columns) return weir_error_nomem(err);
    const weir_origin *o = &b->origin;
    for (uint32_t i = 0; i < n; i++) {
        meta m = meta_of(d->r, d->schema->fields[i].name);
        if (m == META_NONE)
            columns[i] = weir_column_retain(b->columns[from++]);
        else if (m == META_FILE)
            WEIR_TRY(weir_column_constant(weir_type_of(WEIR_STRING), b->length, o->source,
                                          strlen(o->source), ctx->ledger, &columns[i], err));
        else
            WEIR_TRY(number_column(m == META_LINE ? o->row_line : o->row_byte, b->length, ctx,
                                   &columns[i], err));
    }
    WEIR_TRY(weir_batch_replace(b, d->schema, columns, err));
    memset(columns, 0, n * sizeof *columns); /* now the batch's */
out:
    for (uint32_t i = 0; i < n; i++) weir_column_release(columns[i]);
    weir_free(columns);
    return status;
}

static weir_status decode_next(void *object, weir_ctx *ctx, weir_batch **out, weir_error *err) {
    decoder *d = object;
    weir_status status = d->r->format->read->decoder_next(d->inner, ctx, out, err);
    if (status != WEIR_OK || !*out) return status;
    status = keep_addresses(d, ctx, *out, err);
    if (status == WEIR_OK) status = put_metadata(d, ctx, *out, err);
    if (status == WEIR_OK) return WEIR_OK;
    weir_batch_free(*out);
    *out = NULL;
    return status;
}

static const weir_source_ops ops = {
    .open = replay_open,
    .enumerate = replay_enumerate,
    .schema = replay_schema,
    .split_begin = split_begin,
    .read = replay_read,
    .split_end = split_end,
    .decoder_new = decoder_new,
    .decode_begin = decode_begin,
    .decode_next = decode_next,
    .decoder_free = decoder_free,
    .close = replay_close,
};

const weir_connector weir_replay_connector = {
    .abi = WEIR_CONNECTOR_ABI,
    .struct_size = sizeof(weir_connector),
    .name = "rejects",
    .summary = "records of reject sets, once more",
    .roles = WEIR_ROLE_SOURCE,
    .caps = WEIR_CAP_SPLITS | WEIR_CAP_STABLE | WEIR_CAP_PROJECT,
    .source = &ops,
};
