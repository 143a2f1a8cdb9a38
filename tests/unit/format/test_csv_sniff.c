/* What is found out about a text: the options, the names, the rows, one case each; the same for all
 * sizes of chunks. */
#include "csv_expect.h"

/* ---- delimiters, quotes, escapes ----------------------------------------------------------- */

static void test_delimiters(void **state) {
    (void)state;
    expect("a,b\n1,2\n", "|a b |1 2 ");
    expect("a;b\n1,5;2,5\n3,5;4,5\n", "delimiter: \";\"\n|a b |1,5 2,5 |3,5 4,5 ");
    expect("a\tb\n1,x\ty\n2,z\tw\n", "delimiter: \"\\t\"\n|a b |1,x y |2,z w ");
    expect("a|b|c\n1|2|3\n", "delimiter: \"|\"\n|a b c |1 2 3 ");
    expect("a^b\n1^2\n3^4\n", "delimiter: \"^\"\n|a b |1 2 |3 4 ");
    expect("a~b\n1~2\n3~4\n", "delimiter: \"~\"\n|a b |1 2 |3 4 ");
    expect("u:x:1\nv:y:2\nw:z:3\n",
           "delimiter: \":\"\nheader: false\n|column1 column2 column3 |u x 1 |v y 2 |w z 3 ");
    expect("x y z\n1 2 3\n4 5 6\n7 8 9\n", "delimiter: \" \"\n|x y z |1 2 3 |4 5 6 |7 8 9 ");
    /* names for all columns but the row names: how R writes a table */
    expect("\"ab\" \"bc\"\n\"r_1\" 7 3.5\n\"r_2\" 8 4.5\n\"r_3\" 9 5.5\n",
           "delimiter: \" \"\n|column1 ab bc |r_1 7 3.5 |r_2 8 4.5 |r_3 9 5.5 ");
    expect("a||b||c\n1||2||3\n", "delimiter: \"||\"\n|a b c |1 2 3 ");
    expect("a::b::c\n1::2::3\n4::5::6\n", "delimiter: \"::\"\n|a b c |1 2 3 |4 5 6 ");
    expect("sep=;\na;b\n1;2\n", "delimiter: \";\"\nskip: 1\n|a b |1 2 ");
    expect("\"sep=|\"\r\na|b\r\n1,2|3,4\r\n", "delimiter: \"|\"\nskip: 1\n|a b |1,2 3,4 ");
}

/* Text that has delimiters in it and is no table. */
static void test_single_column(void **state) {
    (void)state;
    /* A word above rows without a header of their own is the name of one column. */
    expect("mac\n00:1b:44\n00:1b:45\n00:1b:46\n", "|mac |00:1b:44 |00:1b:45 |00:1b:46 ");
    expect("ip\nfe80::1\nfe80::2\n", "|ip |fe80::1 |fe80::2 ");
    expect("plate\nB AB 123\nB CD 125\nM X 9\n", "|plate |B AB 123 |B CD 125 |M X 9 ");
    expect("tags\na0|b0\na1|b1\n", "|tags |a0|b0 |a1|b1 ");
    expect("list\n1;2;3\n4;5;6\n", "|list |1;2;3 |4;5;6 ");
    expect("Sales\nid;name\n1;x\n2;y\n", "delimiter: \";\"\nskip: 1\n|id name |1 x |2 y ");
    expect("name\nAnn Smith\nBob, the builder\nCarl\n",
           "delimiter: \"\\t\"\n|name |Ann Smith |Bob, the builder |Carl ");
    expect("2024-01-01 10:00:00\n2024-01-01 11:00:00\n",
           "header: false\n|column1 |2024-01-01 10:00:00 |2024-01-01 11:00:00 ");
    expect(
        "100,000.00\n300,000.20\n300,000,000.40\n50\n",
        "delimiter: \"\\t\"\nheader: false\n|column1 |100,000.00 |300,000.20 |300,000,000.40 |50 ");
    expect("line\nHello world\nGood morning\n", "|line |Hello world |Good morning ");
    expect("k:v\nhost:a\nport:b\n", "|k:v |host:a |port:b ");
}

static void test_quotes(void **state) {
    (void)state;
    expect("id,name\n1,'O,Brien'\n2,'a, b'\n", "quote: \"'\"\n|id name |1 O,Brien |2 a, b ");
    expect("id,name\n1,it's\n2,'tis\n3,don't\n", "|id name |1 it's |2 'tis |3 don't ");
    expect("id,size\n1,5\"\n2,7\" x 3\"\n3,no\n",
           "quote: none\n|id size |1 5\" |2 7\" x 3\" |3 no ");
    expect("id,t\n1,\"a;b\nc;d\"\n2,\"e;f\"\n", "|id t |1 a;b\nc;d |2 e;f ");
    expect("id,txt\n1,\"say \\\"hi\\\", ok\"\n2,\"b\"\n",
           "escape: \"\\\\\"\n|id txt |1 say \"hi\", ok |2 b ");
    /* In a file with backslashes, quotes that are doubled are quotes, too. */
    expect("id,txt\n1,\"say \\\"hi\\\", ok\"\n2,\"b \"\"c\"\"\"\n",
           "escape: \"\\\\\"\n|id txt |1 say \"hi\", ok |2 b \"c\" ");
    expect("id,txt\n1,\"C:\\\"\n2,\"b\"\"c\"\n", "|id txt |1 C:\\ |2 b\"c ");
    /* One apostrophe pair is enough where no other apostrophe is; else they are letters. */
    expect("a,b,c\n1,'some value',2\n3,4,5\n", "quote: \"'\"\n|a b c |1 some value 2 |3 4 5 ");
    expect("a,b,c\n1,'x ''y'' z',2\n3,4,5\n", "quote: \"'\"\n|a b c |1 x 'y' z 2 |3 4 5 ");
    expect("a,b,c\n1,'x \\'y\\' z',2\n3,4,5\n",
           "quote: \"'\"\nescape: \"\\\\\"\n|a b c |1 x 'y' z 2 |3 4 5 ");
    expect("a,b\n1,'some'\n2,it's\n", "|a b |1 'some' |2 it's ");
    /* Quotes that break more lines than they make fields. */
    expect("n\tt\n1\t\"\n2\t\"a\n3\t\"\"\n4\tb\"c\n5\t\"\"\"\n",
           "delimiter: \"\\t\"\nquote: none\n|n t |1 \" |2 \"a |3 \"\" |4 b\"c |5 \"\"\" ");
    expect("a|b\n\"hello|world\nhow|do\"\nI|am\n",
           "delimiter: \"|\"\nquote: none\n|a b |\"hello world |how do\" |I am ");
    expect("a\tb\n1\t  \"x\" \n", "delimiter: \"\\t\"\nquote: none\n|a b |1   \"x\"  ");
    /* A blank in front of each quote. */
    expect("\"Year\", \"Title\"\n1968, \"Greetings\"\n1970, \"Hi, Mom\"\n",
           "delimiter: \", \"\n|Year Title |1968 Greetings |1970 Hi, Mom ");
    /* A quote inside a plain field is a character where others are used as they should be, and the
     * record is as wide as they are. */
    const char *text = "id,txt\n1,\"a\"\n2,b\"c\n3,\"d\"\n";
    expect(text, "stray_quotes: keep\n|id txt |1 a |2 b\"c |3 d ");
    expect("id,txt\n1,\"a\"\n2,b\"c,x\n3,\"d\"\n4,e\"f\n", "|id txt |1 a |!quote |3 d |!quote ");
    expect("id,txt\n1,a\n2,b \"c\" d\n3,e\n", "|id txt |1 a |!quote |3 e ");
    /* What is declared stays so. */
    weir_csv_read_config strict = find_all();
    const char *narrow = "a,b,c\n1,2,3\n4,5\n6,7\n8,9\n1,2,3\n";
    strict.stray_given = strict.ragged_given = true;
    expect_with(&strict, text, strlen(text), "|id txt |1 a |!quote |3 d ");
    expect(narrow, "ragged: pad\n|a b c |1 2 3 |4 5 ~ |6 7 ~ |8 9 ~ |1 2 3 ");
    expect_with(&strict, narrow, strlen(narrow),
                "|a b c |1 2 3 |!fields |!fields |!fields |1 2 3 ");
}

static void test_escapes(void **state) {
    (void)state;
    weir_csv_read_config config = find_all();
    const char *text = "id\tname\tnote\n1\tann\\tb\t\\N\n2\tx\\\ny\t\\\\N\n3\t\"q\tz\n";
    expect_with(&config, text, strlen(text),
                "delimiter: \"\\t\"\nquote: none\nescape: \"\\\\\"\n"
                "|id name note |1 ann\tb ~ |2 x\ny \\N |3 \"q z ");
    /* Backslashes alone are no reason. */
    expect("p\tq\nC:\\temp\t1\nD:\\new\t2\n", "delimiter: \"\\t\"\n|p q |C:\\temp 1 |D:\\new 2 ");
    /* Nor is a null beside such as no database writes. */
    expect("p\tq\nC:\\temp\t\\N\nb\t2\n", "delimiter: \"\\t\"\n|p q |C:\\temp \\N |b 2 ");
    expect("p\tq\nx\\data\t\\N\nb\t2\n", "delimiter: \"\\t\"\n|p q |x\\data \\N |b 2 ");
}

/* ---- lines --------------------------------------------------------------------------------- */

static void test_line_ends(void **state) {
    (void)state;
    expect("a,b\r1,2\r3,4", "newline: cr\n|a b |1 2 |3 4 ");
    expect("a,b\n1,2\r3,4\r\n5,6\n\n7,8\r", "newline: cr\n|a b |1 2 |3 4 |5 6 |7 8 ");
    expect("a,b\r\n1,2\r\n\r\n3,4\r\n", "|a b |1 2 |3 4 ");
    /* Lines of blanks are none, where there are several columns. */
    expect("  \na,b\n \t\n1,2\n   \n\"3\",4\n \n", "|a b |1 2 |3 4 ");
    expect("a\nx\n  \ny\n", "|a |x |   |y ");
    /* A CR that leaves a broken record is no line end. */
    expect("a,b\n1,x\ry\n2,z\n", "|a b |!newline |2 z ");
    expect("a,b\n1,2\n\x1A", "|a b |1 2 ");
}

static void test_comments(void **state) {
    (void)state;
    expect("# by x, y\n# on z\nid,v\n1,2\n# \"mid\n3,4\n", "comment: \"#\"\n|id v |1 2 |3 4 ");
    expect("id;v\n// say, what\n1;2\n3;4\n", "delimiter: \";\"\ncomment: \"//\"\n|id v |1 2 |3 4 ");
    expect("#id,v\n1,2\n3,4\n", "|#id v |1 2 |3 4 ");
    expect("id,tag\n1,a\n#2,b\n3,c\n", "|id tag |1 a |#2 b |3 c ");
    expect("##f=1\n##g=2,3\n#C\tP\n1\t2\n3\t4\n", "delimiter: \"\\t\"\nskip: 2\n|#C P |1 2 |3 4 ");
}

/* ---- in front, below, behind --------------------------------------------------------------- */

static void test_header(void **state) {
    (void)state;
    expect("1,2\n3,4\n", "header: false\n|column1 column2 |1 2 |3 4 ");
    expect("a,b\nc,d\n", "|a b |c d ");
    expect("country,2019,2020\nA,1,2\nB,3,4\n", "|country 2019 2020 |A 1 2 |B 3 4 ");
    expect("2019,2020\n2021,2022\n", "header: false\n|column1 column2 |2019 2020 |2021 2022 ");
    expect("a,b\n", "|a b ");
    expect("1,2", "header: false\n|column1 column2 |1 2 ");
    expect("", "the file is empty: there is no header");
    /* What stands below again and again is no name, nor is what ends with nothing. */
    expect("x,y\nx,y\nx,y\nx,z\n", "header: false\n|column1 column2 |x y |x y |x y |x z ");
    expect("a|\n", "delimiter: \"|\"\nheader: false\n|column1 column2 |a ~ ");
    expect("id,1,2\nname,a,b\nn,8,6\n", "|id 1 2 |name a b |n 8 6 ");
    expect("day,n\n2024-01-01,1\n", "|day n |2024-01-01 1 ");
    expect("Region,2019,,2020,\n,Q1,Q2,Q1,Q2\nN,1,2,3,4\nS,5,6,7,8\n",
           "header: 2\n|Region 2019_Q1 2019_Q2 2020_Q1 2020_Q2 |N 1 2 3 4 |S 5 6 7 8 ");
    expect("t,temp,p\n,(C),(hPa)\n1,3.5,1000\n2,3.6,1001\n",
           "units: 1\n|t temp p |1 3.5 1000 |2 3.6 1001 ");
}

static void test_names(void **state) {
    (void)state;
    expect("a,a,,a_1,a\n1,2,3,4,5\n", "|a a_2 column3 a_1 a_3 |1 2 3 4 5 ");
    expect("column2,,x\n1,2,3\n", "|column2 column2_1 x |1 2 3 ");
    expect("\"mpg\",\"cyl\"\n\"Mazda\",21,6\n\"Horn\",22.8,4\n",
           "|column1 mpg cyl |Mazda 21 6 |Horn 22.8 4 ");
    expect("a,b,c,,\n1,2,3\n4,5,6\n", "|a b c |1 2 3 |4 5 6 ");
    expect("a,b,c,d\n1,2,3\n4,5,6\n", "ragged: pad\n|a b c d |1 2 3 ~ |4 5 6 ~ ");
    expect("a,b,,d\n1,2\n3,4\n\n5,6,7,8,9\n",
           "ragged: pad\n|a b column3 d |1 2 ~ ~ |3 4 ~ ~ |!fields ");
    expect("a,b\n1,2,\n3,4,\n", "|a b |1 2 |3 4 ");
    expect("a,b\n1,2,3\n3,4\n", "|a b |!fields |3 4 ");
}

static void test_preamble(void **state) {
    (void)state;
    expect("Report\nmade today\n\nid,v,w\n1,2,3\n4,5,6\n", "skip: 3\n|id v w |1 2 3 |4 5 6 ");
    expect("\n\n,,,\nTitle,,,\nid,name,qty,price\n1,a,2,3.5\n2,b,3,4.5\n",
           "skip: 4\n|id name qty price |1 a 2 3.5 |2 b 3 4.5 ");
    expect("Konto;123\nVon;01.01.2024\n\nid;t;v\n1;a;2\n2;b;3\n3;c;4\n",
           "delimiter: \";\"\nskip: 3\n|id t v |1 a 2 |2 b 3 |3 c 4 ");
    expect("notes\nmore, of it\nn,t,d\n1,a,2020-01-01\n", "skip: 2\n|n t d |1 a 2020-01-01 ");
    expect("Vendor\tx\nFrom\t1\nTo\t2\na\tb\tc\td\n1\t2\t3\t4\n5\t6\t7\t8\n",
           "delimiter: \"\\t\"\nskip: 3\n|a b c d |1 2 3 4 |5 6 7 8 ");
    expect("a,b\n1,2\n\nx,y,z\n3,4,5\n6,7,8\n",
           "a second table begins at line 4: 3 fields a record, not 2");
    expect("a,b\n1,2\n3,4\n5,6\n\nx,y,z\n3,4,5\n",
           "a second table begins at line 6: 3 fields a record, not 2");
}

static void test_footer(void **state) {
    (void)state;
    expect("a,b\n1,2\n3,4\n(2 rows)\n", "skip_footer: 1\n|a b |1 2 |3 4 ");
    expect("a,b\n1,2\n3,4\n\nSource: the office, 2020\nand more of it\n",
           "skip_footer: 2\n|a b |1 2 |3 4 ");
    expect("a,b\n1,2\n\nTotal,2\n", "skip_footer: 1\n|a b |1 2 ");
    /* What may be a record stays one. */
    expect("a,b\nx,2\nTotal,2\n", "|a b |x 2 |Total 2 ");
    expect("a,b\n1,2\nx\n", "|a b |1 2 |!fields ");
    expect("a,b\n1,\"x\n\n(2 rows)\"\n", "|a b |1 x\n\n(2 rows) ");
    weir_csv_read_config config = find_all();
    /* the only record is no footer, whatever stands in it and before it */
    config.skip = 1;
    expect_with(&config, "02.2024;-3,20;c\n\nGesamt;1.231,30;\n", 34,
                "delimiter: \";\"\nheader: false\n|column1 column2 column3 |Gesamt 1.231,30 ~ ");
    config.skip = WEIR_CSV_FIND;
    config.skip_footer = 2;
    expect_with(&config, "a,b\n1,2\n3,4\n5,6\n\n7,8\n", 21, "|a b |1 2 |3 4 ");
    config.skip_footer = 0;
    expect_with(&config, "a,b\n1,2\n(1 rows)\n", 17, "|a b |1 2 |!fields ");
}

/* A footer behind more than the head looks at: known when the end is read. */
static void test_far_footer(void **state) {
    (void)state;
    static const size_t sizes[] = {WEIR_CSV_SAMPLE_BYTES - 40, WEIR_CSV_SAMPLE_BYTES - 10,
                                   WEIR_CSV_SAMPLE_BYTES, WEIR_CSV_SAMPLE_BYTES + 3,
                                   WEIR_CSV_SAMPLE_BYTES * 3};
    weir_csv_read_config config = find_all();
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        weir_buf text = {0}, out = {0};
        size_t rows = 0;
        assert_true(weir_buf_adds(&text, "id;name\n"));
        while (text.size < sizes[i]) {
            assert_true(weir_buf_printf(&text, "%zu;a name\n", rows + 10000));
            rows++;
        }
        assert_true(weir_buf_adds(&text, "\nTotal;\nSource: here\n"));
        static const size_t chunks[] = {1000, 40000, 70000, 262144, 1 << 20};
        for (size_t k = 0; k < sizeof chunks / sizeof *chunks; k++) {
            print_reading(&config, text.data, text.size, chunks[k], &out);
            const char *head = "delimiter: \";\"\nskip_footer: 2\n|id name |10000 a name |";
            assert_memory_equal(out.data, head, strlen(head));
            size_t bars = 0;
            for (size_t at = 0; at < out.size; at++) bars += out.data[at] == '|';
            assert_int_equal(bars, rows + 1);
        }
        weir_buf_clear(&text);
        weir_buf_clear(&out);
    }
}

/* ---- declared ------------------------------------------------------------------------------ */

static void test_declared(void **state) {
    (void)state;
    weir_csv_read_config config = find_all();
    config.delimiter = one_char(',');
    config.header = 0;
    const char *text = "a;b\n1,5;2\n3,4;5\n";
    expect_with(&config, text, strlen(text), "skip: 1\n|column1 column2 |1 5;2 |3 4;5 ");
    config.skip = 0;
    expect_with(&config, text, strlen(text), "|column1 column2 |!fields |1 5;2 |3 4;5 ");
    config = find_all();
    config.quote = one_char(0);
    expect_with(&config, "a,b\n\"x\",1\n", 10, "|a b |\"x\" 1 ");
    config = find_all();
    config.header = 2;
    config.units = 1;
    expect_with(&config, "a,b\nc,d\nu,v\n1,2\n", 16, "|a_c b_d |1 2 ");
    config = find_all();
    config.comment = one_char('%');
    expect_with(&config, "%,x\na,b\n1,2\n", 12, "|a b |1 2 ");
    config.comment = one_char(',');
    expect_with(&config, "a;b\n", 4, "delimiter: \";\"\n|a b ");
}

static void test_ragged(void **state) {
    (void)state;
    static const char *const expected[] = {"|a b c |!fields |!fields |1 2 3 |!fields |5 6 7 ",
                                           "|a b c |1 2 ~ |!fields |1 2 3 |9 ~ ~ |5 6 7 ",
                                           "|a b c |!fields |1 2 3 |1 2 3 |!fields |5 6 7 ",
                                           "|a b c |1 2 ~ |1 2 3 |1 2 3 |9 ~ ~ |5 6 7 "};
    const char *text = "a,b,c\n1,2\n1,2,3,4\n1,2,3,,\n9\n5,6,7\n";
    const char *quoted = "a,b,c\n1,2\n\"1\",2,3,4\n1,2,\"3\",,\n9\n5,6,7\n";
    weir_csv_read_config config = read_defaults();
    for (int how = 0; how < 4; how++) {
        config.ragged = how;
        config.newline = WEIR_CSV_LF;
        expect_with(&config, text, strlen(text), expected[how]);
        expect_with(&config, quoted, strlen(quoted), expected[how]);
        config.newline = WEIR_CSV_CR; /* the automaton's way */
        expect_with(&config, text, strlen(text), expected[how]);
    }
}

/* Delimiters of several bytes, whose beginning comes again and again. */
static void test_long_delimiters(void **state) {
    (void)state;
    weir_csv_read_config config = read_defaults();
    config.delimiter = (weir_opt_char){.set = true, .size = 3, .bytes = "aab"};
    const char *text = "xaaby\n1aaabaab\"2aab3\"\n\"4\"aab\"5\"\n\"6\"aa7\naabaab\n";
    expect_with(&config, text, strlen(text), "|x y |!fields |4 5 |!quote |~ ~ ");
    config.delimiter = (weir_opt_char){.set = true, .size = 2, .bytes = "\xC2\xA7"};
    text = "x\xC2\xA7y\n1\xC2\xA7\"2\xC2\xA7\"\n";
    expect_with(&config, text, strlen(text), "|x y |1 2\xC2\xA7 ");
}

/* n cells, made of the text, as a record; as names or cells of what is read. */
static void put_cells(weir_buf *out, const char *cell, uint32_t n, const char *between) {
    for (uint32_t i = 0; i < n; i++)
        assert_true(weir_buf_printf(out, "%s%s", i ? between : "", cell));
}

/* Tables as wide as any: no header, and lines above it. */
static void test_wide(void **state) {
    (void)state;
    weir_csv_read_config config = find_all();
    for (uint32_t width = 255; width <= 300; width += width < 258 ? 1 : 42) {
        weir_buf text = {0}, cells = {0}, expected = {0};
        put_cells(&cells, "|1.5", 1, "");
        put_cells(&cells, " 1.5", width - 1, "");
        put_cells(&text, "1.5", width, ",");
        assert_true(weir_buf_adds(&text, "\n"));
        put_cells(&text, "1.5", width, ",");
        assert_true(weir_buf_adds(&expected, "header: false\n|"));
        for (uint32_t i = 1; i <= width; i++)
            assert_true(weir_buf_printf(&expected, "column%u ", i));
        for (int row = 0; row < 2; row++)
            assert_true(weir_buf_printf(&expected, "%s ", weir_buf_cstr(&cells)));
        expect_with(&config, text.data, text.size, weir_buf_cstr(&expected));

        text.size = expected.size = 0;
        assert_true(weir_buf_adds(&text, "Report of the year\n"));
        assert_true(weir_buf_adds(&expected, "skip: 1\n|"));
        for (uint32_t i = 1; i <= width; i++) {
            assert_true(weir_buf_printf(&text, "%sn%u", i > 1 ? "," : "", i));
            assert_true(weir_buf_printf(&expected, "n%u ", i));
        }
        assert_true(weir_buf_adds(&text, "\n"));
        put_cells(&text, "1.5", width, ",");
        assert_true(weir_buf_printf(&expected, "%s ", weir_buf_cstr(&cells)));
        expect_with(&config, text.data, text.size, weir_buf_cstr(&expected));
        weir_buf_clear(&text);
        weir_buf_clear(&cells);
        weir_buf_clear(&expected);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_delimiters), cmocka_unit_test(test_single_column),
        cmocka_unit_test(test_quotes),     cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_line_ends),  cmocka_unit_test(test_comments),
        cmocka_unit_test(test_header),     cmocka_unit_test(test_names),
        cmocka_unit_test(test_preamble),   cmocka_unit_test(test_footer),
        cmocka_unit_test(test_far_footer), cmocka_unit_test(test_declared),
        cmocka_unit_test(test_ragged),     cmocka_unit_test(test_long_delimiters),
        cmocka_unit_test(test_wide)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
