/* rename: old: new.  All names change at once, so that two columns can swap theirs. */
#include "transform/kinds.h"

typedef struct rename_config {
    weir_opt_strmap names;
} rename_config;

static const weir_option options[] = {{.name = "rename",
                                       .type = WEIR_OPT_STRMAP,
                                       .flags = WEIR_OPT_REQUIRED,
                                       .offset = offsetof(rename_config, names),
                                       .help = "old name: new name",
                                       .since = "0.1"},
                                      {0}};

/* Two columns of one name: named once, at the entry that made the second. */
static void check_duplicates(const weir_opt_strmap *names, const weir_bind *bind,
                             const weir_field *fields, const weir_schema *in) {
    for (size_t i = 0; i < names->n; i++) {
        const char *to = names->values[i];
        if (!to) continue;
        int self = weir_schema_find(in, names->names[i], strlen(names->names[i]));
        for (uint32_t f = 0; self >= 0 && f < in->n_fields; f++)
            if (f != (uint32_t)self && strcmp(fields[f].name, to) == 0) {
                weir_diags_error(bind->diags, weir_bind_key(bind->node, names->names[i]), "rename",
                                 "drop the other column first, or choose another name",
                                 "'%s' becomes '%s', which is there already", names->names[i],
                                 names->values[i]);
                break;
            }
    }
}

static weir_status rename_bind(const void *config, const weir_bind *bind, weir_operator *op,
                               weir_error *err) {
    const weir_opt_strmap *names = &((const rename_config *)config)->names;
    const weir_schema *in = op->in;
    size_t faults = bind->diags->n_errors;
    weir_status status = WEIR_OK;
    weir_field *fields = weir_alloc_zero((size_t)in->n_fields + 1, sizeof *fields);
    uint32_t *from = weir_alloc_zero((size_t)in->n_fields + 1, sizeof *from);
    op->reads = weir_transform_reads(bind, in);
    if (!fields || !from || !op->reads) WEIR_TRY(weir_error_nomem(err));
    for (uint32_t i = 0; i < in->n_fields; i++) {
        fields[i] = in->fields[i];
        from[i] = i;
    }
    for (size_t i = 0; i < names->n; i++) {
        const weir_node *at = weir_bind_key(bind->node, names->names[i]);
        int number = weir_schema_find(in, names->names[i], strlen(names->names[i]));
        bool named = names->values[i] && names->values[i][0];
        if (!named)
            weir_diags_error(bind->diags, at, "rename", NULL, "'%s' gets no name", names->names[i]);
        if (number < 0) {
            if (!weir_bind_may_have(bind, names->names[i], false))
                weir_bind_unknown_column(bind, at, "rename", in, names->names[i]);
            if (named) WEIR_TRY(weir_bind_unsee(bind, names->values[i], err));
        } else if (named) {
            fields[number].name = names->values[i];
            weir_bit_set(op->reads, (uint32_t)number);
        }
    }
    size_t before = bind->diags->n_errors;
    check_duplicates(names, bind, fields, in);
    if (bind->diags->n_errors > before) { /* no schema has two columns of one name */
        for (size_t i = 0; i < names->n; i++)
            if (names->values[i]) WEIR_TRY(weir_bind_unsee(bind, names->values[i], err));
        WEIR_TRY(weir_bind_failed(bind, err));
    }
    WEIR_TRY(weir_pick_bind(bind, op, fields, from, in->n_fields, err));
    if (bind->diags->n_errors > faults) status = weir_bind_failed(bind, err);
out:
    weir_free(fields);
    weir_free(from);
    return status;
}

const weir_operator_kind weir_transform_rename = {
    .name = "rename",
    .summary = "gives columns other names",
    .example = "- rename: { mail: email }",
    .options = options,
    .config_size = sizeof(rename_config),
    .bind = rename_bind,
    .process = weir_pick_process,
};
