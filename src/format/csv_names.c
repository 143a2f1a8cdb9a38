/* Names of columns: blank and repeated ones, and what was found out about a text as options. */
#include "format/csv_sniff.h"

/* ---- names --------------------------------------------------------------------------------- */

typedef struct name_slot {
    const char *name;
    uint32_t number;
} name_slot;

typedef struct name_table {
    name_slot *slots;
    size_t mask;
} name_table;

/* The slot of a name: its own, or the free one where it belongs. */
static name_slot *slot_of(const name_table *t, const char *name) {
    uint64_t h = 1469598103934665603ull;
    for (const char *c = name; *c; c++) h = (h ^ (uint8_t)*c) * 1099511628211ull;
    size_t at = (h ^ h >> 29) & t->mask;
    while (t->slots[at].name && strcmp(t->slots[at].name, name) != 0) at = (at + 1) & t->mask;
    return &t->slots[at];
}

static weir_status refuse(const char *source, uint64_t line, weir_error *err) {
    weir_error_hint(err,
                    "let names: rename make it good, or name the columns yourself: header: false, "
                    "skip: %d and columns",
                    (int)(line < 1000000 ? line : 1));
    weir_error_at(err, source, (int64_t)line, 0);
    return WEIR_DATA;
}

/* A name that no column has: base, or base_1, base_2, ... from *next on. */
static const char *free_name(const name_table *t, const char *base, uint32_t from,
                             weir_arena *arena) {
    for (uint32_t k = from;; k++) {
        const char *name = weir_arena_printf(arena, "%s_%u", base, k);
        if (!name || !slot_of(t, name)->name) return name;
    }
}

weir_status weir_csv_names_settle(const char **names, uint32_t n, bool strict, const char *source,
                                  uint64_t line, weir_arena *arena, weir_error *err) {
    size_t slots = 16;
    while (slots < (size_t)n * 2 + 2) slots *= 2;
    name_table t = {weir_arena_zero(arena, slots, sizeof *t.slots), slots - 1};
    uint32_t *next = weir_arena_zero(arena, n + 1u, sizeof *next);
    bool *again = weir_arena_zero(arena, n + 1u, sizeof *again);
    if (!t.slots || !next || !again) return weir_error_nomem(err);
    /* First the names as they stand, so that a made one never takes a real one's place. */
    for (uint32_t i = 0; i < n; i++) {
        if (!names[i][0]) {
            if (!strict) continue;
            weir_error_set(err, WEIR_DATA, "column %u has no name in the header", i + 1);
            return refuse(source, line, err);
        }
        name_slot *s = slot_of(&t, names[i]);
        if (!s->name) {
            *s = (name_slot){names[i], i + 1};
            continue;
        }
        again[i] = true;
        if (!strict) continue;
        weir_error_set(err, WEIR_DATA, "columns %u and %u are both called '%.*s'", s->number, i + 1,
                       100, names[i]);
        return refuse(source, line, err);
    }
    for (uint32_t i = 0; i < n; i++) {
        if (names[i][0] && !again[i]) continue;
        const char *base = names[i], *made = NULL;
        if (base[0]) {
            uint32_t *count = &next[slot_of(&t, base)->number];
            made = free_name(&t, base, ++*count, arena);
        } else {
            made = weir_arena_printf(arena, "column%u", i + 1);
            if (made && slot_of(&t, made)->name) made = free_name(&t, made, 1, arena);
        }
        if (!made) return weir_error_nomem(err);
        names[i] = made;
        *slot_of(&t, made) = (name_slot){made, i + 1};
    }
    return WEIR_OK;
}

/* ---- found, as options --------------------------------------------------------------------- */

static bool add_text(weir_buf *out, const char *key, const char *text, size_t size) {
    if (!weir_buf_printf(out, "%s: \"", key)) return false;
    for (size_t i = 0; i < size; i++) {
        uint8_t c = (uint8_t)text[i];
        bool ok = c == '\t'               ? weir_buf_adds(out, "\\t")
                  : c == '"' || c == '\\' ? weir_buf_printf(out, "\\%c", c)
                  : c < 0x20 || c == 0x7F ? weir_buf_printf(out, "\\x%02X", c)
                                          : weir_buf_add(out, &text[i], 1);
        if (!ok) return false;
    }
    return weir_buf_adds(out, "\"\n");
}

static bool add_number(weir_buf *out, const char *key, uint32_t n, uint32_t plain) {
    return n == plain || weir_buf_printf(out, "%s: %u\n", key, n);
}

/* Only what was to be found: what is declared stands in the source already. */
bool weir_csv_found_text(const weir_csv_found *found, const weir_csv_read_config *config,
                         uint8_t prior, weir_buf *out) {
    const weir_csv_dialect *d = &found->dialect;
    const char delimiter[4] = {(char)d->delimiter, (char)d->delimiter_rest[0],
                               (char)d->delimiter_rest[1], (char)d->delimiter_rest[2]};
    const char quote = (char)d->quote, escape = (char)d->escape;
    static const char *const ragged[] = {"reject", "pad", "truncate", "fit"};
    if (config->delimiter.automatic && (d->delimiter_size > 1 || d->delimiter != prior) &&
        !add_text(out, "delimiter", delimiter, d->delimiter_size))
        return false;
    if (config->quote.automatic && !d->has_quote && !weir_buf_adds(out, "quote: none\n"))
        return false;
    if (config->quote.automatic && d->has_quote && quote != '"' &&
        !add_text(out, "quote", &quote, 1))
        return false;
    if (config->escape.automatic && ((d->has_quote && !d->doubled) || d->escapes_plain) &&
        !add_text(out, "escape", &escape, 1))
        return false;
    if (config->comment.automatic && d->comment_size &&
        !add_text(out, "comment", d->comment, d->comment_size))
        return false;
    if (config->newline == WEIR_CSV_AUTO && d->lone_cr && !weir_buf_adds(out, "newline: cr\n"))
        return false;
    if (config->skip == WEIR_CSV_FIND && !add_number(out, "skip", found->skip, 0)) return false;
    if (config->header == WEIR_CSV_FIND && found->header == 0 &&
        !weir_buf_adds(out, "header: false\n"))
        return false;
    if (config->header == WEIR_CSV_FIND && found->header > 1 &&
        !add_number(out, "header", found->header, 1))
        return false;
    if (config->units == WEIR_CSV_FIND && !add_number(out, "units", found->units, 0)) return false;
    if (config->skip_footer == WEIR_CSV_FIND &&
        !add_number(out, "skip_footer", found->skip_footer, 0))
        return false;
    if (!config->stray_given && d->has_quote && d->keep_stray &&
        !weir_buf_adds(out, "stray_quotes: keep\n"))
        return false;
    return config->ragged_given || d->ragged == config->ragged ||
           weir_buf_printf(out, "ragged: %s\n", ragged[d->ragged & 3]);
}
