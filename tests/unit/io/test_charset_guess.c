/* The guess of encodings: short tables of names and places in twenty languages and more, in the
 * encodings that are used for them; what is said of a doubt; where the first letter stands late. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <iconv.h>
#include <stdlib.h>
#include <string.h>

#include "io/stream.h"

typedef struct told {
    int n;
    bool guessed, mixed;
    char encoding[40], others[160];
} told;

static void tell(void *context, const weir_stream *s) {
    told *t = context;
    t->n++;
    t->guessed = s->encoding_guessed;
    t->mixed = s->encoding_mixed;
    strncpy(t->encoding, s->encoding, sizeof t->encoding - 1);
    strncpy(t->others, s->encoding_others ? s->encoding_others : "", sizeof t->others - 1);
}

/* Reads it all, `step` bytes at a time. */
static void read_all(const char *data, size_t size, size_t step, weir_buf *text, told *t) {
    weir_stream *s = NULL;
    weir_error err = {0};
    weir_transcode_options o = {.tell = tell, .tell_context = t};
    *t = (told){0};
    text->size = 0;
    assert_int_equal(weir_memory_open("in.csv", data, size, &s, &err), WEIR_OK);
    assert_int_equal(weir_transcode_with(s, &o, &s, &err), WEIR_OK);
    char *piece = malloc(step);
    assert_non_null(piece);
    for (;;) {
        size_t got = 0;
        assert_int_equal(weir_stream_read(s, piece, step, &got, &err), WEIR_OK);
        if (got == 0) break;
        assert_true(weir_buf_add(text, piece, got));
    }
    assert_int_equal(s->position, text->size);
    free(piece);
    weir_stream_close(s);
}

/* clang-format off */
static const struct {
    const char *encodings, *text;
} tables[] = {
    {"WINDOWS-1252 ISO-8859-15 CP850 MACINTOSH CP437",
     "id;name;city\n"
     "1;François Lefèvre;Orléans\n"
     "2;Hélène Béranger;Besançon\n"
     "3;Jérôme Noël;Saint-Étienne\n"
     "4;Zoé Crépeau;Nîmes\n"
     "5;Anaïs Gauthier;Angoulême\n"},
    {"WINDOWS-1252 ISO-8859-15 CP850 MACINTOSH CP437 WINDOWS-1250",
     "id;name;city\n"
     "1;Jürgen Müller;München\n"
     "2;Käthe Größe;Köln\n"
     "3;Björn Schäfer;Düsseldorf\n"
     "4;Günther Weiß;Nürnberg\n"
     "5;Anna Böhm;Würzburg\n"},
    {"WINDOWS-1252 ISO-8859-15 CP850 MACINTOSH",
     "id;name;city\n"
     "1;José Martínez;Málaga\n"
     "2;María Peña;Córdoba\n"
     "3;Ramón Núñez;A Coruña\n"
     "4;Inés García;León\n"
     "5;Andrés Ibáñez;Cádiz\n"},
    {"WINDOWS-1252 ISO-8859-15 CP850 MACINTOSH",
     "id;name;city\n"
     "1;João Gonçalves;São Paulo\n"
     "2;Conceição Araújo;Brasília\n"
     "3;Inês Falcão;Évora\n"
     "4;Antônio Magalhães;Goiânia\n"
     "5;Luís Simões;Guimarães\n"},
    {"WINDOWS-1252 ISO-8859-15 CP850 MACINTOSH",
     "id;name;city\n"
     "1;Niccolò Pavarò;Forlì\n"
     "2;Mariù Cantù;Città di Castello\n"
     "3;Nicolò Salò;Cefalù\n"
     "4;Andrea Rosà;Cantù\n"
     "5;Libertà Fabbri;San Donà\n"},
    {"WINDOWS-1252 ISO-8859-15 CP850 MACINTOSH",
     "id;name;city\n"
     "1;Åsa Sjöberg;Malmö\n"
     "2;Björn Håkansson;Göteborg\n"
     "3;Märta Öberg;Västerås\n"
     "4;Göran Lindström;Umeå\n"
     "5;Örjan Ström;Jönköping\n"},
    {"WINDOWS-1252 ISO-8859-15 CP850 MACINTOSH",
     "id;name;city\n"
     "1;Søren Jørgensen;Århus\n"
     "2;Åse Møller;København\n"
     "3;Jens Sørensen;Ærøskøbing\n"
     "4;Kåre Nørgård;Aalborg\n"
     "5;Bjørn Østergaard;Tromsø\n"},
    {"WINDOWS-1252 ISO-8859-15 CP850 MACINTOSH",
     "id;name;city\n"
     "1;Mäki Hämäläinen;Jyväskylä\n"
     "2;Päivi Väisänen;Hämeenlinna\n"
     "3;Yrjö Mäkelä;Seinäjoki\n"
     "4;Jyrki Lehtimäki;Äänekoski\n"
     "5;Pentti Järvinen;Mikkeli\n"},
    {"WINDOWS-1252 ISO-8859-15 CP850",
     "id;name;city\n"
     "1;Guðrún Þorsteinsdóttir;Reykjavík\n"
     "2;Jón Sigurðsson;Akureyri\n"
     "3;Þórður Ásgeirsson;Ísafjörður\n"
     "4;Björk Guðmundsdóttir;Hafnarfjörður\n"
     ""},
    {"WINDOWS-1250 ISO-8859-2 CP852",
     "id;name;city\n"
     "1;Łukasz Wiśniewski;Łódź\n"
     "2;Małgorzata Dąbrowska;Kraków\n"
     "3;Zbigniew Wójcik;Gdańsk\n"
     "4;Agnieszka Kamińska;Poznań\n"
     "5;Stanisław Lewandowski;Wrocław\n"},
    {"WINDOWS-1250 ISO-8859-2 CP852",
     "id;name;city\n"
     "1;Jiří Dvořák;Plzeň\n"
     "2;Tomáš Novák;Hradec Králové\n"
     "3;Kateřina Černá;Ústí nad Labem\n"
     "4;Zdeněk Růžička;České Budějovice\n"
     "5;Věra Kučerová;Děčín\n"},
    {"WINDOWS-1250 ISO-8859-2 CP852",
     "id;name;city\n"
     "1;Ľubomír Štúr;Žilina\n"
     "2;Ján Kováč;Košice\n"
     "3;Zuzana Horváthová;Prešov\n"
     "4;Štefan Novák;Trenčín\n"
     "5;Mária Tóthová;Banská Štiavnica\n"},
    {"WINDOWS-1250 ISO-8859-2 CP852",
     "id;name;city\n"
     "1;Kovács László;Győr\n"
     "2;Szabó Erzsébet;Székesfehérvár\n"
     "3;Nagy Jenő;Debrecen\n"
     "4;Tóth Gergő;Hódmezővásárhely\n"
     "5;Kőszegi Zsófia;Szűcs\n"},
    {"WINDOWS-1250 ISO-8859-2 CP852",
     "id;name;city\n"
     "1;Ion Ţurcanu;Timişoara\n"
     "2;Ştefan Bălan;Braşov\n"
     "3;Mihaela Pîrvu;Constanţa\n"
     "4;Cătălin Ţepeş;Bacău\n"
     "5;Ioana Lăzărescu;Iaşi\n"},
    {"WINDOWS-1250 ISO-8859-2 CP852",
     "id;name;city\n"
     "1;Željko Šimunić;Čakovec\n"
     "2;Đurđica Kovačević;Šibenik\n"
     "3;Zoran Perković;Karlovac\n"
     "4;Nikolina Babić;Križevci\n"
     "5;Božidar Čačić;Požega\n"},
    {"WINDOWS-1250 ISO-8859-2 CP852",
     "id;name;city\n"
     "1;Žiga Kovačič;Škofja Loka\n"
     "2;Boštjan Zupančič;Črnomelj\n"
     "3;Špela Hočevar;Žalec\n"
     "4;Matjaž Jurčič;Križe\n"
     ""},
    {"WINDOWS-1251 KOI8-R CP866 ISO-8859-5 MAC-CYRILLIC",
     "id;name;city\n"
     "1;Алексей Иванов;Москва\n"
     "2;Мария Смирнова;Нижний Новгород\n"
     "3;Дмитрий Кузнецов;Екатеринбург\n"
     "4;Наталья Попова;Казань\n"
     "5;Сергей Щербаков;Ярославль\n"},
    {"WINDOWS-1251 KOI8-U ISO-8859-5",
     "id;name;city\n"
     "1;Олексій Шевченко;Київ\n"
     "2;Марія Коваленко;Львів\n"
     "3;Дмитро Їжак;Запоріжжя\n"
     "4;Наталія Бойко;Чернівці\n"
     "5;Євген Гриценко;Вінниця\n"},
    {"WINDOWS-1251 ISO-8859-5",
     "id;name;city\n"
     "1;Георги Иванов;София\n"
     "2;Мария Димитрова;Пловдив\n"
     "3;Николай Стоянов;Велико Търново\n"
     "4;Елена Петкова;Бургас\n"
     "5;Христо Ангелов;Кърджали\n"},
    {"WINDOWS-1251 ISO-8859-5",
     "id;name;city\n"
     "1;Никола Јовановић;Београд\n"
     "2;Марија Петровић;Нови Сад\n"
     "3;Ђорђе Николић;Крагујевац\n"
     "4;Љиљана Марковић;Ниш\n"
     ""},
    {"WINDOWS-1253 ISO-8859-7",
     "id;name;city\n"
     "1;Γιώργος Παπαδόπουλος;Αθήνα\n"
     "2;Μαρία Νικολάου;Θεσσαλονίκη\n"
     "3;Δημήτρης Γεωργίου;Πάτρα\n"
     "4;Ελένη Ιωάννου;Ηράκλειο\n"
     "5;Κώστας Αντωνίου;Λάρισα\n"},
    {"WINDOWS-1254 CP857 ISO-8859-9",
     "id;name;city\n"
     "1;Ayşe Yılmaz;İstanbul\n"
     "2;Mehmet Öztürk;Eskişehir\n"
     "3;Gül Şahin;Diyarbakır\n"
     "4;Çağla Yıldız;Muğla\n"
     "5;Oğuz Kılıç;Iğdır\n"},
    {"WINDOWS-1255",
     "id;name;city\n"
     "1;דוד כהן;תל אביב\n"
     "2;שרה לוי;ירושלים\n"
     "3;יעקב מזרחי;חיפה\n"
     "4;רחל פרץ;באר שבע\n"
     "5;משה ביטון;אשדוד\n"},
    {"WINDOWS-1256 ISO-8859-6",
     "id;name;city\n"
     "1;محمد أحمد;القاهرة\n"
     "2;فاطمة الزهراء;الدار البيضاء\n"
     "3;عبد الله السعيد;الرياض\n"
     "4;خالد منصور;بغداد\n"
     "5;مريم حسن;دمشق\n"},
    {"CP874",
     "id;name;city\n"
     "1;สมชาย ใจดี;กรุงเทพ\n"
     "2;สุดา รักไทย;เชียงใหม่\n"
     "3;วิชัย สุขสันต์;ขอนแก่น\n"
     ""},
    {"WINDOWS-1257",
     "id;name;city\n"
     "1;Jonas Šimkus;Šiauliai\n"
     "2;Rūta Žukauskienė;Panevėžys\n"
     "3;Živilė Kazlauskaitė;Kėdainiai\n"
     "4;Mindaugas Čepaitis;Tauragė\n"
     "5;Vytautas Ąžuolas;Mažeikiai\n"},
    {"WINDOWS-1257",
     "id;name;city\n"
     "1;Jānis Bērziņš;Rīga\n"
     "2;Līga Kalniņa;Liepāja\n"
     "3;Kārlis Ozoliņš;Jēkabpils\n"
     "4;Ilze Krūmiņa;Rēzekne\n"
     "5;Mārtiņš Šulcs;Cēsis\n"},
    {"WINDOWS-1257",
     "id;name;city\n"
     "1;Jüri Mägi;Pärnu\n"
     "2;Õnne Tamm;Võru\n"
     "3;Mõistlik Käär;Jõhvi\n"
     "4;Tõnu Sõber;Põltsamaa\n"
     "5;Ülle Kõiv;Kärdla\n"},
    {"GB18030",
     "id;name;city\n"
     "1;张伟;北京\n"
     "2;王芳;上海\n"
     "3;李娜;广州\n"
     "4;刘洋;成都\n"
     "5;陈静;武汉\n"},
    {"BIG5",
     "id;name;city\n"
     "1;陳怡君;臺北\n"
     "2;林志偉;高雄\n"
     "3;黃淑芬;臺中\n"
     "4;張家豪;新竹\n"
     "5;吳美玲;嘉義\n"},
    {"CP932 EUC-JP",
     "id;name;city\n"
     "1;佐藤 花子;東京\n"
     "2;鈴木 一郎;大阪\n"
     "3;高橋 さくら;横浜\n"
     "4;田中 ケンジ;札幌\n"
     "5;渡辺 あゆみ;福岡\n"},
    {"UHC",
     "id;name;city\n"
     "1;김철수;서울\n"
     "2;이영희;부산\n"
     "3;박지훈;대구\n"
     "4;최수진;인천\n"
     "5;정민호;광주\n"},
};
/* clang-format on */

static void test_languages(void **state) {
    (void)state;
    weir_buf got = {0};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        char names[200], *rest = names;
        strncpy(names, tables[i].encodings, sizeof names - 1);
        names[sizeof names - 1] = 0;
        for (char *name; (name = strsep(&rest, " "));) {
            char bytes[1000], *in = (char *)(uintptr_t)tables[i].text, *out = bytes;
            size_t in_left = strlen(in), out_left = sizeof bytes;
            iconv_t cd = iconv_open(name, "UTF-8");
            assert_true(cd != (iconv_t)-1);
            assert_int_equal(iconv(cd, &in, &in_left, &out, &out_left), 0);
            iconv_close(cd);
            told t;
            read_all(bytes, sizeof bytes - out_left, 100, &got, &t);
            if (strcmp(weir_buf_cstr(&got), tables[i].text) != 0)
                fail_msg("%s is read as %s:\n%s", name, t.encoding, weir_buf_cstr(&got));
            assert_int_equal(t.n, 1);
            assert_true(t.guessed);
        }
    }
    weir_buf_clear(&got);
}

/* A name that two encodings have a reading of: both are named. */
static void test_doubt(void **state) {
    (void)state;
    weir_buf got = {0};
    told t;
    static const char croatian[] = "id;name\n1;Perkovi\xe6\n2;Mari\xe6\n",
                      accents[] = "id;name\n1;Ren\xe9\n2;Andr\xe9\n3;Zo\xeb;\xc9va\n",
                      odd[] = "id;name\n1;x\xb3\xb3x\xb3y\n";
    read_all(accents, sizeof accents - 1, 10, &got, &t);
    assert_string_equal(t.encoding, "windows-1252");
    assert_string_equal(weir_buf_cstr(&got),
                        "id;name\n1;Ren\xc3\xa9\n2;Andr\xc3\xa9\n3;Zo\xc3\xab;\xc3\x89va\n");
    read_all(croatian, sizeof croatian - 1, 10, &got, &t);
    assert_int_equal(t.n, 1);
    assert_true(t.guessed);
    assert_string_equal(t.encoding, "windows-1252");
    assert_non_null(strstr(t.others, "windows-1250"));
    read_all(odd, sizeof odd - 1, 10, &got, &t); /* like no text: left as it is, and said */
    assert_int_equal(got.size, sizeof odd - 1);
    assert_memory_equal(got.data, odd, got.size);
    assert_false(t.guessed);
    weir_buf_clear(&got);
}

/* Lines in two encodings: UTF-8 stays, the others can be rejected; where few are UTF-8 it is said.
 */
static void test_mixed(void **state) {
    (void)state;
    weir_buf got = {0}, in = {0};
    told t;
    static const char utf8[] = "1;M\xc3\xbcller;K\xc3\xb6ln\n", latin[] = "2;M\xfcller;K\xf6ln\n";
    assert_true(weir_buf_adds(&in, "id;name;city\n") && weir_buf_adds(&in, utf8) &&
                weir_buf_adds(&in, latin));
    read_all((const char *)in.data, in.size, 10, &got, &t);
    assert_int_equal(got.size, in.size);
    assert_memory_equal(got.data, in.data, in.size);
    for (int i = 0; i < 40; i++)
        assert_true(weir_buf_printf(&in, "%d;B\xe4r%c;G\xf6ttingen %c%c\n", i, 'a' + i % 26,
                                    'a' + i % 7, 'a' + i % 11));
    read_all((const char *)in.data, in.size, 10, &got, &t);
    assert_string_equal(t.encoding, "windows-1252");
    assert_true(t.guessed && t.mixed);
    weir_buf_clear(&in);
    weir_buf_clear(&got);
}

/* The first letter that is not ASCII stands behind 256 KiB: it decides all the same, however much
 * is read at a time. */
static void test_late(void **state) {
    (void)state;
    weir_buf in = {0}, want = {0}, got = {0};
    told t;
    while (in.size < 300000) assert_true(weir_buf_printf(&in, "%zu;Smith;London\n", in.size));
    assert_true(weir_buf_add(&want, in.data, in.size));
    assert_true(weir_buf_adds(&in, "1;Ay\xfe"
                                   "e Y\xfdlmaz;Eski\xfe"
                                   "ehir\n2;I\xfe\xfdk;K\xfdr\xfe"
                                   "ehir\n"));
    assert_true(weir_buf_adds(&want, "1;Ay\xc5\x9f"
                                     "e Y\xc4\xb1lmaz;Eski\xc5\x9f"
                                     "ehir\n2;I\xc5\x9f\xc4\xb1k;K\xc4\xb1r\xc5\x9f"
                                     "ehir\n"));
    for (int i = 0; i < 20000; i++) {
        assert_true(weir_buf_printf(&in, "%d;Jones;Paris\n", i));
        assert_true(weir_buf_printf(&want, "%d;Jones;Paris\n", i));
    }
    static const size_t steps[] = {7, 4096, 300010, 1000000};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        read_all((const char *)in.data, in.size, steps[i], &got, &t);
        assert_string_equal(t.encoding, "windows-1254");
        assert_int_equal(t.n, 1);
        assert_int_equal(got.size, want.size);
        assert_memory_equal(got.data, want.data, want.size);
    }
    in.size = 300000; /* and UTF-8 stays what it is */
    assert_true(weir_buf_adds(&in, "\n1;Ay\xc5\x9f"
                                   "e\n"));
    read_all((const char *)in.data, in.size, 4096, &got, &t);
    assert_int_equal(t.n, 0);
    assert_int_equal(got.size, in.size);
    assert_memory_equal(got.data, in.data, in.size);
    weir_buf_clear(&in);
    weir_buf_clear(&want);
    weir_buf_clear(&got);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_languages),
        cmocka_unit_test(test_doubt),
        cmocka_unit_test(test_mixed),
        cmocka_unit_test(test_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
