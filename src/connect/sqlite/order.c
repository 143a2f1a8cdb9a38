/* The order of values that stand as text, for `version`: numbers exactly, whatever their size,
 * times as instants, anything else by bytes.  Text order alone would put "9.5" above "10" and
 * "...00Z" above "...00.5Z". */
#include "connect/sqlite/sqlite.h"
#include "text/number.h"
#include "text/time.h"

/* A decimal number as its significant digits: 0.d1d2d3... times 10^exponent. */
typedef struct number {
    bool negative;
    const char *digits; /* from the first that is not 0; may hold one point */
    size_t size;        /* of them, 0 = the number is zero */
    int64_t exponent;
} number;

static size_t digits_of(const char *p, size_t n) {
    size_t k = 0;
    while (k < n && p[k] >= '0' && p[k] <= '9') k++;
    return k;
}

/* false = not a number: sign, digits with at most one point, and an exponent are allowed. */
static bool read_number(const char *p, size_t n, number *out) {
    *out = (number){0};
    if (n && (*p == '-' || *p == '+')) out->negative = *p == '-', p++, n--;
    size_t whole = digits_of(p, n), fraction = 0, size = whole;
    if (whole < n && p[whole] == '.') {
        fraction = digits_of(p + whole + 1, n - whole - 1);
        size = whole + 1 + fraction;
    }
    if (whole + fraction == 0) return false;
    int64_t exponent = 0;
    if (size < n) {
        if (p[size] != 'e' && p[size] != 'E') return false;
        if (weir_num_parse_int_within(p + size + 1, n - size - 1, -1000000000, 1000000000,
                                      &exponent) != WEIR_NUM_OK)
            return false;
    }
    out->exponent = exponent + (int64_t)whole;
    size_t i = 0;
    for (; i < size && (p[i] == '0' || p[i] == '.'); i++)
        if (p[i] == '0') out->exponent--;
    while (size > i && (p[size - 1] == '0' || p[size - 1] == '.')) size--;
    out->digits = p + i;
    out->size = size - i;
    if (out->size == 0) *out = (number){0};
    return true;
}

/* Digits of the same exponent: a point is stepped over, a missing digit is 0. */
static int compare_digits(const number *a, const number *b) {
    size_t i = 0, k = 0;
    for (;;) {
        if (i < a->size && a->digits[i] == '.') i++;
        if (k < b->size && b->digits[k] == '.') k++;
        char x = i < a->size ? a->digits[i] : '0', y = k < b->size ? b->digits[k] : '0';
        if (x != y) return x < y ? -1 : 1;
        if (i >= a->size && k >= b->size) return 0;
        i++, k++;
    }
}

static int compare_numbers(const number *a, const number *b) {
    int sign_a = a->size == 0  ? 0
                 : a->negative ? -1
                               : 1,
        sign_b = b->size == 0  ? 0
                 : b->negative ? -1
                               : 1;
    if (sign_a != sign_b) return sign_a < sign_b ? -1 : 1;
    if (sign_a == 0) return 0;
    int order =
        a->exponent != b->exponent ? (a->exponent < b->exponent ? -1 : 1) : compare_digits(a, b);
    return sign_a * order;
}

static bool both_times(const char *a, size_t n, const char *b, size_t m, int64_t *x, int64_t *y) {
    int32_t day_a, day_b;
    if (weir_date_parse(a, n, &day_a) == WEIR_NUM_OK &&
        weir_date_parse(b, m, &day_b) == WEIR_NUM_OK) {
        *x = day_a, *y = day_b;
        return true;
    }
    return (weir_timestamptz_parse(a, n, NULL, 0, x) == WEIR_NUM_OK &&
            weir_timestamptz_parse(b, m, NULL, 0, y) == WEIR_NUM_OK) ||
           (weir_timestamp_parse(a, n, x) == WEIR_NUM_OK &&
            weir_timestamp_parse(b, m, y) == WEIR_NUM_OK) ||
           (weir_time_parse(a, n, x) == WEIR_NUM_OK && weir_time_parse(b, m, y) == WEIR_NUM_OK);
}

int weir_sqlite_order(void *context, int a_size, const void *a, int b_size, const void *b) {
    (void)context;
    size_t n = (size_t)a_size, m = (size_t)b_size;
    number p, q;
    if (read_number(a, n, &p) && read_number(b, m, &q)) return compare_numbers(&p, &q);
    int64_t x, y;
    if (both_times(a, n, b, m, &x, &y)) return x < y ? -1 : x > y;
    int order = memcmp(a, b, n < m ? n : m);
    return order ? order : n < m ? -1 : n > m;
}
