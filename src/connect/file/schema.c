/* Columns and types of a file source.
 *
 * Names come from the layouts (CSV headers) or from the records (JSON); types are declared in
 * `columns:` or inferred.  A full inference is a pass over all data before the run: the cutter
 * works under a lock, the looking at values is done by as many threads as the run has.
 */
#include <pthread.h>
#include <stdlib.h>

#include "connect/file/file.h"
#include "connect/file/memo.h"
#include "connect/file/unread.h"
#include "format/infer.h"

#define DIALECTS_SHOWN 10u /* where the files of a source differ */
#define SAMPLE_BYTES ((uint64_t)1 << 20)

typedef struct pass {
    const weir_file_schema_request *request;
    weir_cutter *cutter;
    uint32_t split;
    pthread_mutex_t lock;
    bool end;
    uint64_t n_chunks;     /* looked at */
    uint64_t budget_bytes; /* 0 = no more to look at */
    bool seen;             /* there was something to look at */
    weir_buf dialects;     /* what was found in each file, as comments: where they differ */
    uint32_t n_dialects;
    bool differ;
    weir_file_memo learnt; /* dialects NULL = not asked */
    weir_status status;
    weir_error error;
} pass;

typedef struct looker {
    pass *pass;
    pthread_t thread;
    bool started;
    weir_inference *inference;
    uint64_t *first; /* for each of its columns the chunk in which it stood first */
    size_t n_first, first_capacity;
    weir_unread unread; /* the first it met */
} looker;

static void pass_fail(pass *p, weir_status status, const weir_error *err) {
    pthread_mutex_lock(&p->lock);
    if (p->status == WEIR_OK) {
        p->status = status;
        p->error = *err;
    }
    p->end = true;
    pthread_mutex_unlock(&p->lock);
}

/* Notes where the columns stood that are new to this thread. */
static weir_status note_first(looker *l, uint64_t chunk, weir_error *err) {
    size_t n = weir_inference_count(l->inference);
    weir_status status = weir_grow((void **)&l->first, &l->first_capacity, n, sizeof *l->first,
                                   WEIR_TYPE_MAX_FIELDS, err);
    if (status != WEIR_OK) return status;
    while (l->n_first < n) l->first[l->n_first++] = chunk;
    return WEIR_OK;
}

static weir_status look_at_chunk(looker *l, const weir_chunk *chunk, weir_error *err) {
    const weir_file_schema_request *r = l->pass->request;
    uint64_t before = weir_inference_unread(l->inference);
    weir_status status = r->format->read->infer(r->read, chunk, l->inference, err);
    if (status != WEIR_OK || weir_inference_unread(l->inference) == before) return status;
    return weir_unread_look(&l->unread, r->format->read, r->read, chunk, err);
}

static void *look(void *arg) {
    looker *l = arg;
    pass *p = l->pass;
    const weir_read_ops *ops = p->request->format->read;
    for (;;) {
        weir_chunk chunk = {0};
        weir_error err = {0};
        weir_status status = WEIR_OK;
        bool end = true;
        uint64_t number = 0;
        pthread_mutex_lock(&p->lock);
        if (!p->end && p->budget_bytes) {
            status = ops->cutter_next(p->cutter, &chunk, &end, &err);
            uint64_t n = chunk.end - chunk.begin;
            p->seen |= n > 0;
            number = p->n_chunks++;
            p->budget_bytes -= n < p->budget_bytes ? n : p->budget_bytes;
            p->end = end || status != WEIR_OK;
        }
        pthread_mutex_unlock(&p->lock);
        if (status == WEIR_OK && end) return NULL;
        chunk.split = p->split;
        if (status == WEIR_OK) status = look_at_chunk(l, &chunk, &err);
        weir_chunk_clear(&chunk);
        if (status == WEIR_OK) status = note_first(l, number, &err);
        if (status == WEIR_OK && weir_cancel_requested(p->request->read->cancel))
            status = weir_error_set(&err, WEIR_CANCELLED, "stopped on request");
        if (status != WEIR_OK) {
            pass_fail(p, status, &err);
            return NULL;
        }
    }
}

/* Looks at the values of one split. */
static weir_status look_at_split(pass *p, looker *lookers, uint32_t n, weir_error *err) {
    p->end = false;
    uint32_t started = 0;
    for (uint32_t i = 1; i < n; i++) {
        lookers[i].started = pthread_create(&lookers[i].thread, NULL, look, &lookers[i]) == 0;
        started += lookers[i].started;
    }
    (void)started; /* fewer threads than wanted are enough: this one works too */
    look(&lookers[0]);
    for (uint32_t i = 1; i < n; i++)
        if (lookers[i].started) pthread_join(lookers[i].thread, NULL);
    if (p->status != WEIR_OK && err) *err = p->error;
    return p->status;
}

/* ---- the fields ---------------------------------------------------------------------------- */

static bool has_name(const weir_found *f, const char *name) {
    return weir_found_find(f, name) != NULL;
}

/* Takes over the names of a split's header, and notes which columns it lacks. */
static weir_status add_layout(weir_found *f, const weir_layout *layout, uint32_t split,
                              weir_error *err) {
    for (uint32_t i = 0; i < layout->n_names; i++) {
        size_t before = f->n_names;
        weir_status status = weir_found_add(f, layout->names[i], err);
        if (status != WEIR_OK) return status;
        if (f->n_names == before) continue;
        if (split > 0) f->names[before].lacking = 0;
        if (layout->types) f->names[before].type = layout->types[i];
    }
    f->header |= layout->n_names > 0;
    for (size_t k = 0; k < f->n_names; k++) {
        weir_found_name *n = &f->names[k];
        /* most headers are the same */
        bool has = k < layout->n_names && strcmp(layout->names[k], n->name) == 0;
        for (uint32_t i = 0; !has && i < layout->n_names; i++)
            has = strcmp(layout->names[i], n->name) == 0;
        n->n_splits += has;
        if (!has && n->lacking == UINT32_MAX) n->lacking = split;
    }
    return WEIR_OK;
}

static const char *physical_name(const weir_opt_column *c) {
    return c->from ? c->from : c->name;
}

/* The declared column of a name, looked for from *next on: mostly they stand in the file's order.
 */
static const weir_opt_column *declared_for(const weir_opt_columns *columns, const char *physical,
                                           size_t *next) {
    for (size_t i = 0, at = *next; columns && i < columns->n; i++, at++) {
        if (at >= columns->n) at = 0;
        if (strcmp(physical_name(&columns->items[at]), physical) != 0) continue;
        *next = at + 1;
        return &columns->items[at];
    }
    return NULL;
}

/* The type that the format states of a column of the data. */
static const weir_type *stated_type(const weir_found *found, const char *physical) {
    const weir_found_name *n = weir_found_find(found, physical);
    return n ? n->type : NULL;
}

static bool all_declared(const weir_read_request *read, const weir_found *found) {
    size_t next = 0;
    for (size_t i = 0; i < found->n_names; i++)
        if (!found->names[i].type && !declared_for(read->columns, found->names[i].name, &next))
            return false;
    for (size_t i = 0; read->columns && i < read->columns->n; i++)
        if (!read->columns->items[i].type &&
            !stated_type(found, physical_name(&read->columns->items[i])))
            return false;
    return true;
}

static weir_status declared_type(const weir_opt_column *c, const weir_type **out, weir_error *err) {
    weir_status status = weir_type_parse(c->type, out, err);
    if (status == WEIR_OK && (*out)->id == WEIR_TIMESTAMPTZ && c->timezone &&
        strcmp((*out)->zone, "UTC") == 0)
        status = weir_type_timestamptz(c->timezone, out, err);
    if (status != WEIR_OK && err) weir_error_context(err, "reading the type of column %s", c->name);
    return status;
}

static weir_status inferred_type(const weir_inference *inference, const char *physical,
                                 const weir_type **out, weir_error *err) {
    uint32_t column;
    *out = weir_type_of(WEIR_STRING);
    if (!inference || !weir_inference_find(inference, physical, &column)) return WEIR_OK;
    return weir_inference_result(inference, column, out, err);
}

/* No column is known.  Data without one has records that cannot be read, or that are empty. */
static weir_status no_columns(const pass *p, const weir_found *found, weir_error *err) {
    const weir_splits *splits = p->request->splits;
    bool ndjson = strcmp(p->request->format->name, "ndjson") == 0;
    if (found->unread.reason) {
        bool all = found->unread.records == found->unread.of;
        weir_error_set(err, WEIR_DATA, "%s: %s",
                       all ? "no record can be read, the first one"
                           : "no record has a column, and one cannot be read",
                       found->unread.reason);
        weir_error_hint(err, ndjson ? "ndjson wants one object a line, ended by LF; for objects "
                                      "over several lines give format: json"
                                    : "mend it, or declare what records have under columns: then "
                                      "each that cannot be read is a reject");
        weir_error_at(err, splits->items[found->unread.split].name, (int64_t)found->unread.line, 0);
        return WEIR_DATA;
    }
    if (!p->seen || !ndjson) {
        weir_error_set(err, WEIR_DATA, p->seen ? "no record has a column" : "the input is empty");
        weir_error_hint(err, "write on_empty: ok when that is no fault, or declare what records "
                             "have under columns:");
        if (splits->n == 1) weir_error_at(err, splits->items[0].name, 0, 0);
        return WEIR_DATA;
    }
    weir_error_set(err, WEIR_DATA, "no record has a column: each is malformed, or empty");
    weir_error_hint(err, "ndjson wants one object a line, ended by LF; for objects over several "
                         "lines give format: json");
    if (splits->n == 1) weir_error_at(err, splits->items[0].name, 0, 0);
    return WEIR_DATA;
}

/* Notes how an inferred column is written, for the readers. */
static weir_status note_how(weir_found *f, const weir_inference *inference, const char *physical,
                            const char *name, weir_file_known *learnt, weir_error *err) {
    weir_opt_column how;
    uint32_t column;
    bool any = false;
    if (!inference || !weir_inference_find(inference, physical, &column)) return WEIR_OK;
    weir_status status = weir_inference_how(inference, column, &f->arena, &how, &any, err);
    if (status != WEIR_OK || !any) return status;
    if (learnt) learnt->how = how;
    how.name = weir_arena_strdup(&f->arena, name);
    if (!how.name) return weir_error_nomem(err);
    f->columns.items[f->columns.n++] = how;
    return WEIR_OK;
}

/* The same from what was known before. */
static weir_status use_known(weir_found *f, const weir_file_known *known, weir_field *field,
                             weir_error *err) {
    weir_opt_column how = known->how;
    field->type = known->type ? known->type : weir_type_of(WEIR_STRING);
    if (!how.format && !how.decimal && !how.thousands && !how.nulls.n) return WEIR_OK;
    how.name = weir_arena_strdup(&f->arena, field->name);
    if (!how.name) return weir_error_nomem(err);
    f->columns.items[f->columns.n++] = how;
    return WEIR_OK;
}

static weir_status make_schema(const pass *p, weir_found *found, const weir_inference *inference,
                               weir_schema **out, weir_error *err) {
    const weir_read_request *read = p->request->read;
    const weir_opt_columns *columns = read->columns;
    size_t max = found->n_names + (columns ? columns->n : 0);
    weir_field *fields = weir_alloc_zero(max + 1, sizeof *fields);
    if (!fields) return weir_error_nomem(err);
    weir_status status = WEIR_OK;
    uint32_t n = 0;
    size_t next = 0;
    found->columns.items = weir_arena_zero(&found->arena, max + 1, sizeof *found->columns.items);
    if (!found->columns.items) WEIR_TRY(weir_error_nomem(err));
    for (size_t i = 0; i < found->n_names; i++) {
        const weir_opt_column *c = declared_for(columns, found->names[i].name, &next);
        if (!c && read->extra != WEIR_EXTRA_KEEP && columns && columns->n) continue;
        weir_field *f = &fields[n++];
        f->name = c ? c->name : found->names[i].name;
        f->not_null = c && c->not_null;
        if (c && c->type) {
            WEIR_TRY(declared_type(c, &f->type, err));
            continue;
        }
        if (found->names[i].type) {
            f->type = found->names[i].type;
            continue;
        }
        if (p->request->known) {
            WEIR_TRY(use_known(found, &p->request->known->columns[i], f, err));
            continue;
        }
        weir_file_known *learnt = p->learnt.columns ? &p->learnt.columns[i] : NULL;
        WEIR_TRY(inferred_type(inference, found->names[i].name, &f->type, err));
        WEIR_TRY(note_how(found, inference, found->names[i].name, f->name, learnt, err));
        if (learnt) learnt->type = f->type;
    }
    for (size_t i = 0; columns && i < columns->n; i++) { /* declared, seen in no file */
        const weir_opt_column *c = &columns->items[i];
        if (has_name(found, physical_name(c))) continue;
        fields[n] = (weir_field){c->name, weir_type_of(WEIR_STRING), c->not_null};
        if (c->type) WEIR_TRY(declared_type(c, &fields[n].type, err));
        n++;
    }
    if (n == 0) {
        status = no_columns(p, found, err);
        goto out;
    }
    status = weir_schema_new(fields, n, out, err);
out:
    weir_free(fields);
    return status;
}

/* ---- all splits ---------------------------------------------------------------------------- */

/* Whether the data must be looked at once the layout's names are known. */
static bool must_look(const weir_file_schema_request *r, const weir_layout *layout,
                      const weir_found *found) {
    const weir_read_request *read = r->read;
    if (read->infer == WEIR_INFER_NONE && layout) return false;
    if (layout) return !all_declared(read, found);
    /* records that name their own fields: closed when the rest is dropped or rejected */
    bool declared = read->columns && read->columns->n && all_declared(read, found);
    return !(declared && read->extra != WEIR_EXTRA_KEEP);
}

/* on_file_error: skip: the first file says which columns there are, unless they are declared. */
static weir_status check_names(const pass *p, const weir_layout *layout, const weir_found *found,
                               weir_error *err) {
    const weir_file_schema_request *r = p->request;
    bool declared = r->read->columns && r->read->columns->n;
    if (!r->skip_faults || declared || !layout || p->split == 0) return WEIR_OK;
    const char *odd = NULL, *where = "the files before it have not";
    for (uint32_t i = 0; !odd && i < layout->n_names; i++)
        if (!has_name(found, layout->names[i])) odd = layout->names[i];
    for (size_t k = 0; !odd && k < found->n_names; k++) {
        bool has = false;
        for (uint32_t i = 0; !has && i < layout->n_names; i++)
            has = strcmp(layout->names[i], found->names[k].name) == 0;
        if (has) continue;
        odd = found->names[k].name;
        where = "this file has not";
    }
    if (!odd) return WEIR_OK;
    weir_error_set(err, WEIR_DATA, "there is a column '%s' that %s", odd, where);
    weir_error_hint(err, "files of one source must have the same columns; declare them under "
                         "columns: when the first file is the odd one");
    return WEIR_DATA;
}

/* Keeps what the format found out about the text of a file.  Options that hold for all files are
 * kept as such; where files differ, as comments, a line each. */
static weir_status add_dialect(pass *p, const weir_stream *in, const weir_layout *layout,
                               weir_found *found, weir_error *err) {
    const char *text = layout && layout->dialect ? layout->dialect : "";
    const char *name = p->request->splits->items[p->split].name;
    weir_buf *b = &p->dialects;
    bool ok = true;
    if (p->request->known) {
        text = p->request->known->dialects[p->split];
    } else if (in->encoding && strcmp(in->encoding, "utf-8") != 0) {
        text = weir_arena_printf(&found->arena, "encoding: %s\n%s", in->encoding, text);
        if (!text) return weir_error_nomem(err);
    }
    if (p->learnt.dialects) {
        p->learnt.dialects[p->split] = weir_arena_strdup(&found->arena, text);
        if (!p->learnt.dialects[p->split]) return weir_error_nomem(err);
    }
    if (p->split == 0) {
        found->dialect = weir_arena_strdup(&found->arena, text);
        if (in->encoding_others)
            found->encoding_others = weir_arena_strdup(&found->arena, in->encoding_others);
        if (!found->dialect || (in->encoding_others && !found->encoding_others))
            return weir_error_nomem(err);
    }
    p->differ |= strcmp(text, found->dialect ? found->dialect : "") != 0;
    if (p->n_dialects > DIALECTS_SHOWN) return WEIR_OK;
    if (p->n_dialects++ == DIALECTS_SHOWN) {
        ok = weir_buf_adds(b, "# ...\n");
    } else {
        ok = weir_buf_adds(b, "# ");
        for (const char *c = name; ok && *c; c++) /* a line stays one line */
            ok = weir_buf_add(b, (unsigned char)*c < 0x20 ? "?" : c, 1);
        ok = ok && weir_buf_adds(b, *text ? ": " : ": plain");
        for (const char *c = text; ok && *c; c++)
            ok = *c != '\n' ? weir_buf_add(b, c, 1) : !c[1] || weir_buf_adds(b, ", ");
        ok = ok && weir_buf_adds(b, "\n");
    }
    return ok ? WEIR_OK : weir_error_nomem(err);
}

static weir_status visit_split(pass *p, looker *lookers, uint32_t n, weir_found *found,
                               weir_error *err) {
    const weir_file_schema_request *r = p->request;
    const weir_split *split = &r->splits->items[p->split];
    const weir_read_ops *ops = r->format->read;
    weir_stream *in = NULL;
    weir_status status;
    WEIR_TRY(r->open(r->context, split, &in, err));
    WEIR_TRY(ops->cutter_new(r->read, in, &p->cutter, err));
    weir_layout *layout = ops->cutter_layout(p->cutter);
    /* where records name their own fields a layout without names tells of the dialect only */
    const weir_layout *named = layout && (layout->n_names || ops->layout_of) ? layout : NULL;
    WEIR_TRY(check_names(p, named, found, err));
    if (named) WEIR_TRY(add_layout(found, named, p->split, err));
    if (must_look(r, named, found) && p->budget_bytes && !r->known)
        WEIR_TRY(look_at_split(p, lookers, n, err));
    layout = ops->cutter_layout(p->cutter); /* now it may know more */
    WEIR_TRY(add_dialect(p, in, layout, found, err));
out:
    if (status != WEIR_OK && err && !err->source[0]) weir_error_at(err, split->name, 0, 0);
    if (p->cutter) ops->cutter_free(p->cutter);
    p->cutter = NULL;
    weir_stream_close(in);
    return status;
}

typedef struct first_seen {
    const char *name;
    uint64_t chunk;
    uint32_t at; /* among the columns of one thread */
} first_seen;

static int in_order_of_data(const void *x, const void *y) {
    const first_seen *a = x, *b = y;
    if (a->chunk != b->chunk) return a->chunk < b->chunk ? -1 : 1;
    return a->at < b->at ? -1 : a->at > b->at;
}

/* Names that only records tell: in the order of the data, whichever thread met them. */
static weir_status add_seen_names(const looker *lookers, uint32_t n, weir_found *found,
                                  weir_error *err) {
    size_t n_seen = 0;
    weir_status status = WEIR_OK;
    for (uint32_t i = 0; i < n; i++) n_seen += lookers[i].n_first;
    first_seen *seen = weir_alloc_zero(n_seen + 1, sizeof *seen);
    if (!seen) return weir_error_nomem(err);
    n_seen = 0;
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < lookers[i].n_first; k++)
            seen[n_seen++] =
                (first_seen){weir_inference_name(lookers[i].inference, k), lookers[i].first[k], k};
    qsort(seen, n_seen, sizeof *seen, in_order_of_data);
    for (size_t i = 0; i < n_seen && status == WEIR_OK; i++)
        status = weir_found_add(found, seen[i].name, err);
    weir_free(seen);
    return status;
}

/* The first record that cannot be read, of those that the threads met. */
static void keep_unread(looker *lookers, uint32_t n, weir_found *found) {
    const weir_inference *all = lookers[0].inference;
    weir_unread *first = &lookers[0].unread;
    for (uint32_t i = 1; i < n; i++)
        if (weir_unread_before(&lookers[i].unread, first)) first = &lookers[i].unread;
    found->unread.records = weir_inference_unread(all);
    found->unread.of = weir_inference_seen(all);
    found->unread.reason = first->reason;
    found->unread.encoding = first->encoding;
    found->unread.split = first->split;
    found->unread.line = first->line;
    first->reason = NULL; /* is the found one's now */
}

static weir_status merge_found(looker *lookers, uint32_t n, weir_found *found, weir_error *err) {
    weir_status status = add_seen_names(lookers, n, found, err);
    for (uint32_t i = 1; i < n && status == WEIR_OK; i++)
        status = weir_inference_merge(lookers[0].inference, lookers[i].inference, err);
    if (status != WEIR_OK) return status;
    weir_inference_settle(lookers[0].inference);
    keep_unread(lookers, n, found);
    return status;
}

/* The names that only records told; there must be none beside them. */
static weir_status add_known_names(const weir_file_memo *known, weir_found *found,
                                   weir_error *err) {
    for (uint32_t i = 0; i < known->n_columns; i++) {
        weir_status status = weir_found_add(found, known->columns[i].name, err);
        if (status != WEIR_OK) return status;
    }
    bool same = found->n_names == known->n_columns;
    for (size_t i = 0; same && i < found->n_names; i++)
        same = strcmp(found->names[i].name, known->columns[i].name) == 0;
    return same ? WEIR_OK
                : weir_error_set(err, WEIR_INTERNAL, "what is known of the data is of other data");
}

static weir_status begin_learnt(pass *p, weir_found *found, weir_error *err) {
    weir_file_memo *m = &p->learnt;
    m->columns = weir_arena_zero(&found->arena, found->n_names + 1, sizeof *m->columns);
    if (!m->columns) return weir_error_nomem(err);
    m->n_columns = (uint32_t)found->n_names;
    m->n_splits = (uint32_t)p->request->splits->n;
    for (size_t i = 0; i < found->n_names; i++) m->columns[i].name = found->names[i].name;
    return WEIR_OK;
}

/* Of several files one at least has each declared column; else its name is taken to be wrong. */
static weir_status check_declared(const weir_read_request *read, const weir_found *found,
                                  weir_error *err) {
    const weir_opt_columns *columns = read->columns;
    if (!read->may_lack || !found->header) return WEIR_OK;
    for (size_t i = 0; columns && i < columns->n; i++) {
        const char *name = physical_name(&columns->items[i]);
        if (has_name(found, name)) continue;
        weir_error_set(err, WEIR_DATA, "there is no column '%.100s' in any of the files", name);
        weir_error_hint(err, "the first column is '%.100s'; from says how the files call it",
                        found->names[0].name);
        return WEIR_DATA;
    }
    return WEIR_OK;
}

weir_status weir_file_schema(const weir_file_schema_request *request, weir_found *found,
                             weir_schema **out, weir_error *err) {
    pass p = {.request = request, .lock = PTHREAD_MUTEX_INITIALIZER, .budget_bytes = UINT64_MAX};
    weir_status status = WEIR_OK;
    uint32_t n = request->threads ? request->threads : 1;
    if (request->sample_only || request->read->infer != WEIR_INFER_FULL) {
        p.budget_bytes = SAMPLE_BYTES;
        n = 1; /* a sample must not depend on who was faster */
    }
    found->n_splits = (uint32_t)request->splits->n;
    looker *lookers = weir_alloc_zero(n, sizeof *lookers);
    if (!lookers) return weir_error_nomem(err);
    for (uint32_t i = 0; i < n; i++) {
        lookers[i].pass = &p;
        WEIR_TRY(weir_inference_new(&lookers[i].inference, err));
    }
    if (request->learnt) {
        p.learnt.dialects =
            weir_arena_zero(&found->arena, request->splits->n + 1, sizeof *p.learnt.dialects);
        if (!p.learnt.dialects) WEIR_TRY(weir_error_nomem(err));
    }
    for (p.split = 0; p.split < request->splits->n; p.split++)
        WEIR_TRY(visit_split(&p, lookers, n, found, err));
    WEIR_TRY(merge_found(lookers, n, found, err));
    if (request->known) WEIR_TRY(add_known_names(request->known, found, err));
    if (request->learnt) WEIR_TRY(begin_learnt(&p, found, err));
    WEIR_TRY(check_declared(request->read, found, err));
    if (p.differ) {
        found->dialect = weir_arena_strdup(&found->arena, weir_buf_cstr(&p.dialects));
        if (!found->dialect) WEIR_TRY(weir_error_nomem(err));
    }
    WEIR_TRY(make_schema(&p, found, lookers[0].inference, out, err));
    /* records that cannot be read are looked at every time: the user is told of them */
    if (request->learnt && p.seen && p.budget_bytes && !found->unread.records)
        *request->learnt = p.learnt;
out:
    weir_buf_clear(&p.dialects);
    found->sampled = p.budget_bytes == 0;
    found->evidence = lookers[0].inference;
    for (uint32_t i = 0; i < n; i++) {
        weir_free(lookers[i].first);
        weir_free(lookers[i].unread.reason);
    }
    for (uint32_t i = 1; i < n; i++) weir_inference_free(lookers[i].inference);
    weir_free(lookers);
    pthread_mutex_destroy(&p.lock);
    return status;
}
