/* split, parse, mask and hash, over each encoding and a selection. */
#include "operator_rig.h"

#include "base/fault.h"
#include "transform/transform.h"

#define EXPECT(YAML, TABLE, WANT) rig_expect(weir_transform_find, YAML, TABLE, WANT)

static void split_into_columns(void **state) {
    (void)state;
#define NAMES "name:string\nAnn Lee\nBob\nnull\nCid van der Berg, of somewhere\n"
    EXPECT("split: { field: name, by: ' ', into: [first, last] }", NAMES,
           "name:string|first:string|last:string\nAnn Lee|Ann|Lee\nBob|Bob|null\nnull|null|null\n"
           "Cid van der Berg, of somewhere|Cid|van der Berg, of somewhere\n");
    EXPECT("split: { field: name, by: ' ', into: [name], rest: drop }", NAMES,
           "name:string\nAnn\nBob\nnull\nCid\n");
    EXPECT(
        "split: { field: name, by: ' ', into: [a, b], rest: reject, fewer: reject }", NAMES,
        "name:string|a:string|b:string\nAnn Lee|Ann|Lee\nBob|ERR|ERR\nnull|null|null\n"
        "Cid van der Berg, of somewhere|ERR|ERR\n"
        "1 name split: \"Bob\" has fewer parts than there are columns\n"
        "3 name split: \"Cid van der Berg, of somewhere\" has more parts than there are columns\n");
    EXPECT("split: { field: k, by: '::', into: [a, b], trim: true }",
           "k:string\n a :: b \n::\nä::\n",
           "k:string|a:string|b:string\n a :: b |a|b\n::||\nä::|ä|\n");
    EXPECT("split: { field: k, pattern: '[,;] *', into: [a, b, c], rest: drop }",
           "k:string\n1, 2;3,4\nx\n",
           "k:string|a:string|b:string|c:string\n1, 2;3,4|1|2|3\n"
           "x|x|null|null\n");
}

static void split_into_a_list(void **state) {
    (void)state;
    EXPECT("split: { field: k, by: ',', list: k }", "k:string\na,b,,c\nnull\nx\n,\n",
           "k:list<string>\n[\"a\",\"b\",\"\",\"c\"]\nnull\n[\"x\"]\n[\"\",\"\"]\n");
    EXPECT("split: { field: k, pattern: 'x*', list: l }", "k:string\naxxb\nä\n",
           "k:string|l:list<string>\naxxb|[\"a\",\"b\"]\nä|[\"ä\"]\n");
}

static void split_faults(void **state) {
    (void)state;
    EXPECT("split: { field: n, by: ' ', into: [a] }", "n:int64\n1\n",
           "p.yaml:1:17: field: n is int64, not a text; cast it to string before\n");
    EXPECT("split: { field: n, by: '', into: [a] }", "n:string\n1\n",
           "p.yaml:1:20: by: is empty; write what stands between the parts\n");
    EXPECT("split: { field: n, by: x }", "n:string\n1\n",
           "p.yaml:1:8: into: is missing; write into: [a, b] for columns, or list: a for a list\n");
}

static void parse_json(void **state) {
    (void)state;
#define DOCS                                                                                       \
    "j:string\n{\"n\": 7, \"d\": \"31.01.2024\", \"o\": {\"x\": [1, \"y\"]}}\n{\"n\": "            \
    "1.5}\n{bad\n"                                                                                 \
    "null\n[1]\n{\"n\": null, \"d\": \"\"}\n"
    EXPECT(
        "parse: { field: j, columns: { n: int64, d: { type: date, format: '%d.%m.%Y', null: '' }, "
        "x: { from: '$.o.x[-1]' }, o: json } }",
        DOCS,
        "j:string|n:int64|d:date|x:string|o:json\n"
        "{\"n\": 7, \"d\": \"31.01.2024\", \"o\": {\"x\": [1, \"y\"]}}|7|2024-01-31|y|"
        "{\"x\": [1, \"y\"]}\n"
        "{\"n\": 1.5}|ERR|null|null|null\n{bad|ERR|ERR|ERR|ERR\nnull|null|null|null|null\n"
        "[1]|null|null|null|null\n{\"n\": null, \"d\": \"\"}|null|null|null|null\n"
        "2 j parse: j \"{bad\" is not valid JSON\n"
        "1 n type: n \"1.5\" is not a whole number (int64)\n");
    EXPECT("parse: { field: j, into: j, columns: { n: int64! } }", "j:string\n{\"n\": 1}\n{}\nx\n",
           "j:json|n:int64!\n{\"n\": 1}|1\n{}|null\nERR|ERR\n2 j parse: j \"x\" is not valid JSON\n"
           "1 n required: n is null, but declared never null\n");
}

static void parse_addresses(void **state) {
    (void)state;
    EXPECT(
        "parse: { field: u, as: url, columns: { host: string, port: int32, q: { from: query } } }",
        "u:string\nhttps://x.io:80/a?b=1#c\nnull\nx.io\nhttp://[::1]/\nhttp://x:99999/\n",
        "u:string|host:string|port:int32|q:string\nhttps://x.io:80/a?b=1#c|x.io|80|b=1\n"
        "null|null|null|null\nx.io|ERR|ERR|ERR\nhttp://[::1]/|::1|null|null\n"
        "http://x:99999/|ERR|ERR|ERR\n"
        "2 u parse: 'x.io' is no URL\n"
        "4 u parse: 'http://x:99999/' is no URL\n");
    EXPECT("parse: { field: u, as: url, columns: { host: string, path: string, query: string, "
           "f: { from: fragment } } }",
           "u:string\n/a/b?x=1&y=/c\n//h:8/p#f\n///p\n?\n#f\n/a b\n//h:x/\na/b\n/\n",
           "u:string|host:string|path:string|query:string|f:string\n"
           "/a/b?x=1&y=/c|null|/a/b|x=1&y=/c|null\n//h:8/p#f|h|/p|null|f\n"
           "///p|null|/p|null|null\n?|null|null||null\n#f|null|null|null|f\n"
           "/a b|ERR|ERR|ERR|ERR\n//h:x/|ERR|ERR|ERR|ERR\na/b|ERR|ERR|ERR|ERR\n"
           "/|null|/|null|null\n"
           "5 u parse: '/a b' is no URL\n6 u parse: '//h:x/' is no URL\n"
           "7 u parse: 'a/b' is no URL\n");
    EXPECT("parse: { field: q, as: query, into: m, columns: { a: int64, b: string } }",
           "q:string\na=1&b=x+y&a=2\n?b=%C3%A4\nb=%zz\nnull\na=x\n",
           "q:string|a:int64|b:string|m:map<string, string>\n"
           "a=1&b=x+y&a=2|1|x y|{\"a\":\"1\",\"b\":\"x y\"}\n?b=%C3%A4|null|ä|{\"b\":\"ä\"}\n"
           "b=%zz|ERR|ERR|ERR\nnull|null|null|null\na=x|ERR|null|{\"a\":\"x\"}\n"
           "2 q parse: a parameter that is not percent-encoded text\n"
           "4 a type: a \"x\" is not a whole number (int64)\n");
}

static void parse_faults(void **state) {
    (void)state;
    EXPECT("parse: { field: j, columns: { a: 'list<int64>', b: { type: int64, format: '%d' } } }",
           "j:string\nx\n",
           "p.yaml:1:34: a: a list<int64> cannot be read here; write json, and take it apart with "
           "unnest or set\n"
           "p.yaml:1:60: b: format says nothing about int64; leave it out\n");
    EXPECT("parse: { field: j, as: url, columns: { hots: string } }", "j:string\nx\n",
           "p.yaml:1:46: hots: there is no such part of a URL; 'scheme', 'user', 'host', 'port', "
           "'path', 'query' or 'fragment'\n");
    EXPECT("parse: { field: k, into: x }", "j:string\nx\n",
           "p.yaml:1:17: field: there is no column k; did you mean j?\n");
}

static void masks(void **state) {
    (void)state;
#define PEOPLE "id:int64|mail:string\n12345|ann@x.io\nnull|null\n7|no address, longer than twelve\n"
    EXPECT("mask: { fields: [id, mail], keep: 2 }", PEOPLE,
           "id:string|mail:string\n***45|******io\nnull|null\n*|****************************ve\n");
    EXPECT("mask: { field: mail, method: email }", PEOPLE,
           "id:int64|mail:string\n12345|a**@x.io\nnull|null\n7|******************************\n");
    EXPECT("mask: { field: id, method: card, keep: 1 }", PEOPLE,
           "id:string|mail:string\n****5|ann@x.io\nnull|null\n*|no address, longer than twelve\n");
    /* what would stay as it is, is hidden altogether */
    EXPECT("mask: { field: t, keep: 2 }", "t:string\nab\nabc\n\u00e9\n", "t:string\n**\n*bc\n*\n");
    EXPECT("mask: { field: t, method: email }", "t:string\na@x\n@x\na@b@c\n",
           "t:string\n*@x\n**\na**@c\n");
    EXPECT("mask: { field: t, method: card }", "t:string\n1234\nno number\n1-2345\n",
           "t:string\n****\n*********\n*-2345\n");
    EXPECT("mask: { field: t, method: hash, salt: '' }", "t:string\na\n",
           "p.yaml:1:33: salt: is empty: anybody could find a value by trying; give a secret text, "
           "or remove the key\n");
    EXPECT("mask: { fields: [id, mail], method: redact }", PEOPLE,
           "id:string|mail:string\n***|***\nnull|null\n***|***\n");
    EXPECT("mask: { fields: [id, mail], method: 'null' }", PEOPLE,
           "id:int64|mail:string\nnull|null\nnull|null\nnull|null\n");
    EXPECT("mask: { field: id, method: hash, salt: key }", "id:string\nweir\n",
           "id:string\n0752428289353926e237276e3a32ce3ea7ed40b6786e67153f9e9c1ec478a804\n");
    EXPECT("mask: { field: mial }", PEOPLE,
           "p.yaml:1:16: fields: there is no column mial; did you mean mail?\n");
}

static void hashes(void **state) {
    (void)state;
    EXPECT("hash: { field: a, into: h, algorithm: md5 }", "a:int64\n1\nnull\n",
           "a:int64|h:string\n1|c4ca4238a0b923820dcc509a6f75849b\nnull|null\n");
    /* what stands in which column counts */
    EXPECT("hash: { fields: [a, b], into: h, algorithm: crc }", "a:string|b:string\nx|y\n",
           "p.yaml:1:45: algorithm: \"crc\" is not one of sha256, sha512, sha1, md5, xxhash64, "
           "xxhash128\n");
    EXPECT("hash: { fields: [a, b], into: h, algorithm: md5 }",
           "a:string|b:string\nx|yz\nxy|z\nnull|x\nx|null\n",
           "a:string|b:string|h:string\nx|yz|ba712a8570128ef15c102f2500e8cc87\nxy|z|"
           "5aa91a2763601c13cf88640fd79ff1ff\nnull|x|afa6e1c49b907e08390c9eba651c957a\nx|null|"
           "6b809fff9e5f29cd5ee9e217154014df\n");
    EXPECT("hash: { fields: [a], into: h, algorithm: xxhash64 }", "a:string\n\"\"\n",
           "a:string|h:uint64\n\"\"|11601966329819847988\n");
}

/* Each allocation of binding and running fails once. */
static void memory_may_be_short(void **state) {
    (void)state;
    static const char *const yamls[] = {
        "split: { field: t, by: ' ', into: [a, b], fewer: reject }",
        "split: { field: t, pattern: ' +', list: t }",
        "parse: { field: t, columns: { n: int64, d: { type: date, format: '%F' } }, into: j }",
        "parse: { field: t, as: query, into: m, columns: { a: string } }",
        "mask: { field: t, method: hash, salt: x }",
        "hash: { fields: [t, n], into: h }"};
    for (size_t i = 0; i < sizeof yamls / sizeof *yamls; i++)
        for (long n = 1;; n++) {
            rig r = {.ctx = {.now_us = 1}};
            weir_error err = {0};
            weir_node *node = NULL;
            weir_batch *b = rig_batch("t:string|n:int64\na long text with a gap|1\nx|2\nnull|3\n",
                                      n % 2 ? RIG_DICTIONARY : RIG_PLAIN);
            r.ctx.scratch = &r.scratch;
            weir_diags_init(&r.diags, "p.yaml");
            MUST(weir_yaml_parse(weir_slice_of(yamls[i]), NULL, &r.arena, &r.diags, &node));
            r.kind = weir_transform_find(node->keys[0]->text);
            r.config = weir_arena_zero(&r.arena, 1, r.kind->config_size);
            MUST(weir_option_bind(r.kind->options, node, r.config, &r.arena, &r.diags));
            r.op.in = weir_schema_retain(b->schema);
            weir_arena plan = {0};
            weir_bind bind = {
                .arena = &plan, .diags = &r.diags, .node = node->items[0], .stage = "x"};
            weir_fault_arm(WEIR_FAULT_MALLOC, n, 12);
            weir_status status = r.kind->bind(r.config, &bind, &r.op, &err);
            if (status == WEIR_OK) {
                r.op.kind = r.kind;
                if (r.kind->local_new) status = r.kind->local_new(&r.op, &r.ctx, &r.local, &err);
                if (status == WEIR_OK) status = r.kind->process(&r.op, r.local, &r.ctx, b, &err);
            }
            bool reached = weir_fault_count(WEIR_FAULT_MALLOC) >= n;
            weir_fault_arm(WEIR_FAULT_MALLOC, 0, 0);
            if (status != WEIR_OK) assert_int_equal(status, WEIR_RESOURCE);
            weir_batch_free(b);
            rig_clear(&r);
            weir_arena_clear(&plan);
            if (!reached) break;
            assert_true(n < 10000);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        RIG_TEST(split_into_columns),
        RIG_TEST(split_into_a_list),
        RIG_TEST(split_faults),
        RIG_TEST(parse_json),
        RIG_TEST(parse_addresses),
        RIG_TEST(parse_faults),
        RIG_TEST(masks),
        RIG_TEST(hashes),
        RIG_TEST(memory_may_be_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
