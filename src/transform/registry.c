#include "transform/transform.h"

#include "transform/kinds.h"

const weir_operator_kind *const weir_transform_kinds[] = {&weir_transform_set,
                                                          &weir_transform_filter,
                                                          &weir_transform_select,
                                                          &weir_transform_drop,
                                                          &weir_transform_rename,
                                                          &weir_transform_cast,
                                                          &weir_transform_map,
                                                          &weir_transform_unnest,
                                                          &weir_transform_flatten,
                                                          &weir_transform_fill,
                                                          &weir_transform_limit,
                                                          &weir_transform_sample,
                                                          &weir_transform_split,
                                                          &weir_transform_parse,
                                                          &weir_transform_mask,
                                                          &weir_transform_hash,
                                                          NULL};

const weir_operator_kind *weir_transform_find(const char *name) {
    for (size_t i = 0; weir_transform_kinds[i]; i++)
        if (strcmp(weir_transform_kinds[i]->name, name) == 0) return weir_transform_kinds[i];
    return NULL;
}
