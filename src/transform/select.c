/* select: keep these columns, in this order.  drop: keep the others. */
#include "transform/kinds.h"

typedef struct names_config {
    weir_opt_strings names;
} names_config;

static const weir_option select_options[] = {{.name = "select",
                                              .type = WEIR_OPT_STRINGS,
                                              .flags = WEIR_OPT_REQUIRED,
                                              .offset = offsetof(names_config, names),
                                              .help = "columns to keep, in this order",
                                              .since = "0.1"},
                                             {0}};

static const weir_option drop_options[] = {{.name = "drop",
                                            .type = WEIR_OPT_STRINGS,
                                            .flags = WEIR_OPT_REQUIRED,
                                            .offset = offsetof(names_config, names),
                                            .help = "columns to leave out",
                                            .since = "0.1"},
                                           {0}};

/* Numbers of the named fields, in order (UINT32_MAX: not in the schema), and the bits in op->reads.
 * Faults go to diags. */
static weir_status find_names(const weir_opt_strings *names, const weir_bind *bind,
                              weir_operator *op, const char *key, uint32_t *numbers,
                              weir_error *err) {
    op->reads = weir_transform_reads(bind, op->in);
    if (!op->reads) return weir_error_nomem(err);
    if (names->n == 0) weir_diags_error(bind->diags, bind->node, key, NULL, "names no column");
    for (size_t i = 0; i < names->n; i++) {
        const weir_node *at = weir_bind_item(bind->node, i);
        int number = weir_schema_find(op->in, names->items[i], strlen(names->items[i]));
        numbers[i] = UINT32_MAX;
        bool twice = number >= 0 && weir_bit_get(op->reads, (uint32_t)number);
        for (size_t k = 0; number < 0 && k < i && !twice; k++)
            twice = strcmp(names->items[k], names->items[i]) == 0;
        if (twice) {
            weir_diags_error(bind->diags, at, key, NULL, "names '%s' twice", names->items[i]);
        } else if (number >= 0) {
            numbers[i] = (uint32_t)number;
            weir_bit_set(op->reads, (uint32_t)number);
        } else if (!weir_bind_may_have(bind, names->items[i], false)) {
            weir_bind_unknown_column(bind, at, key, op->in, names->items[i]);
        }
    }
    return WEIR_OK;
}

/* select: what it names is all there is behind it, known here or not. */
static weir_status kept(const weir_opt_strings *names, const weir_bind *bind, uint32_t *numbers,
                        uint32_t *n, weir_error *err) {
    weir_bind_forget(bind);
    for (size_t i = 0; i < names->n; i++) {
        if (numbers[i] != UINT32_MAX) {
            numbers[(*n)++] = numbers[i];
            continue;
        }
        weir_status status = weir_bind_unsee(bind, names->items[i], err);
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}

static weir_status bind_names(const weir_opt_strings *names, bool keep, const weir_bind *bind,
                              weir_operator *op, weir_error *err) {
    const weir_schema *in = op->in;
    size_t faults = bind->diags->n_errors;
    size_t room = (names->n > in->n_fields ? names->n : in->n_fields) + 1;
    uint32_t *numbers = weir_alloc_zero(room, sizeof *numbers), n = 0;
    weir_field *fields = weir_alloc_zero(room, sizeof *fields);
    weir_status status = WEIR_OK;
    if (!numbers || !fields) WEIR_TRY(weir_error_nomem(err));
    WEIR_TRY(find_names(names, bind, op, keep ? "select" : "drop", numbers, err));
    if (keep) {
        WEIR_TRY(kept(names, bind, numbers, &n, err));
    } else {
        for (uint32_t i = 0; i < in->n_fields; i++)
            if (!weir_bit_get(op->reads, i)) numbers[n++] = i;
        bool others = bind->unseen && (bind->unseen->any || bind->unseen->n);
        if (n == 0 && !others && bind->diags->n_errors == faults)
            weir_diags_error(bind->diags, bind->node, "drop", NULL, "leaves no column");
    }
    for (uint32_t i = 0; i < n; i++) fields[i] = in->fields[numbers[i]];
    WEIR_TRY(weir_pick_bind(bind, op, fields, numbers, n, err));
    if (bind->diags->n_errors > faults) status = weir_bind_failed(bind, err);
out:
    weir_free(numbers);
    weir_free(fields);
    return status;
}

static weir_status select_bind(const void *config, const weir_bind *bind, weir_operator *op,
                               weir_error *err) {
    return bind_names(&((const names_config *)config)->names, true, bind, op, err);
}

static weir_status drop_bind(const void *config, const weir_bind *bind, weir_operator *op,
                             weir_error *err) {
    return bind_names(&((const names_config *)config)->names, false, bind, op, err);
}

const weir_operator_kind weir_transform_select = {
    .name = "select",
    .summary = "keeps the named columns, in the order given",
    .example = "- select: [id, email]",
    .options = select_options,
    .config_size = sizeof(names_config),
    .bind = select_bind,
    .process = weir_pick_process,
};

const weir_operator_kind weir_transform_drop = {
    .name = "drop",
    .summary = "leaves the named columns out",
    .example = "- drop: [note]",
    .options = drop_options,
    .config_size = sizeof(names_config),
    .bind = drop_bind,
    .process = weir_pick_process,
};
