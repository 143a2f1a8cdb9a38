/* Kinds of text that people keep in CSV files, beside plain tables: several of each, and what they
 * must not be taken for. */
#include "csv_expect.h"

/* ---- delimiters ---------------------------------------------------------------------------- */

static void test_long_delimiters(void **state) {
    (void)state;
    expect("a|^b|^c\n1|^x|^2\n3|^y|^4\n", "delimiter: \"|^\"\n|a b c |1 x 2 |3 y 4 ");
    expect("a~|~b~|~c\n1~|~x~|~2\n3~|~y~|~4\n", "delimiter: \"~|~\"\n|a b c |1 x 2 |3 y 4 ");
    expect("a|~|b|~|c\n1|~|x|~|2\n3|~|y|~|4\n", "delimiter: \"|~|\"\n|a b c |1 x 2 |3 y 4 ");
    expect("a||b\n1||2\n3||\n", "delimiter: \"||\"\n|a b |1 2 |3 ~ ");
    expect("a^|b\n1^|x\n2^|y\n", "delimiter: \"^|\"\n|a b |1 x |2 y ");
    /* Not where one field has no such mark, and not what begins values. */
    expect("a|^b\n1|^x\n2|y\n", "delimiter: \"|\"\n|a ^b |1 ^x |2 y ");
    expect("a|#b\n1|#5\n2|#6\n", "delimiter: \"|\"\n|a #b |1 #5 |2 #6 ");
    expect("a||b\n1|x|2\n3||4\n", "delimiter: \"|\"\n|a column2 b |1 x 2 |3 ~ 4 ");
}

static void test_rare_delimiters(void **state) {
    (void)state;
    expect("root:x:0:0:root:/root:/bin/sh\nbin:x:1:1:bin:/bin:/no\nd:x:2:2:d:/:/x\n",
           "delimiter: \":\"\nheader: false\n|column1 column2 column3 column4 column5 column6 "
           "column7 |root x 0 0 root /root /bin/sh |bin x 1 1 bin /bin /no |d x 2 2 d / /x ");
    expect("a\xC2\xA6"
           "b\n1\xC2\xA6"
           "2\n",
           "delimiter: \"\xC2\xA6\"\n|a b |1 2 ");
    expect("a\x02"
           "b\n1\x02"
           "2\n",
           "delimiter: \"\\x02\"\n|a b |1 2 ");
    expect("name: x\ndate: 2024-01-01\nsize: 5\n", "|name: x |date: 2024-01-01 |size: 5 ");
    expect("SEP=;\na;b\n1;2\n", "delimiter: \";\"\nskip: 1\n|a b |1 2 ");
}

/* ---- no tables ----------------------------------------------------------------------------- */

static void test_lines(void **state) {
    (void)state;
    /* JSON a line */
    expect("{\"a\":1,\"b\":2}\n{\"a\":3,\"b\":\"x\"}\n",
           "delimiter: \"\\t\"\nquote: none\nheader: false\n"
           "|column1 |{\"a\":1,\"b\":2} |{\"a\":3,\"b\":\"x\"} ");
    expect("[1,2]\n[3,4,5]\n", "delimiter: \"\\t\"\nquote: none\nheader: false\n"
                               "|column1 |[1,2] |[3,4,5] ");
    expect("{a,b}\n{1,2}\n", "|{a b} |{1 2} ");
    /* sentences, logs */
    expect("text\nWell, it is.\nNo\nYes\nYes, and no\n",
           "delimiter: \"\\t\"\n|text |Well, it is. |No |Yes |Yes, and no ");
    expect("2024-01-01 10:00:00 INFO Start, wait\n2024-01-01 10:00:01 WARN Disk\n"
           "2024-01-01 10:00:02 ERROR Exit\n",
           "delimiter: \"\\t\"\nheader: false\n|column1 |2024-01-01 10:00:00 INFO Start, wait "
           "|2024-01-01 10:00:01 WARN Disk |2024-01-01 10:00:02 ERROR Exit ");
    /* The delimiter of the first line stands in no other, and what may be quotes is broken. */
    expect("'1;b@m er skip\n\"b;b em\nx 2\n", "quote: none\n|'1;b@m er skip |\"b;b em |x 2 ");
    /* A quote is a character where none stands around a line. */
    expect("line\nx\n\"\ny\n", "quote: none\n|line |x |\" |y ");
    expect("line\n\"x\"\n\"y\n", "|line |x |!quote ");
}

static void test_addresses(void **state) {
    (void)state;
    expect("a@x.io,Smith\nb@x.io,Jones\n",
           "header: false\n|column1 column2 |a@x.io Smith |b@x.io Jones ");
    expect("a@x.com\nb@y.org\n", "header: false\n|column1 |a@x.com |b@y.org ");
    expect("http://a.de/x,one\nhttps://b.de,two\n",
           "header: false\n|column1 column2 |http://a.de/x one |https://b.de two ");
    expect("10.0.0.1\n10.0.0.2\n", "header: false\n|column1 |10.0.0.1 |10.0.0.2 ");
    expect("mail,name\na@x.com,A\n", "|mail name |a@x.com A ");
    expect("a@b,name\na@x.com,A\n", "|a@b name |a@x.com A ");
    /* What comes again and again is no name. */
    expect("T\nT\nT\nF\n", "header: false\n|column1 |T |T |T |F ");
    expect("sex\nf\nm\nf\n", "|sex |f |m |f ");
}

/* ---- in front, below, behind --------------------------------------------------------------- */

static void test_padded_titles(void **state) {
    (void)state;
    /* pairs in a table of three columns: with a colon, or above a blank line */
    expect(
        "Konto:;DE1;\nZeit:;1.1.;\n\nTag;Betrag;Text\n2.1.;-12,50;R\n13.1.;1,00;G\n3.2.;2,50;K\n",
        "delimiter: \";\"\nskip: 3\n|Tag Betrag Text |2.1. -12,50 R |13.1. 1,00 G |3.2. 2,50 K ");
    expect("key,val,\nx y,one,\nn m,two,\nq,1,z\n",
           "|key val column3 |x y one ~ |n m two ~ |q 1 z ");
    expect("Report 2024;;;;\nBy;Sales;;;\n;;;;\nid;name;qty;price;sum\n1;a;2;3,5;7\n2;b;3;4;12\n",
           "delimiter: \";\"\nskip: 3\n|id name qty price sum |1 a 2 3,5 7 |2 b 3 4 12 ");
    expect("Report,2024,,\nid,name,qty,price\n1,a,2,3.5\n2,b,3,4.5\n",
           "skip: 1\n|id name qty price |1 a 2 3.5 |2 b 3 4.5 ");
    /* Names of merged cells, and records that are short, are no titles. */
    expect("Region,2019,,,\n,Q1,Q2,Q3,Q4\nN,1,2,3,4\nS,5,6,7,8\n",
           "header: 2\n|Region 2019_Q1 2019_Q2 2019_Q3 2019_Q4 |N 1 2 3 4 |S 5 6 7 8 ");
    expect("id,name,,\nx,y,z,w\nu,v,w,x\n", "|id name column3 column4 |x y z w |u v w x ");
    expect("Vendor\tx\nFrom\t1\nTo\t2\na\tb\tc\td\n1\t2\t3\t4\t\n5\t6\t7\t8\t\n",
           "delimiter: \"\\t\"\nskip: 3\n|a b c d |1 2 3 4 |5 6 7 8 ");
}

/* A first record that lacks fields is a reject, not a title that nobody misses. */
static void test_odd_first(void **state) {
    (void)state;
    expect("C,1,x\nA,2,y,3,z\nA,3,y,4,z\nC,4,x\nA,5,y,6,z\n",
           "header: false\n|column1 column2 column3 column4 column5 |!fields |A 2 y 3 z "
           "|A 3 y 4 z |!fields |A 5 y 6 z ");
    expect("1,2\n1,2,3\n4,5,6\n7,8,9\n",
           "header: false\n|column1 column2 column3 |!fields |1 2 3 |4 5 6 |7 8 9 ");
}

static void test_units(void **state) {
    (void)state;
    expect("time,temp,wind\nUTC,degC,m/s\n2024-01-01,3.5,4\n2024-01-02,3.7,5\n",
           "units: 1\n|time temp wind |2024-01-01 3.5 4 |2024-01-02 3.7 5 ");
    expect(
        "Site,Temp,,Wind,\n,min,max,avg,gust\n,degC,degC,m/s,m/s\nA,1,2,3,4\nB,2,3,4,5\n",
        "header: 2\nunits: 1\n|Site Temp_min Temp_max Wind_avg Wind_gust |A 1 2 3 4 |B 2 3 4 5 ");
    expect("Region,Sales,,Costs,\n,Q1,Q2,Q1,Q2\nname,EUR,EUR,EUR,EUR\nN,1,2,3,4\nS,2,3,4,5\n",
           "header: 2\nunits: 1\n"
           "|Region Sales_Q1 Sales_Q2 Costs_Q1 Costs_Q2 |N 1 2 3 4 |S 2 3 4 5 ");
    /* Words that are no units make the column text. */
    expect("a,b\nx,none yet\ny,2\nz,3\n", "|a b |x none yet |y 2 |z 3 ");
}

static void test_ends(void **state) {
    (void)state;
    /* a note in a table of few columns may be a record */
    expect("title,n\n\"a\",1\n\"b\",2\n\"Note: buy milk\",\n",
           "|title n |a 1 |b 2 |Note: buy milk ~ ");
    expect("a,b\n1,2\n3,4\nEND\n", "skip_footer: 1\n|a b |1 2 |3 4 ");
    expect("a;b\n1;2\n*** End of report ***\n", "delimiter: \";\"\nskip_footer: 1\n|a b |1 2 ");
    expect("a,b\n1,2\n=====\nRecords: 1\n", "skip_footer: 2\n|a b |1 2 ");
    expect("a,b\n1,2\nRow count = 1\n", "skip_footer: 1\n|a b |1 2 ");
    expect("a,b\n1,2\n= 12 records\n", "skip_footer: 1\n|a b |1 2 ");
    /* Words that say nothing of the kind, what has all fields, and what is in one column. */
    expect("a,b\n1,2\nended\n", "|a b |1 2 |!fields ");
    expect("a,b\nx,2\nEND,3\n", "|a b |x 2 |END 3 ");
    expect("a,b\nx,2\nEND,\n", "|a b |x 2 |END ~ ");
    expect("word\nbegin\nEND\n", "|word |begin |END ");
    expect("item;a;v\nx;1;2\ny;3;4\nTotal;;6\n",
           "delimiter: \";\"\n|item a v |x 1 2 |y 3 4 |Total ~ 6 ");
}

static void test_short_records(void **state) {
    (void)state;
    expect("a,b,c\n1,2,3\n1,2\n1\n4,5\n", "ragged: pad\n|a b c |1 2 3 |1 2 ~ |1 ~ ~ |4 5 ~ ");
    expect("a,b,c\n1,2\n3,4\n1\n", "ragged: pad\n|a b c |1 2 ~ |3 4 ~ |1 ~ ~ ");
    /* Some are faults, and so are those with fields too many. */
    expect("a,b,c\n1,2,3\n1,2\n4,5,6\n", "|a b c |1 2 3 |!fields |4 5 6 ");
    expect("a,b,c\n1,2,3\n1,2\n1,2\n4,5\n1,2,3,4\n",
           "ragged: pad\n|a b c |1 2 3 |1 2 ~ |1 2 ~ |4 5 ~ |!fields ");
    expect("a,b,c\n1,2,3\n1,2\n3,4,5\n1,2,3,4\n", "|a b c |1 2 3 |!fields |3 4 5 |!fields ");
    expect("a,b,c\n1,2\n", "|a b c |!fields ");
}

/* Comments that have apostrophes in them, columns that most records leave out. */
static void test_commented_tables(void **state) {
    (void)state;
    expect("# It's \"a\" list.\n#\n#code\tat\tzone\tnote\nA\t1\tx\nB\t2\ty\tn\nC\t3\tz\nD\t4\tz\n"
           "# more, at the end\nE\t5\tv\tn\nF\t6\tv\tn\nG\t7\tv\tn\n",
           "delimiter: \"\\t\"\ncomment: \"#\"\nheader: false\nragged: pad\n"
           "|column1 column2 column3 column4 |A 1 x ~ |B 2 y n |C 3 z ~ |D 4 z ~ |E 5 v n |F 6 v n "
           "|G 7 v n ");
    expect("#a list\n#k\tv\n1\t2\n3\t4\n", "delimiter: \"\\t\"\nskip: 1\n|#k v |1 2 |3 4 ");
    expect("x,1,a\ny,2,b\nz,3,c,d\n",
           "header: false\n|column1 column2 column3 |x 1 a |y 2 b |!fields ");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_long_delimiters), cmocka_unit_test(test_rare_delimiters),
        cmocka_unit_test(test_lines),           cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_padded_titles),   cmocka_unit_test(test_odd_first),
        cmocka_unit_test(test_units),           cmocka_unit_test(test_ends),
        cmocka_unit_test(test_short_records),   cmocka_unit_test(test_commented_tables)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
