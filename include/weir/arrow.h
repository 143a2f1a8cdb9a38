/* The Arrow C data interface and C stream interface, word for word from the specification:
 *
 *     https://arrow.apache.org/docs/format/CDataInterface.html
 *     https://arrow.apache.org/docs/format/CStreamInterface.html
 *
 * The structures are a stable ABI shared by many libraries; the two guards let any number of them
 * stand in one program.
 *
 * Ownership: whoever holds a structure whose `release` is not NULL calls it once, from any thread,
 * when the data is no longer needed; it sets `release` to NULL.  A structure is moved by copying
 * its bytes and setting `release` of the old place to NULL.  Children and the dictionary belong to
 * their parent, whose release frees them, unless they were moved out before.
 */
#ifndef WEIR_ARROW_H
#define WEIR_ARROW_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4

struct ArrowSchema {
    /* Array type description */
    const char *format;
    const char *name;
    const char *metadata;
    int64_t flags;
    int64_t n_children;
    struct ArrowSchema **children;
    struct ArrowSchema *dictionary;

    /* Release callback */
    void (*release)(struct ArrowSchema *);
    /* Opaque producer-specific data */
    void *private_data;
};

struct ArrowArray {
    /* Array data description */
    int64_t length;
    int64_t null_count;
    int64_t offset;
    int64_t n_buffers;
    int64_t n_children;
    const void **buffers;
    struct ArrowArray **children;
    struct ArrowArray *dictionary;

    /* Release callback */
    void (*release)(struct ArrowArray *);
    /* Opaque producer-specific data */
    void *private_data;
};

#endif /* ARROW_C_DATA_INTERFACE */

#ifndef ARROW_C_STREAM_INTERFACE
#define ARROW_C_STREAM_INTERFACE

struct ArrowArrayStream {
    /* Callback to get the stream type (will be the same for all arrays in the stream).
     * Return value: 0 if successful, an errno-compatible error code otherwise. */
    int (*get_schema)(struct ArrowArrayStream *, struct ArrowSchema *out);
    /* Callback to get the next array; an array whose release is NULL marks the end.
     * Return value: 0 if successful, an errno-compatible error code otherwise. */
    int (*get_next)(struct ArrowArrayStream *, struct ArrowArray *out);
    /* Callback to get optional detailed error information; NULL = none.  The text is the stream's
     * and valid until the next call. */
    const char *(*get_last_error)(struct ArrowArrayStream *);

    /* Release callback */
    void (*release)(struct ArrowArrayStream *);
    /* Opaque producer-specific data */
    void *private_data;
};

#endif /* ARROW_C_STREAM_INTERFACE */

#ifdef __cplusplus
}
#endif

#endif
