/* For clang-tidy alone: what it cannot see from the declarations.  A call that sets an error
 * returns a failure; without that the analyser follows paths on which `return weir_error_set(...)`
 * is a success and the result is missing. */
#include "weir/error.h"
#define weir_error_set(err, status, ...)                                                           \
    __extension__({                                                                                \
        weir_error_set((err), (status), __VA_ARGS__);                                              \
        (weir_status)(status);                                                                     \
    })
#define weir_error_errno(...)                                                                      \
    __extension__({                                                                                \
        weir_error_errno(__VA_ARGS__);                                                             \
        WEIR_IO;                                                                                   \
    })
#define weir_error_nomem(err)                                                                      \
    __extension__({                                                                                \
        weir_error_nomem(err);                                                                     \
        WEIR_RESOURCE;                                                                             \
    })
