/* The dialect that a run found, for replays: what a file's text showed is kept with the rejects, so
 * that they are read alike when the file is gone. */
#include "api/rejects.h"
#include "spec/yaml.h"

/* Bytes of an option's value in its config; 0 = not a kind that dialects have. */
static size_t value_bytes(const weir_option *row) {
    switch (row->type) {
    case WEIR_OPT_CHAR: return sizeof(weir_opt_char);
    case WEIR_OPT_INT: return sizeof(int64_t);
    case WEIR_OPT_ENUM: return sizeof(int);
    case WEIR_OPT_BOOL: return sizeof(bool);
    case WEIR_OPT_STRING: return sizeof(const char *);
    case WEIR_OPT_STRINGS: return sizeof(weir_opt_strings);
    default: return 0;
    }
}

static const weir_option *row_named(const weir_format *format, const char *name) {
    for (const weir_option *row = format->read_options; row->name; row++)
        if (strcmp(row->name, name) == 0) return row;
    return NULL;
}

/* Lays one option into config; keys that are none of the format's (encoding) are passed over. */
static weir_status take_option(const weir_format *format, weir_node *map, size_t i, void *config,
                               void *fresh, weir_arena *arena, weir_diags *diags) {
    const weir_option *row = row_named(format, map->keys[i]->text);
    size_t bytes = row ? value_bytes(row) : 0;
    if (!bytes) return WEIR_OK;
    weir_node single = *map;
    single.n = 1;
    single.keys = &map->keys[i];
    single.items = &map->items[i];
    memset(fresh, 0, format->read_config_size);
    weir_status status = weir_option_bind(format->read_options, &single, fresh, arena, diags);
    if (status != WEIR_OK) return status;
    memcpy((char *)config + row->offset, (char *)fresh + row->offset, bytes);
    if (row->set_offset)
        memcpy((char *)config + row->set_offset, (char *)fresh + row->set_offset, sizeof(bool));
    return WEIR_OK;
}

/* The part of a dialect that is of one file: lines of options; or, where files differ, comments of
 * the form "# FILE: option: value, ...", of which the file's own becomes a flow map.  *known false:
 * nothing is kept of this file. */
static weir_status part_of(const char *dialect, const char *file, weir_buf *out, bool *known,
                           weir_error *err) {
    bool ok = true;
    *known = true;
    if (*dialect != '#') return weir_buf_adds(out, dialect) ? WEIR_OK : weir_error_nomem(err);
    size_t n = strlen(file);
    for (const char *line = dialect; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, "# ", 2) != 0 || strncmp(line + 2, file, n) != 0) continue;
        const char *text = line + 2 + n, *end = strchr(text, '\n');
        size_t size = end ? (size_t)(end - text) : strlen(text);
        if (size == 7 && memcmp(text, ": plain", 7) == 0) return WEIR_OK;
        if (size < 2 || memcmp(text, ": ", 2) != 0) continue;
        ok = weir_buf_adds(out, "{ ") && weir_buf_add(out, text + 2, size - 2) &&
             weir_buf_adds(out, " }");
        return ok ? WEIR_OK : weir_error_nomem(err);
    }
    *known = false;
    return WEIR_OK;
}

weir_status weir_replay_dialect(const weir_format *format, const void *declared,
                                const char *dialect, const char *file, weir_arena *arena,
                                const void **out, weir_error *err) {
    weir_buf text = {0};
    weir_node *map = NULL;
    weir_diags diags;
    bool known = true;
    void *config = weir_arena_zero(arena, 1, format->read_config_size + 1);
    void *fresh = weir_arena_zero(arena, 1, format->read_config_size + 1);
    weir_diags_init(&diags, "dialect");
    weir_status status = config && fresh ? WEIR_OK : weir_error_nomem(err);
    if (status == WEIR_OK) status = part_of(dialect, file, &text, &known, err);
    if (status != WEIR_OK) goto out;
    *out = NULL;
    if (!known) goto out;
    if (declared) memcpy(config, declared, format->read_config_size);
    if (text.size) {
        status = weir_yaml_parse((weir_slice){text.data, text.size}, NULL, arena, &diags, &map);
        for (size_t i = 0; status == WEIR_OK && map && map->kind == WEIR_NODE_MAP && i < map->n;
             i++)
            status = take_option(format, map, i, config, fresh, arena, &diags);
        if (status == WEIR_USAGE)
            status = weir_error_set(err, WEIR_DATA, "the stored dialect of %s is damaged", file);
        else if (status != WEIR_OK)
            status = weir_error_nomem(err);
    }
    if (status == WEIR_OK) *out = config;
out:
    weir_diags_clear(&diags);
    weir_buf_clear(&text);
    return status;
}
