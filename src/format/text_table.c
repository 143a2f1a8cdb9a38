/* The named patterns: whole ones for kinds of logs, and pieces that %{NAME} puts together.
 * docs/formats-text.md lists both. */
#include "format/text.h"

#define QUOTED "(?:[^\"\\\\]|\\\\.)*+"
#define APACHE_TIME "%d/%b/%Y:%H:%M:%S %z"
#define COMMON                                                                                     \
    "^(?<host>\\S+) (?<ident>\\S+) (?<user>\\S+|.+?) \\[(?<time>[^\\]]+)\\] "                      \
    "\"(?:(?<method>[A-Za-z]+) (?<path>(?:[^\"\\\\ ]|\\\\.)++)(?: (?<protocol>HTTP/[0-9.]+))?|"    \
    "(?<request>" QUOTED "))\" (?<status>[0-9]{3}|-) (?<bytes>[0-9]+|-)"
#define COMMON_FIELDS                                                                              \
    {"host", WEIR_STRING, NULL, NULL}, {"ident", WEIR_STRING, NULL, "-"},                          \
        {"user", WEIR_STRING, NULL, "-"}, {"time", WEIR_TIMESTAMPTZ, APACHE_TIME, NULL},           \
        {"method", WEIR_STRING, NULL, NULL}, {"path", WEIR_STRING, NULL, NULL},                    \
        {"protocol", WEIR_STRING, NULL, NULL}, {"request", WEIR_STRING, NULL, "-"},                \
        {"status", WEIR_INT32, NULL, "-"}, {                                                       \
        "bytes", WEIR_INT64, NULL, "-"                                                             \
    }

static const weir_text_field common_fields[] = {COMMON_FIELDS, {0}};
static const weir_text_field combined_fields[] = {
    COMMON_FIELDS, {"referer", WEIR_STRING, NULL, "-"}, {"agent", WEIR_STRING, NULL, "-"}, {0}};
static const weir_text_field cri_fields[] = {{"stream", WEIR_STRING, NULL, NULL},
                                             {"tag", WEIR_STRING, NULL, NULL},
                                             {"message", WEIR_STRING, NULL, NULL},
                                             {0}};
static const weir_text_field syslog_fields[] = {
    {"pri", WEIR_INT32, NULL, NULL},      {"host", WEIR_STRING, NULL, NULL},
    {"program", WEIR_STRING, NULL, NULL}, {"pid", WEIR_INT64, NULL, NULL},
    {"message", WEIR_STRING, NULL, NULL}, {0}};
static const weir_text_field syslog5424_fields[] = {
    {"pri", WEIR_INT32, NULL, NULL},       {"version", WEIR_INT32, NULL, NULL},
    {"time", WEIR_TIMESTAMPTZ, NULL, "-"}, {"host", WEIR_STRING, NULL, "-"},
    {"program", WEIR_STRING, NULL, "-"},   {"pid", WEIR_STRING, NULL, "-"},
    {"msgid", WEIR_STRING, NULL, "-"},     {"data", WEIR_STRING, NULL, "-"},
    {"message", WEIR_STRING, NULL, NULL},  {0}};
static const weir_text_field nginx_error_fields[] = {
    {"time", WEIR_TIMESTAMP, "%Y/%m/%d %H:%M:%S", NULL},
    {"level", WEIR_STRING, NULL, NULL},
    {"pid", WEIR_INT64, NULL, NULL},
    {"tid", WEIR_INT64, NULL, NULL},
    {"connection", WEIR_INT64, NULL, NULL},
    {"message", WEIR_STRING, NULL, NULL},
    {0}};
static const weir_text_field apache_error_fields[] = {
    {"time", WEIR_TIMESTAMP, "%a %b %d %H:%M:%S.%f %Y", NULL},
    {"module", WEIR_STRING, NULL, NULL},
    {"level", WEIR_STRING, NULL, NULL},
    {"pid", WEIR_INT64, NULL, NULL},
    {"tid", WEIR_INT64, NULL, NULL},
    {"client", WEIR_STRING, NULL, NULL},
    {"message", WEIR_STRING, NULL, NULL},
    {0}};

/* What the two kinds of load balancers of AWS have in common. */
#define BALANCER                                                                                   \
    "(?<time>[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z) (?<balancer>\\S+) (?<client>\\S+) "             \
    "(?<target>\\S+) (?<request_s>-?[0-9.]+) (?<target_s>-?[0-9.]+) (?<response_s>-?[0-9.]+) "     \
    "(?<status>[0-9]{1,3}|-) (?<target_status>[0-9]{1,3}|-) (?<received>[0-9]+|-) "                \
    "(?<sent>[0-9]+|-) "                                                                           \
    "\"(?<request>" QUOTED ")\" \"(?<agent>" QUOTED ")\" (?<cipher>\\S+) (?<tls>\\S+)"
#define BALANCER_FIELDS                                                                            \
    {"time", WEIR_TIMESTAMPTZ, NULL, NULL}, {"balancer", WEIR_STRING, NULL, NULL},                 \
        {"client", WEIR_STRING, NULL, "-"}, {"target", WEIR_STRING, NULL, "-"},                    \
        {"request_s", WEIR_FLOAT64, NULL, "-1"}, {"target_s", WEIR_FLOAT64, NULL, "-1"},           \
        {"response_s", WEIR_FLOAT64, NULL, "-1"}, {"status", WEIR_INT32, NULL, "-"},               \
        {"target_status", WEIR_INT32, NULL, "-"}, {"received", WEIR_INT64, NULL, "-"},             \
        {"sent", WEIR_INT64, NULL, "-"}, {"request", WEIR_STRING, NULL, "-"},                      \
        {"agent", WEIR_STRING, NULL, "-"}, {"cipher", WEIR_STRING, NULL, "-"}, {                   \
        "tls", WEIR_STRING, NULL, "-"                                                              \
    }
static const weir_text_field elb_fields[] = {BALANCER_FIELDS, {0}};
static const weir_text_field alb_fields[] = {{"type", WEIR_STRING, NULL, NULL},
                                             BALANCER_FIELDS,
                                             {"target_group", WEIR_STRING, NULL, "-"},
                                             {"trace", WEIR_STRING, NULL, "-"},
                                             {"domain", WEIR_STRING, NULL, "-"},
                                             {"certificate", WEIR_STRING, NULL, "-"},
                                             {"priority", WEIR_INT32, NULL, "-"},
                                             {"created", WEIR_TIMESTAMPTZ, NULL, "-"},
                                             {"actions", WEIR_STRING, NULL, "-"},
                                             {"redirect", WEIR_STRING, NULL, "-"},
                                             {"error", WEIR_STRING, NULL, "-"},
                                             {"rest", WEIR_STRING, NULL, NULL},
                                             {0}};
static const weir_text_field s3_fields[] = {{"owner", WEIR_STRING, NULL, "-"},
                                            {"bucket", WEIR_STRING, NULL, "-"},
                                            {"time", WEIR_TIMESTAMPTZ, APACHE_TIME, NULL},
                                            {"client", WEIR_STRING, NULL, "-"},
                                            {"requester", WEIR_STRING, NULL, "-"},
                                            {"request_id", WEIR_STRING, NULL, "-"},
                                            {"operation", WEIR_STRING, NULL, "-"},
                                            {"key", WEIR_STRING, NULL, "-"},
                                            {"request", WEIR_STRING, NULL, "-"},
                                            {"status", WEIR_INT32, NULL, "-"},
                                            {"error", WEIR_STRING, NULL, "-"},
                                            {"sent", WEIR_INT64, NULL, "-"},
                                            {"size", WEIR_INT64, NULL, "-"},
                                            {"total_ms", WEIR_INT64, NULL, "-"},
                                            {"turnaround_ms", WEIR_INT64, NULL, "-"},
                                            {"referer", WEIR_STRING, NULL, "-"},
                                            {"agent", WEIR_STRING, NULL, "-"},
                                            {"version", WEIR_STRING, NULL, "-"},
                                            {"rest", WEIR_STRING, NULL, NULL},
                                            {0}};
static const weir_text_field haproxy_fields[] = {
    {"pid", WEIR_INT64, NULL, NULL},
    {"client", WEIR_STRING, NULL, NULL},
    {"port", WEIR_INT32, NULL, NULL},
    {"time", WEIR_TIMESTAMP, "%d/%b/%Y:%H:%M:%S.%f", NULL},
    {"frontend", WEIR_STRING, NULL, NULL},
    {"backend", WEIR_STRING, NULL, NULL},
    {"server", WEIR_STRING, NULL, "<NOSRV>"},
    {"request_ms", WEIR_INT64, NULL, "-1"},
    {"queue_ms", WEIR_INT64, NULL, "-1"},
    {"connect_ms", WEIR_INT64, NULL, "-1"},
    {"response_ms", WEIR_INT64, NULL, "-1"},
    {"total_ms", WEIR_INT64, NULL, NULL},
    {"status", WEIR_INT32, NULL, "-1"},
    {"bytes", WEIR_INT64, NULL, NULL},
    {"state", WEIR_STRING, NULL, "----"},
    {"connections", WEIR_STRING, NULL, NULL},
    {"queues", WEIR_STRING, NULL, NULL},
    {"headers", WEIR_STRING, NULL, NULL},
    {"request", WEIR_STRING, NULL, NULL},
    {0}};
static const weir_text_field postgres_fields[] = {{"time", WEIR_TIMESTAMP, NULL, NULL},
                                                  {"zone", WEIR_STRING, NULL, NULL},
                                                  {"pid", WEIR_INT64, NULL, NULL},
                                                  {"user", WEIR_STRING, NULL, "[unknown]"},
                                                  {"database", WEIR_STRING, NULL, "[unknown]"},
                                                  {"level", WEIR_STRING, NULL, NULL},
                                                  {"message", WEIR_STRING, NULL, NULL},
                                                  {0}};

/* Those that say more stand in front of those that would take their lines, too. */
const weir_text_pattern weir_text_patterns[] = {
    {"common", COMMON "$", common_fields, "access logs of Apache and others"},
    {"combined", COMMON " \"(?<referer>" QUOTED ")\" \"(?<agent>" QUOTED ")\"?$", combined_fields,
     "access logs of nginx and Apache with referer and agent"},
    {"cri",
     "^(?<time>[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\\.[0-9]+)?"
     "(?:Z|[+-][0-9]{2}:[0-9]{2})) (?<stream>stdout|stderr) (?<tag>[FP](?::\\S+)?) "
     "(?<message>.*)$",
     cri_fields, "logs of containers, as Kubernetes' nodes keep them"},
    {"elb", "^" BALANCER "$", elb_fields, "AWS classic load balancers"},
    {"alb",
     "^(?<type>[a-z][a-z0-9]*) " BALANCER " (?<target_group>\\S+) \"(?<trace>" QUOTED
     ")\" \"(?<domain>" QUOTED ")\" \"(?<certificate>" QUOTED
     ")\" (?<priority>-?[0-9]+|-) (?<created>\\S+) \"(?<actions>" QUOTED ")\" \"(?<redirect>" QUOTED
     ")\" \"(?<error>" QUOTED ")\"(?: (?<rest>.*))?$",
     alb_fields, "AWS application load balancers"},
    {"s3",
     "^(?<owner>\\S+) (?<bucket>\\S+) \\[(?<time>[^\\]]+)\\] (?<client>\\S+) (?<requester>\\S+) "
     "(?<request_id>\\S+) (?<operation>[A-Z0-9]+\\.\\S+) (?<key>\\S+) (?:\"(?<request>" QUOTED
     ")\"|-) (?<status>[0-9]{3}|-) (?<error>\\S+) (?<sent>[0-9]+|-) (?<size>[0-9]+|-) "
     "(?<total_ms>[0-9]+|-) (?<turnaround_ms>[0-9]+|-) (?:\"(?<referer>" QUOTED
     ")\"|-) (?:\"(?<agent>" QUOTED ")\"|-) (?<version>\\S+)(?: (?<rest>.*))?$",
     s3_fields, "access to AWS S3"},
    {"haproxy",
     "^(?:.*haproxy\\[(?<pid>[0-9]+)\\]: )?(?<client>\\S+):(?<port>[0-9]+) "
     "\\[(?<time>[0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}:[0-9:.]+)\\] (?<frontend>\\S+) "
     "(?<backend>[^/\\s]+)/(?<server>\\S+) (?<request_ms>-?[0-9]+)/(?<queue_ms>-?[0-9]+)/"
     "(?<connect_ms>-?[0-9]+)/(?<response_ms>-?[0-9]+)/\\+?(?<total_ms>-?[0-9]+) "
     "(?<status>-?[0-9]+) \\+?(?<bytes>[0-9]+) \\S+ \\S+ (?<state>\\S+) "
     "(?<connections>[0-9]+/[0-9]+/[0-9]+/[0-9]+/\\+?[0-9]+) (?<queues>[0-9]+/[0-9]+) "
     "(?:(?<headers>\\{.*\\}) )?\"(?<request>.*)\"$",
     haproxy_fields, "HTTP logs of HAProxy, with or without what syslog has in front"},
    {"postgres",
     "^(?<time>[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}(?:\\.[0-9]+)?) "
     "(?<zone>[A-Z]{2,5}|[+-][0-9:]+) \\[(?<pid>[0-9]+)\\] "
     "(?:(?<user>[^@\\s]+)@(?<database>\\S+) )?(?<level>[A-Z]+[0-9]?):  ?(?<message>.*)$",
     postgres_fields, "server logs of PostgreSQL, with its default log_line_prefix"},
    {"syslog",
     "^(?:<(?<pri>[0-9]{1,3})>)?(?<time>[A-Z][a-z]{2} [ 0-9]?[0-9] [0-9]{2}:[0-9]{2}:[0-9]{2}"
     "(?:\\.[0-9]+)?|[0-9]{4}-[0-9]{2}-[0-9]{2}T\\S+) (?<host>\\S+) "
     "(?:(?<program>[^\\s\\[\\]:]+)(?:\\[(?<pid>[0-9]+)\\])?: ?)?(?<message>.*)$",
     syslog_fields, "RFC 3164, as syslog daemons write it to files"},
    {"syslog5424",
     "^<(?<pri>[0-9]{1,3})>(?<version>[0-9]{1,3}) (?<time>\\S+) (?<host>\\S+) (?<program>\\S+) "
     "(?<pid>\\S+) (?<msgid>\\S+) (?<data>-|(?:\\[(?:[^\\]\"\\\\]|\"" QUOTED "\")*+\\])+)"
     "(?: (?:\\x{FEFF})?(?<message>.*))?$",
     syslog5424_fields, "RFC 5424"},
    {"nginx_error",
     "^(?<time>[0-9]{4}/[0-9]{2}/[0-9]{2} [0-9:]{8}) \\[(?<level>[a-z]+)\\] "
     "(?<pid>[0-9]+)#(?<tid>[0-9]+): (?:\\*(?<connection>[0-9]+) )?(?<message>.*)$",
     nginx_error_fields, "error logs of nginx"},
    {"apache_error",
     "^\\[(?<time>[A-Z][a-z]{2} [A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8}\\.[0-9]{1,6} [0-9]{4})\\] "
     "\\[(?:(?<module>\\w+)?:)?(?<level>\\w+)\\] (?:\\[pid (?<pid>[0-9]+)(?::tid "
     "(?<tid>[0-9]+))?\\] )?(?:\\[client (?<client>[^\\]]+)\\] )?(?<message>.*)$",
     apache_error_fields, "error logs of Apache 2.4"},
    {0}};

/* The kinds of values that people write into such patterns. */
const weir_text_piece weir_text_pieces[] = {
    {"WORD", "\\b\\w+\\b", WEIR_STRING, NULL},
    {"NOTSPACE", "\\S+", 0, NULL},
    {"SPACE", "\\s*", WEIR_STRING, NULL},
    {"DATA", ".*?", WEIR_STRING, NULL},
    {"GREEDYDATA", ".*", WEIR_STRING, NULL},
    {"INT", "[+-]?[0-9]+", WEIR_INT64, NULL},
    {"POSINT", "\\b[1-9][0-9]*\\b", WEIR_INT64, NULL},
    {"NONNEGINT", "\\b[0-9]+\\b", WEIR_INT64, NULL},
    {"NUMBER", "[+-]?(?:[0-9]+(?:\\.[0-9]*)?|\\.[0-9]+)", 0, NULL},
    {"BASE10NUM", "%{NUMBER}", 0, NULL},
    {"BASE16NUM", "(?:0[xX])?[0-9A-Fa-f]+", WEIR_STRING, NULL},
    {"BOOL", "(?i:true|false)", WEIR_BOOL, NULL},
    {"QUOTEDSTRING", "(?:\"(?:[^\"\\\\]|\\\\.)*+\"|'(?:[^'\\\\]|\\\\.)*+')", WEIR_STRING, NULL},
    {"QS", "%{QUOTEDSTRING}", WEIR_STRING, NULL},
    {"UUID", "[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", WEIR_UUID, NULL},
    {"IPV4",
     "(?<![0-9.])(?:(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])\\.){3}"
     "(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])(?![0-9])",
     WEIR_STRING, NULL},
    {"IPV6",
     "(?:(?:[0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}|(?=[0-9A-Fa-f:.]*::)"
     "(?:[0-9A-Fa-f]{1,4})?(?::{1,2}[0-9A-Fa-f]{1,4}){0,7}(?:::)?(?::[0-9.]+)?)(?:%\\w+)?",
     WEIR_STRING, NULL},
    {"IP", "(?:%{IPV4}|%{IPV6})", WEIR_STRING, NULL},
    {"HOSTNAME", "\\b[0-9A-Za-z_](?:[0-9A-Za-z_-]*)(?:\\.[0-9A-Za-z_][0-9A-Za-z_-]*)*\\.?",
     WEIR_STRING, NULL},
    {"IPORHOST", "(?:%{IP}|%{HOSTNAME})", WEIR_STRING, NULL},
    {"HOSTPORT", "%{IPORHOST}:%{POSINT}", WEIR_STRING, NULL},
    {"MAC", "(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}", WEIR_STRING, NULL},
    {"USERNAME", "[A-Za-z0-9._-]+", WEIR_STRING, NULL},
    {"USER", "%{USERNAME}", WEIR_STRING, NULL},
    {"EMAILADDRESS", "[A-Za-z0-9._%+=-]+@%{HOSTNAME}", WEIR_STRING, NULL},
    {"UNIXPATH", "(?:/[^\\s/]*)+", WEIR_STRING, NULL},
    {"WINPATH", "(?:[A-Za-z]:|\\\\)(?:\\\\[^\\\\?*\\s]*)+", WEIR_STRING, NULL},
    {"PATH", "(?:%{UNIXPATH}|%{WINPATH})", WEIR_STRING, NULL},
    {"URIPATH", "/[^\\s?#]*", WEIR_STRING, NULL},
    {"URIPARAM", "\\?[^\\s#]*", WEIR_STRING, NULL},
    {"URIPATHPARAM", "%{URIPATH}(?:%{URIPARAM})?", WEIR_STRING, NULL},
    {"URI", "[A-Za-z][A-Za-z0-9+.-]*://\\S+", WEIR_STRING, NULL},
    {"MONTH",
     "\\b(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|"
     "Sep(?:tember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\\b",
     WEIR_STRING, NULL},
    {"MONTHNUM", "(?:1[0-2]|0?[1-9])", WEIR_INT64, NULL},
    {"MONTHDAY", "(?:3[01]|[12][0-9]|[ 0]?[1-9])", WEIR_STRING, NULL},
    {"DAY",
     "\\b(?:Mon(?:day)?|Tue(?:sday)?|Wed(?:nesday)?|Thu(?:rsday)?|Fri(?:day)?|Sat(?:urday)?|"
     "Sun(?:day)?)\\b",
     WEIR_STRING, NULL},
    {"YEAR", "[0-9]{4}", WEIR_INT64, NULL},
    {"HOUR", "(?:2[0-3]|[01]?[0-9])", WEIR_INT64, NULL},
    {"MINUTE", "[0-5][0-9]", WEIR_INT64, NULL},
    {"SECOND", "(?:60|[0-5][0-9])(?:[.,][0-9]+)?", WEIR_STRING, NULL},
    {"TIME", "%{HOUR}:%{MINUTE}(?::%{SECOND})?", 0, NULL},
    {"DATE", "[0-9]{4}-[0-9]{2}-[0-9]{2}", WEIR_DATE, NULL},
    {"DATE_US", "%{MONTHNUM}[/-]%{MONTHDAY}[/-]%{YEAR}", WEIR_STRING, NULL},
    {"DATE_EU", "%{MONTHDAY}[./-]%{MONTHNUM}[./-]%{YEAR}", WEIR_STRING, NULL},
    {"TZ", "(?:[A-Z]{3,4}|Z|[+-][0-9]{2}:?[0-9]{2})", WEIR_STRING, NULL},
    {"TIMESTAMP_ISO8601",
     "[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:?[0-9]{2}(?::?[0-9]{2}(?:[.,][0-9]+)?)?"
     "(?: ?(?:Z|[+-][0-9]{2}:?[0-9]{2}))?",
     0, NULL},
    {"HTTPDATE", "[0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}:[0-9]{2}:[0-9]{2}:[0-9]{2} [+-][0-9]{4}",
     WEIR_TIMESTAMPTZ, APACHE_TIME},
    {"SYSLOGTIMESTAMP", "[A-Z][a-z]{2} [ 0-9]?[0-9] [0-9]{2}:[0-9]{2}:[0-9]{2}", WEIR_STRING, NULL},
    {"PROG", "[^\\s\\[\\]:]+", WEIR_STRING, NULL},
    {"LOGLEVEL",
     "\\b(?i:trace|debug|info(?:rmation)?|notice|warn(?:ing)?|err(?:or)?|crit(?:ical)?|fatal|"
     "severe|alert|emerg(?:ency)?|panic)\\b",
     WEIR_STRING, NULL},
    {0}};
