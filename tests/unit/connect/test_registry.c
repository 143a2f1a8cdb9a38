/* Every entry of the two registries keeps the interface's promises: complete tables, unique names,
 * options that explain themselves and whose defaults can be read. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "connect/connector.h"

#define EXPECT(condition, ...)                                                                     \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            print_error(__VA_ARGS__);                                                              \
            print_error("\n");                                                                     \
            fail();                                                                                \
        }                                                                                          \
    } while (0)

static bool one_line(const char *s) {
    return s && *s && !strchr(s, '\n');
}

static bool is_word(const char *s) {
    if (!s || *s < 'a' || *s > 'z') return false;
    for (; *s; s++)
        if (!((*s >= 'a' && *s <= 'z') || (*s >= '0' && *s <= '9') || *s == '_')) return false;
    return true;
}

/* ---- options --------------------------------------------------------------------------------- */

/* The default of one row, read as if it stood in a file. */
static void check_fallback(const char *owner, const weir_option *o, size_t config_size) {
    weir_option row[2] = {*o, {0}};
    weir_arena arena = {0};
    weir_diags diags;
    weir_buf text = {0};
    void *config = calloc(1, config_size ? config_size : 1);
    row[0].flags &= ~(uint32_t)WEIR_OPT_REQUIRED;
    weir_diags_init(&diags, owner);
    weir_status status = weir_option_bind(row, NULL, config, &arena, &diags);
    assert_true(weir_diags_print(&diags, &text));
    EXPECT(status == WEIR_OK && diags.n == 0, "%s: the default of %s: %s", owner, o->name,
           weir_buf_cstr(&text));
    weir_buf_clear(&text);
    weir_diags_clear(&diags);
    weir_arena_clear(&arena);
    free(config);
}

static void check_options(const char *owner, const weir_option *table, size_t config_size,
                          bool nested) {
    for (const weir_option *o = table; o && o->name; o++) {
        EXPECT(is_word(o->name), "%s: the option \"%s\" is no word", owner, o->name);
        EXPECT(one_line(o->help), "%s: %s has no help", owner, o->name);
        EXPECT(nested || one_line(o->since), "%s: %s has no since", owner, o->name);
        EXPECT(o->type >= WEIR_OPT_STRING && o->type <= WEIR_OPT_NODE, "%s: %s has no type", owner,
               o->name);
        EXPECT(o->offset < config_size, "%s: %s lies outside its config", owner, o->name);
        EXPECT(!o->set_offset || o->set_offset < config_size, "%s: %s lies outside its config",
               owner, o->name);
        bool words = o->type == WEIR_OPT_INT || o->type == WEIR_OPT_CHAR; /* may have some */
        EXPECT(words || (o->type == WEIR_OPT_ENUM) == (o->choices != NULL),
               "%s: %s and its choices", owner, o->name);
        for (const weir_option *other = table; other < o; other++)
            EXPECT(strcmp(o->name, other->name) != 0 &&
                       !(o->alias && strcmp(o->alias, other->name) == 0) &&
                       !(other->alias && strcmp(other->alias, o->name) == 0),
                   "%s: %s stands twice", owner, o->name);
        check_fallback(owner, o, config_size);
        if (o->type == WEIR_OPT_STRUCT) check_options(o->name, o->fields, config_size, true);
        if (o->type == WEIR_OPT_LIST) check_options(o->name, o->fields, o->item_size, true);
    }
}

/* Tables that one map of the pipeline file is bound to must not share a key. */
static void check_apart(const char *owner, const weir_option *a, const weir_option *b) {
    for (const weir_option *x = a; x && x->name; x++)
        for (const weir_option *y = b; y && y->name; y++)
            EXPECT(strcmp(x->name, y->name) != 0, "%s: %s is an option of two tables", owner,
                   x->name);
}

/* ---- connectors ------------------------------------------------------------------------------ */

static void check_source(const char *name, const weir_source_ops *s) {
    EXPECT(s->open && s->enumerate && s->schema && s->split_begin && s->read && s->split_end &&
               s->close,
           "%s: the source lacks a function", name);
    EXPECT(!s->decoder_new == !s->decode_begin && !s->decoder_new == !s->decode_next &&
               !s->decoder_new == !s->decoder_free,
           "%s: the decoder lacks a function", name);
    s->close(NULL); /* legal */
}

static void check_sink(const weir_connector *c) {
    const weir_sink_ops *s = c->sink;
    EXPECT(s->open && s->plan && s->begin && s->writer_new && s->write && s->prepare &&
               s->writer_free && s->commit && s->abort && s->recover && s->discard && s->close,
           "%s: the sink lacks a function", c->name);
    /* an encoder without anything of its own has nothing to free: the engine asks first */
    EXPECT(!s->encoder_new == !s->encode && (s->encode || !s->encoder_free),
           "%s: the encoder lacks a function", c->name);
    EXPECT(c->modes && c->modes < 1u << WEIR_MODE_COUNT, "%s: modes %x", c->name, c->modes);
    EXPECT(c->modes >> c->default_mode & 1, "%s: the default mode is not offered", c->name);
    s->close(NULL);
}

static void connectors(void **state) {
    (void)state;
    for (size_t i = 0; weir_connectors[i]; i++) {
        const weir_connector *c = weir_connectors[i];
        EXPECT(is_word(c->name), "connector %zu has no name", i);
        EXPECT(c->abi == WEIR_CONNECTOR_ABI, "%s: abi %u", c->name, c->abi);
        EXPECT(c->struct_size == sizeof *c, "%s: struct_size %u", c->name, c->struct_size);
        EXPECT(one_line(c->summary), "%s has no summary", c->name);
        EXPECT(c->roles & (WEIR_ROLE_SOURCE | WEIR_ROLE_SINK), "%s is neither end", c->name);
        EXPECT(!(c->roles & WEIR_ROLE_SOURCE) == !c->source, "%s: role and source", c->name);
        EXPECT(!(c->roles & WEIR_ROLE_SINK) == !c->sink, "%s: role and sink", c->name);
        EXPECT(!(c->roles & WEIR_ROLE_CATALOG) == !c->catalog, "%s: role and catalog", c->name);
        if (c->source) check_source(c->name, c->source);
        if (c->sink) check_sink(c);
        if (c->catalog)
            EXPECT(c->catalog->list && c->catalog->describe, "%s: the catalog", c->name);
        check_options(c->name, c->options, c->config_size, false);
        check_options(c->name, c->source_options, c->source_config_size, false);
        check_options(c->name, c->sink_options, c->sink_config_size, false);
        check_apart(c->name, c->options, c->source_options);
        check_apart(c->name, c->options, c->sink_options);
        EXPECT(weir_connector_find(c->name) == c, "%s is not found, or stands twice", c->name);
        for (const char *const *e = c->extensions; e && *e; e++)
            EXPECT((*e)[0] == '.' && (*e)[1], "%s: the extension \"%s\"", c->name, *e);
    }
    assert_null(weir_connector_find("no such connector"));
}

/* ---- formats --------------------------------------------------------------------------------- */

static void check_reader(const weir_format *f) {
    EXPECT(f->read && f->read->cutter_new && f->read->cutter_layout && f->read->cutter_next &&
               f->read->cutter_free && f->read->infer && f->read->decoder_new &&
               f->read->decoder_begin && f->read->decoder_next && f->read->decoder_free,
           "%s: the reader lacks a function", f->name);
}

static void check_writer(const weir_format *f) {
    EXPECT(f->write && f->write->encoder_new && f->write->encode && f->write->encoder_free,
           "%s: the writer lacks a function", f->name);
}

static void formats(void **state) {
    (void)state;
    for (size_t i = 0; weir_formats[i]; i++) {
        const weir_format *f = weir_formats[i];
        EXPECT(is_word(f->name), "format %zu has no name", i);
        EXPECT(one_line(f->summary), "%s has no summary", f->name);
        EXPECT(f->read_options || f->write_options, "%s does nothing", f->name);
        EXPECT(!f->read_options == !f->read, "%s: reader and options", f->name);
        EXPECT(!f->write_options == !f->write, "%s: writer and options", f->name);
        if (f->read) check_reader(f);
        if (f->write) check_writer(f);
        check_options(f->name, f->read_options, f->read_config_size, false);
        check_options(f->name, f->write_options, f->write_config_size, false);
        EXPECT(weir_format_find(f->name) == f, "%s is not found, or stands twice", f->name);
        EXPECT(f->extensions && f->extensions[0], "%s has no extension", f->name);
        for (const char *const *e = f->extensions; e && *e; e++) {
            char path[64];
            EXPECT((*e)[0] == '.' && (*e)[1], "%s: the extension \"%s\"", f->name, *e);
            snprintf(path, sizeof path, "some/file%s", *e);
            EXPECT(weir_format_of_path(path) == f, "%s: %s is another's", f->name, path);
        }
        for (size_t k = 0; weir_connectors[k]; k++) { /* they share a map of the pipeline file */
            if (!(weir_connectors[k]->caps & WEIR_CAP_FORMATS)) continue;
            check_apart(f->name, weir_connectors[k]->source_options, f->read_options);
            check_apart(f->name, weir_connectors[k]->sink_options, f->write_options);
        }
    }
    assert_null(weir_format_find("no such format"));
    assert_null(weir_format_of_path("a.nothing"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connectors),
        cmocka_unit_test(formats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
