/* What the two halves of map share. */
#ifndef WEIR_TRANSFORM_MAP_H
#define WEIR_TRANSFORM_MAP_H

#include "transform/kinds.h"
#include "transform/lookup.h"

typedef enum map_missing { MAP_REJECT, MAP_NULL, MAP_KEEP } map_missing;

typedef struct map_config {
    weir_opt_strings to;
    weir_opt_strmap values;
    const char *type, *fallback;
    int missing, twice;
    bool values_given, fallback_given, missing_given;
    weir_operator_source source;
} map_config;

/* A column that map makes. */
typedef struct map_column {
    weir_column *values;     /* PLAIN, a row for each of the lookup */
    weir_column *fallback;   /* one row, for what is not there; NULL = none */
    weir_column *dictionary; /* values and fallback without nulls, when they are few */
} map_column;
/* Up to so many values become a dictionary column. */
#define MAP_DICTIONARY_ROWS 4096u

typedef struct map_state {
    weir_lookup lookup;
    uint32_t n_fields, n_made;
    uint32_t *fields, *target;
    const char **names; /* of the columns made, for failures */
    map_column *made;
    map_missing missing;
    const char *what, *where; /* "country", "countries.csv": for reasons */
} map_state;

/* Fills m->dictionary where that pays. */
WEIR_MUST_USE weir_status map_column_finish(map_column *m, weir_ledger *ledger, weir_error *err);
void map_state_clear(map_state *state);
weir_status map_process(const weir_operator *op, void *local, weir_ctx *ctx, weir_batch *batch,
                        weir_error *err);

#endif
