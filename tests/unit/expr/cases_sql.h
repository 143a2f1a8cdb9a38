/* More expressions over the batch of expr_test.h, as in cases.h: what people bring from other
 * databases. */
#ifndef WEIR_EXPR_CASES_SQL_H
#define WEIR_EXPR_CASES_SQL_H

#include "cases.h"

/* clang-format off */
static const expr_case sql_cases[] = {
    /* ---- bits */
    {"i & 3", "int64", "1|2|1|~|0|3", ""},
    {"gi # 5", "int64", "2|13|2|~|5|2", ""},
    {"i << 2", "int64", "4|8|-12|~|0|!", "5: overflow of int64 in i << 2; "},
    {"i >> 1", "int64", "0|1|-2|~|0|4611686018427387903", ""},
    {"~i", "int64", "-2|-3|2|~|-1|-9223372036854775808", ""},
    {"~ i + 1", "int64", "-3|-4|1|~|-2|!", "5: overflow of int64 in i + 1; "},
    {"~ 1 & 7", "int64", "6", ""},
    {"1 | 2 + 4", "int64", "7", ""},
    {"1 | 2 = 3", "bool", "true", ""},
    {"6 & 3 | 8", "int64", "10", ""},
    {"8 | 6 & 3", "int64", "2", ""},
    {"1 << 2 << 1", "int64", "8", ""},
    {"to_hex(i)", "string", "1|2|fffffffffffffffd|~|0|7fffffffffffffff", ""},
    {"to_oct(gi)", "string", "7|10|7|~|0|7", ""},
    {"bin(gi)", "string", "111|1000|111|~|0|111", ""},
    {"bin(-1)", "string", "1111111111111111111111111111111111111111111111111111111111111111", ""},
    /* ---- similar to */
    {"g similar to '(red|blue)'", "bool", "true|false|true|~|true|true", ""},
    {"g not similar to '%e'", "bool", "true|true|true|~|false|true", ""},
    {"s similar to '_%ll_'", "bool", "true|false|~|false|false|false", ""},
    {"s similar to '[[:alpha:]]+'", "bool", "true|false|~|true|false|false", ""},
    {"'abc' similar to 'a'", "bool", "false", ""},
    {"'abc' similar to '%(b|d)%'", "bool", "true", ""},
    {"'abc' similar to '(b|c)%'", "bool", "false", ""},
    {"'a.c' similar to 'a.c'", "bool", "true", ""},
    {"'abc' similar to 'a.c'", "bool", "false", ""},
    {"'a_c' similar to 'a!_c' escape '!'", "bool", "true", ""},
    {"'abc' similar to 'a!_c' escape '!'", "bool", "false", ""},
    {"'aab' similar to 'a{2}b'", "bool", "true", ""},
    {"']' similar to '[]^]'", "bool", "true", ""},
    {"'b' similar to '[^a]'", "bool", "true", ""},
    {"'ab' similar to 'a**'", "bool", "!", "0: two repetitions in a row in 'ab' similar to 'a**'; "},
    {"'ab' similar to '[a'", "bool", "!", "0: no closing ] in the pattern in 'ab' similar to '[a'; "},
    /* ---- format, printf */
    {"format('{} {}', g, i)", "string", "red 1|green 2|red -3| |blue 0|red 9223372036854775807", ""},
    {"format('{1}{{{0}}}', 'a', 7)", "string", "7{a}", ""},
    {"format('{\"a\": %s}', 7)", "string", "{\"a\": 7}", ""},
    {"format('{} {}', 1)", "string", "!", "0: the format has more places than there are arguments in format('{} {}', 1); "},
    {"format('{:.2f}', 1.5)", "string", "!", "0: the format knows {} and {0} only; printf has widths and digits in format('{:.2f}', 1.5); "},
    {"format('{}')", "string", "{}", ""},
    {"printf('%s is %d%%', g, i)", "string", "red is 1%|green is 2%|red is -3%|~|blue is 0%|red is 9223372036854775807%", ""},
    {"printf('[%5d][%-5d][%05d][%+d][%.3d]', gi, gi, gi, gi, gi)", "string", "[    7][7    ][00007][+7][007]|[    8][8    ][00008][+8][008]|[    7][7    ][00007][+7][007]|~|[    0][0    ][00000][+0][000]|[    7][7    ][00007][+7][007]", ""},
    {"printf('%.2f %08.3f %e', 2.5, -1.5, 1500)", "string", "2.50 -001.500 1.500000e+03", ""},
    {"printf('%g', f)", "string", "1.5|-2.25|~|0|nan|1e+300", ""},
    {"printf('%x %X %o', 255, 255, 8)", "string", "ff FF 10", ""},
    {"printf('%6s;%.2s', 'größe', 'größe')", "string", " größe;gr", ""},
    {"printf('%c', i + 64)", "string", "A|B|=|~|@|!", "5: overflow of int64 in i + 64; "},
    /* ---- dates */
    {"date_format(dt, '%d.%m.')", "string", "31.01.|31.12.|~|01.01.|01.01.|31.12.", ""},
    {"time_bucket(interval '1 hour', ts)", "timestamp", "2024-03-31 02:00:00|2024-10-27 02:00:00|~|1970-01-01 00:00:00|2024-02-29 12:00:00|2023-12-31 23:00:00", ""},
    {"time_bucket(interval '1 week', dt)", "date", "2024-01-29|1999-12-27|~|1969-12-29|0001-01-01|9999-12-27", ""},
    {"time_bucket(interval '3 months', dt)", "date", "2024-01-01|1999-10-01|~|1970-01-01|0001-01-01|9999-10-01", ""},
    {"time_bucket(interval '1 day', tz) = date_trunc('day', tz)", "bool", "true|true|~|true|true|true", ""},
    {"date_bin(interval '15 minutes', timestamp '2020-02-11 15:44:17', timestamp '2001-01-01 00:02:30')", "timestamp", "2020-02-11 15:32:30", ""},
    {"time_bucket(interval '1 month', date '2024-03-10', date '2020-01-15')", "date", "2024-02-15", ""},
    {"time_bucket(interval '1 hour', dt)", "date", "!|!|~|!|!|!", "0: buckets of dates are whole days in time_bucket(interval '1 hour', dt); 1: buckets of dates are whole days in time_bucket(interval '1 hour', dt); 3: buckets of dates are whole days in time_bucket(interval '1 hour', dt); 4: buckets of dates are whole days in time_bucket(interval '1 hour', dt); 5: buckets of dates are whole days in time_bucket(interval '1 hour', dt); "},
    {"time_bucket(interval '0 days', date '2024-01-01')", "date", "!", "0: a bucket must be longer than nothing in time_bucket(interval '0 days', date '2024-01-01'); "},
    {"months_between(timestamp '1997-02-28 10:30:00', timestamp '1996-10-30 00:00:00')", "float64", "3.94959677", ""},
    {"months_between(dt, date '2024-02-29')", "float64", "-1|-290|~|-649.90322581|-24277.90322581|95710", ""},
    /* ---- lists */
    {"length(l)", "int64", "0|1|~|3|4|5", ""},
    {"len(map(list('a'), list(i)))", "int64", "1|1|1|1|1|1", ""},
    {"array_length(l)", "int64", "0|1|~|3|4|5", ""},
    {"array_length(l, 1)", "int64", "~|1|~|3|4|5", ""},
    {"string_split(g, 'e')[1]", "string", "r|gr|r|~|blu|r", ""},
};
/* clang-format on */

#endif
