#include "base/distance.h"

#include <stdint.h>
#include <string.h>

static unsigned char fold(char c) {
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

static int least(int a, int b) {
    return a < b ? a : b;
}

int weir_distance(const char *a, size_t a_size, const char *b, size_t b_size, int limit) {
    if (a_size > WEIR_DISTANCE_MAX_BYTES || b_size > WEIR_DISTANCE_MAX_BYTES) return limit + 1;
    size_t gap = a_size > b_size ? a_size - b_size : b_size - a_size;
    if (gap > (size_t)(limit < 0 ? 0 : limit)) return limit + 1;

    /* Three rows of the table: two back for swaps of neighbours. */
    int rows[3][WEIR_DISTANCE_MAX_BYTES + 1];
    int *before = rows[0], *last = rows[1], *now = rows[2];
    for (size_t j = 0; j <= b_size; j++) last[j] = (int)j;
    for (size_t i = 1; i <= a_size; i++) {
        int best = now[0] = (int)i;
        for (size_t j = 1; j <= b_size; j++) {
            int same = fold(a[i - 1]) == fold(b[j - 1]);
            int cost = least(least(last[j] + 1, now[j - 1] + 1), last[j - 1] + !same);
            if (i > 1 && j > 1 && fold(a[i - 1]) == fold(b[j - 2]) &&
                fold(a[i - 2]) == fold(b[j - 1]))
                cost = least(cost, before[j - 2] + 1);
            now[j] = cost;
            best = least(best, cost);
        }
        /* A swap may still reach back over one row, so one row above the limit is not the end. */
        if (best > limit + 1) return limit + 1;
        int *spare = before;
        before = last;
        last = now;
        now = spare;
    }
    return last[b_size] > limit ? limit + 1 : last[b_size];
}

const char *weir_distance_nearest(const char *word, size_t word_size, const char *const *candidates,
                                  size_t n) {
    int limit = word_size <= 4 ? 1 : word_size <= 8 ? 2 : 3;
    const char *nearest = NULL;
    for (size_t i = 0; i < n; i++) {
        if (!candidates[i]) continue;
        int d = weir_distance(word, word_size, candidates[i], strlen(candidates[i]), limit);
        if (d > limit) continue;
        nearest = candidates[i];
        limit = d - 1; /* the first of the nearest wins */
        if (limit < 0) break;
    }
    return nearest;
}
