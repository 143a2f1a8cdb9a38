/* A plain JSON reader for tests, written from RFC 8259 without a look at the library's: slow,
 * strict, the whole document in memory.  Numbers keep their text; texts are decoded. */
#ifndef TESTS_SUPPORT_PLAIN_JSON_H
#define TESTS_SUPPORT_PLAIN_JSON_H

#include <stdbool.h>
#include <stddef.h>

typedef enum plain_kind {
    PLAIN_NULL,
    PLAIN_FALSE,
    PLAIN_TRUE,
    PLAIN_NUMBER,
    PLAIN_TEXT,
    PLAIN_LIST,
    PLAIN_OBJECT
} plain_kind;

typedef struct plain_json {
    plain_kind kind;
    char *text; /* NUMBER: as it stands; TEXT: decoded, may hold NUL */
    size_t size;
    char *key; /* the member's name in an object */
    size_t key_size;
    struct plain_json *first, *last, *next;
    size_t n; /* LIST, OBJECT: how many */
} plain_json;

/* Reads one value from text[*at..size), passing blanks before and behind it; NULL when what stands
 * there is no JSON value (then *at is where).  plain_json_free it. */
plain_json *plain_json_read(const char *text, size_t size, size_t *at);
void plain_json_free(plain_json *v);

/* The last member of that name, or NULL. */
const plain_json *plain_json_member(const plain_json *object, const char *key, size_t key_size);

/* Whether two texts of numbers are the same number, exactly: 1.50 and 15e-1 are. */
bool plain_number_equal(const char *a, size_t a_size, const char *b, size_t b_size);

/* The same value: numbers by value, objects by name (of equal names the last). */
bool plain_json_equal(const plain_json *a, const plain_json *b);

#endif
