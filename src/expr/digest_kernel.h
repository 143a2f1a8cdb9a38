/* Digests of texts as functions give them: in hexadecimal. */
#ifndef WEIR_EXPR_DIGEST_KERNEL_H
#define WEIR_EXPR_DIGEST_KERNEL_H

#include "expr/function.h"
#include "text/hash.h"

/* The digest of each text of the first argument; inlined for its constant kind. */
static inline weir_status weir_digest_rows(weir_call *call, weir_column *out, weir_digest_kind kind,
                                           weir_error *err) {
    weir_text_arg a = weir_text_arg_of(call->args[0]);
    weir_text_out t = weir_text_out_of(call, out);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        weir_slice s = weir_text_at(&a, row);
        char *room = NULL;
        WEIR_TRY(weir_text_room(&t, 2 * WEIR_DIGEST_MAX_BYTES, &room, err));
        weir_text_commit(&t, row, weir_digest_hex(kind, s.data, s.size, room));
    }
out:
    return status;
}

#endif
