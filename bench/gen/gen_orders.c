/* gen_orders: deterministic "orders" data set, like a real export.
 *
 *   gen_orders ROWS CSV_OUT [NDJSON_OUT] [--bad PERMILLE] [--seed N]
 *
 * One row is made once and written to both files, so every tool reads the
 * same values.  "-" for CSV_OUT skips the CSV.
 *
 * Columns: order_id int64 (ascending with small gaps), customer_id int32,
 * email text, country two letters (about 10 % lower case), amount
 * decimal(10,2), quantity int, status (5 values), created_at and updated_at
 * ISO-8601 UTC, note text (about 25 % empty; about 5 % of rows hold quotes,
 * commas or an embedded newline; about 10 % hold UTF-8 beyond ASCII).
 *
 * Bad rows (default 10 per mille): amount not a number, amount out of
 * range, email missing, email malformed, bad date, unknown status.  With
 * --bad 0 there are none (the "clean" set).
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t s_;
static uint64_t rnd(void) { /* splitmix64 */
    uint64_t z = (s_ += 0x9E3779B97F4A7C15ull);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
}
static uint32_t below(uint32_t n) {
    return (uint32_t)(((rnd() >> 32) * n) >> 32);
}

static const char *const FIRST[] = {
    "anna", "ben",   "carla", "david", "elena", "frank", "grace", "hugo", "ines",  "jan",  "karin",
    "liam", "mona",  "nils",  "olga",  "pavel", "quinn", "rosa",  "sven", "tina",  "umar", "vera",
    "wim",  "xenia", "yusuf", "zoe",   "maria", "jose",  "li",    "chen", "amara", "kofi"};
static const char *const LAST[] = {
    "smith",        "mueller", "garcia", "rossi",    "novak",   "kim",   "tanaka", "ivanov",
    "silva",        "dubois",  "jensen", "kowalski", "nguyen",  "ali",   "okafor", "brown",
    "lopez",        "haas",    "berg",   "costa",    "moreau",  "singh", "khan",   "olsen",
    "papadopoulos", "yilmaz",  "horvat", "varga",    "popescu", "lind",  "murphy", "walker"};
static const char *const DOM[] = {"example.com",     "mail.example.org",   "shop.test",
                                  "example.net",     "corp.example",       "web.example.de",
                                  "post.example.fr", "inbox.example.co.uk"};
static const char *const CC[] = {"DE", "FR", "US", "GB", "IT", "ES", "NL", "BE", "PL", "CZ",
                                 "AT", "CH", "SE", "NO", "DK", "FI", "PT", "GR", "HU", "RO",
                                 "IE", "TR", "JP", "KR", "CN", "IN", "BR", "MX", "CA", "AU"};
static const char *const ST[] = {"pending", "paid", "shipped", "delivered", "cancelled"};
static const char *const WORD[] = {
    "leave",    "at",       "door",     "gift",     "wrap",    "please",  "call",   "before",
    "delivery", "urgent",   "fragile",  "second",   "floor",   "ring",    "bell",   "invoice",
    "required", "customer", "returned", "item",     "once",    "blue",    "large",  "spare",
    "part",     "warranty", "express",  "repeat",   "order",   "weekend", "office", "reception",
    "side",     "entrance", "damaged",  "box",      "replace", "with",    "new",    "size",
    "colour",   "changed",  "partial",  "shipment", "waiting", "stock",   "no",     "rush",
    "thanks",   "again"};
static const char *const UWORD[] = {"K\xC3\xBC"
                                    "che",
                                    "Stra\xC3\x9F"
                                    "e",
                                    "caf\xC3\xA9",
                                    "\xC3\x85rhus",
                                    "Gda\xC5\x84sk",
                                    "\xE6\x9D\xB1\xE4\xBA\xAC",
                                    "na\xC3\xAFve",
                                    "\xD0\x9C\xD0\xBE\xD1\x81\xD0\xBA\xD0\xB2\xD0\xB0",
                                    "se\xC3\xB1or",
                                    "\xE2\x82\xAC"
                                    "50"};
#define N(a) ((uint32_t)(sizeof(a) / sizeof(*(a))))

typedef struct {
    FILE *f;
    char *b;
    size_t n, cap;
} out_t;
static void oflush(out_t *o) {
    if (o->n && fwrite(o->b, 1, o->n, o->f) != o->n) {
        perror("write");
        exit(1);
    }
    o->n = 0;
}
static void oopen(out_t *o, const char *p) {
    o->f = fopen(p, "wb");
    if (!o->f) {
        perror(p);
        exit(1);
    }
    o->cap = 1 << 22;
    o->b = malloc(o->cap);
    o->n = 0;
}
static void put(out_t *o, const char *s, size_t n) {
    if (o->n + n > o->cap) oflush(o);
    memcpy(o->b + o->n, s, n);
    o->n += n;
}
static void puts_(out_t *o, const char *s) {
    put(o, s, strlen(s));
}

static void put_text(char *to, size_t size, const char *text) {
    snprintf(to, size, "%s", text);
}

static void csvf(out_t *o, const char *s) {
    if (!strpbrk(s, ",\"\n\r")) {
        puts_(o, s);
        return;
    }
    put(o, "\"", 1);
    for (; *s; s++) {
        if (*s == '"') put(o, "\"", 1);
        put(o, s, 1);
    }
    put(o, "\"", 1);
}
static void jsonf(out_t *o, const char *s) {
    put(o, "\"", 1);
    for (; *s; s++) {
        if (*s == '"' || *s == '\\') {
            put(o, "\\", 1);
            put(o, s, 1);
        } else if (*s == '\n')
            put(o, "\\n", 2);
        else
            put(o, s, 1);
    }
    put(o, "\"", 1);
}
static void iso(char *b, int64_t t) { /* civil from days, UTC */
    int64_t d = t / 86400;
    int sec = (int)(t % 86400);
    int64_t z = d + 719468, era = z / 146097;
    unsigned doe = (unsigned)(z - era * 146097);
    unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t y = (int64_t)yoe + era * 400;
    unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    unsigned mp = (5 * doy + 2) / 153, dd = doy - (153 * mp + 2) / 5 + 1,
             m = mp < 10 ? mp + 3 : mp - 9;
    if (m <= 2) y++;
    snprintf(b, 48, "%04d-%02u-%02uT%02d:%02d:%02dZ", (int)(y % 10000), m, dd, sec / 3600,
             sec / 60 % 60, sec % 60);
}

/* One order, with every field as the text that is written. */
typedef struct {
    uint64_t id;
    uint32_t customer, quantity;
    char email[96], country[3], amount[32], created[48], updated[48], note[512];
    const char *status;
    int amount_is_number;
} row_t;

/* Words; now and then with quotes, a comma or a line break behind the first, or beyond ASCII. */
static void make_note(char *p) {
    *p = 0;
    if (!below(4)) return;
    uint32_t words = 2 + below(6);
    int special = below(100) < 7, beyond_ascii = below(100) < 13;
    for (uint32_t k = 0; k < words; k++) {
        if (k) *p++ = ' ';
        const char *word = (beyond_ascii && k == 1) ? UWORD[below(N(UWORD))] : WORD[below(N(WORD))];
        size_t n = strlen(word);
        uint32_t kind = special && k == 0 ? below(3) : 3;
        if (kind == 0) *p++ = '"';
        memcpy(p, word, n);
        p += n;
        if (kind < 3) *p++ = "\",\n"[kind];
    }
    *p = 0;
}

/* Makes one row bad in one of the ways of the list above. */
static void spoil(row_t *r) {
    switch (below(10)) {
    case 0:
    case 1: put_text(r->amount, sizeof r->amount, "N/A"), r->amount_is_number = 0; break;
    case 2: put_text(r->amount, sizeof r->amount, "12,50"), r->amount_is_number = 0; break;
    case 3: put_text(r->amount, sizeof r->amount, "-15.00"); break;
    case 4: put_text(r->amount, sizeof r->amount, "123456.78"); break;
    case 5:
    case 6: r->email[0] = 0; break;
    case 7: r->email[strcspn(r->email, "@")] = '#'; break;
    case 8:
        put_text(r->created, sizeof r->created, below(2) ? "2024-13-45T10:00:00Z" : "yesterday");
        break;
    default: r->status = "unknown"; break;
    }
}

/* The order of the calls of below() decides the data: it never changes. */
static void make_row(row_t *r, uint64_t id) {
    r->id = id;
    r->customer = 1 + below(500000);
    r->quantity = 1 + below(9);
    int many = below(20) == 0;
    uint32_t more = below(90);
    r->quantity += many ? more : 0;
    const char *domain = DOM[below(N(DOM))];
    const char *last = LAST[below(N(LAST))];
    const char *first = FIRST[below(N(FIRST))];
    snprintf(r->email, sizeof r->email, "%s.%s%u@%s", first, last, r->customer % 10000, domain);
    memcpy(r->country, CC[below(N(CC))], 3);
    if (below(10) == 0) {
        r->country[0] |= 32;
        r->country[1] |= 32;
    }
    uint32_t cents = 99 + below(below(10) ? 30000 : 900000);
    snprintf(r->amount, sizeof r->amount, "%u.%02u", cents / 100, cents % 100);
    r->amount_is_number = 1; /* written as a JSON number unless it is not one */
    r->status = ST[below(N(ST))];
    int64_t created_s = 1640995200 + (int64_t)below(94608000);
    iso(r->created, created_s);
    iso(r->updated, created_s + below(2592000));
    make_note(r->note);
}

static void write_csv(out_t *o, const row_t *r) {
    char b[64];
    put(o, b, (size_t)snprintf(b, sizeof b, "%" PRIu64 ",%u,", r->id, r->customer));
    csvf(o, r->email);
    put(o, ",", 1);
    puts_(o, r->country);
    put(o, ",", 1);
    csvf(o, r->amount);
    put(o, b, (size_t)snprintf(b, sizeof b, ",%u,", r->quantity));
    puts_(o, r->status);
    put(o, ",", 1);
    puts_(o, r->created);
    put(o, ",", 1);
    puts_(o, r->updated);
    put(o, ",", 1);
    csvf(o, r->note);
    put(o, "\n", 1);
}

static void write_json(out_t *o, const row_t *r) {
    char b[64];
    put(o, b,
        (size_t)snprintf(b, sizeof b, "{\"order_id\":%" PRIu64 ",\"customer_id\":%u,", r->id,
                         r->customer));
    puts_(o, "\"email\":");
    if (r->email[0])
        jsonf(o, r->email);
    else
        puts_(o, "null");
    puts_(o, ",\"country\":\"");
    puts_(o, r->country);
    puts_(o, "\",\"amount\":");
    if (r->amount_is_number)
        puts_(o, r->amount);
    else
        jsonf(o, r->amount);
    put(o, b, (size_t)snprintf(b, sizeof b, ",\"quantity\":%u,", r->quantity));
    puts_(o, "\"status\":\"");
    puts_(o, r->status);
    puts_(o, "\",\"created_at\":\"");
    puts_(o, r->created);
    puts_(o, "\",\"updated_at\":\"");
    puts_(o, r->updated);
    puts_(o, "\",\"note\":");
    jsonf(o, r->note);
    puts_(o, "}\n");
}

static void finish(out_t *o) {
    if (!o->f) return;
    oflush(o);
    if (fclose(o->f) != 0) {
        perror("close");
        exit(1);
    }
    free(o->b);
}

int main(int argc, char **argv) {
    if (argc < 3) {
        fprintf(stderr, "usage: %s ROWS CSV_OUT [NDJSON_OUT] [--bad PERMILLE] [--seed N]\n",
                argv[0]);
        return 2;
    }
    uint64_t rows = strtoull(argv[1], 0, 10), bad_rows = 0, id = 1000000;
    const char *csv_path = argv[2], *json_path = NULL;
    uint32_t bad = 10;
    s_ = 42;
    for (int i = 3; i < argc; i++) {
        if (!strcmp(argv[i], "--bad") && i + 1 < argc)
            bad = (uint32_t)strtoul(argv[++i], 0, 10);
        else if (!strcmp(argv[i], "--seed") && i + 1 < argc)
            s_ = strtoull(argv[++i], 0, 10);
        else
            json_path = argv[i];
    }
    out_t csv = {0}, json = {0};
    if (strcmp(csv_path, "-") != 0) {
        oopen(&csv, csv_path);
        puts_(&csv, "order_id,customer_id,email,country,amount,quantity,status,created_at,"
                    "updated_at,note\n");
    }
    if (json_path) oopen(&json, json_path);
    static row_t row;
    for (uint64_t i = 0; i < rows; i++) {
        id += 1 + (below(50) == 0);
        make_row(&row, id);
        if (below(1000) < bad) {
            bad_rows++;
            spoil(&row);
        }
        if (csv.f) write_csv(&csv, &row);
        if (json.f) write_json(&json, &row);
    }
    finish(&csv);
    finish(&json);
    fprintf(stderr, "rows %" PRIu64 " bad %" PRIu64 "\n", rows, bad_rows);
    return 0;
}
