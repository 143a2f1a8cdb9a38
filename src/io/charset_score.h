/* Between charset_guess.c, charset_score.c and the tables of tools/charset-models: private to
 * src/io. */
#ifndef WEIR_IO_CHARSET_SCORE_H
#define WEIR_IO_CHARSET_SCORE_H

#include "io/charset.h"

/* How often letters follow each other in a language.  Classes: 0 = no letter; then ASCII letters
 * (26 classes, or one where the language has other letters); then its own letters.  Costs are
 * minus the logarithm of how probable the second is behind the first, in fifths of a nat, as
 * characters from '#' on, a row for each first. */
typedef struct weir_charset_language {
    const char *name;
    const uint16_t *letters; /* numbers of its own letters, in lower case */
    const char *costs;
    uint8_t own, ascii; /* classes */
} weir_charset_language;

#define WEIR_CHARSET_NO_BYTE 0xFFFFu /* the encoding has no such character */
#define WEIR_CHARSET_SIGN 0x8000u    /* no letter: a row of the costs of signs */
#define WEIR_CHARSET_CAPITAL 0x4000u /* with the number of the small letter */

/* An encoding of one byte a character: what its upper half is, which languages it is used for (a
 * bit each) and what assuming it costs, in tenths of a nat. */
typedef struct weir_charset_model {
    const char *name;
    const uint16_t *bytes;
    uint64_t languages;
    uint16_t prior;
} weir_charset_model;

/* An encoding of two bytes a character: the most frequent ones, sorted, with their costs in tenths
 * of a nat. */
typedef struct weir_charset_frequent {
    const char *name;
    const uint16_t *codes;
    const uint8_t *costs;
    size_t n;
} weir_charset_frequent;

/* src/io/charset_models.c; the first and the second end with a NULL name, the last has
 * WEIR_CHARSET_PAIRED rows. */
extern const weir_charset_language weir_charset_languages[];
extern const weir_charset_model weir_charset_models[];
extern const weir_charset_frequent weir_charset_frequents[];
#define WEIR_CHARSET_PAIRED 5
#define WEIR_CHARSET_LETTERS_MAX 512
#define WEIR_CHARSET_CANDIDATES_MAX 40

/* How well a text reads in an encoding: less is better, in fifths of a nat. */
typedef struct weir_charset_candidate {
    const char *name;
    const weir_charset_model *model; /* NULL: an encoding of several bytes a character */
    uint32_t cost;
} weir_charset_candidate;

typedef struct weir_charset_scores {
    weir_charset_candidate best_first[WEIR_CHARSET_CANDIDATES_MAX];
    size_t n;
    uint32_t high;  /* bytes above ASCII that were looked at */
    uint32_t odd;   /* those of them that hardly stand where they do, read as the best */
    uint32_t few;   /* what all but the first model cost more, because there is little to go by */
    bool used[128]; /* which of them */
} weir_charset_scores;

/* What p[0..n) would be in each of the encodings that have a model.  whole: p[0..n) is all there
 * is.  n of the scores is 0 when the text has nothing to go by, or memory is short. */
void weir_charset_score(const uint8_t *p, size_t n, bool whole, weir_charset_scores *out);

/* Whether two of the candidates give the same text. */
bool weir_charset_same(const weir_charset_scores *s, const weir_charset_candidate *a,
                       const weir_charset_candidate *b);

#endif
