// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include <math.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/json.h"
#include "base/log.h"
#include "base/time.h"

/* The log goes to a file in memory; what was written since is in `got`. */
struct capture { int fd; struct buf got; };

static void capture_done(struct capture *c)
{
    log_set_fd(STDERR_FILENO);
    log_set_level(LOG_INFO);
    *log_context_hook() = (struct log_context){ 0 };
    close(c->fd);
    buf_done(&c->got);
}

static struct capture capture_new(void)
{
    struct capture c = { .fd = memfd_create("log", MFD_CLOEXEC), .got = {0} };

    CHECK(c.fd >= 0);
    log_set_fd(c.fd);
    return c;
}

static str captured(struct capture *c)
{
    char bytes[4096];
    ssize_t n;

    lseek(c->fd, 0, SEEK_SET);
    while ((n = read(c->fd, bytes, sizeof bytes)) > 0)
        buf_add(&c->got, str_of(bytes, (size_t)n));
    CHECK(ftruncate(c->fd, 0) == 0);
    lseek(c->fd, 0, SEEK_SET);
    return buf_str(&c->got);
}

/* The one line written, as JSON. */
static json_t *line(struct capture *c)
{
    json_t *j = NULL;
    str text;

    buf_clear(&c->got);
    text = captured(c);
    CHECK(str_ends(text, S("}\n")) && str_find_char(text, '\n') == text.len - 1);
    CHECK_OK(json_parse(text, &j));
    return j;
}

TEST(a_line_is_json_with_typed_fields)
{
    CLEANUP(capture_done) struct capture c = capture_new();
    CLEANUP(json_decrefp) json_t *j = NULL;
    char name[] = "array";
    int64_t when;

    *log_context_hook() = (struct log_context){ .request_id = "r-1", .session = "s-1" };
    log_event(LOG_WARN, "turn.done", F("s", S("a\"b\\c\n\x01")), F("c", "x"), F("array", name), F("null", (char *)NULL),
              F("int", -12), F("min", INT64_MIN), F("size", sizeof name), F("double", 0.1), F("nan", (double)NAN),
              F("yes", (bool)true), F("bad", S("a\xff")));
    j = line(&c);
    CHECK_OK(time_parse(json_text_str(j, "timestamp"), &when));
    CHECK(when > 1700000000000);
    CHECK_STR(json_text_str(j, "severity"), "WARN");
    CHECK_STR(json_text_str(j, "event"), "turn.done");
    CHECK_STR(json_text_str(j, "request_id"), "r-1");
    CHECK_STR(json_text_str(j, "session"), "s-1");
    CHECK_STR(json_text_str(j, "s"), "a\"b\\c\n\x01");
    CHECK_STR(json_text_str(j, "c"), "x");
    CHECK_STR(json_text_str(j, "array"), "array");
    CHECK_STR(json_text_str(j, "null"), "");
    CHECK_INT(json_int(j, "int", 0), -12);
    CHECK_INT(json_int(j, "min", 0), INT64_MIN);
    CHECK_INT(json_int(j, "size", 0), 6);
    CHECK(json_num(j, "double", 0) == 0.1 && json_at(j, "nan") == NULL && json_flag(j, "yes"));
    CHECK_STR(json_text_str(j, "bad"), "a\xef\xbf\xbd");
}

TEST(the_largest_number_is_written_in_full)
{
    CLEANUP(capture_done) struct capture c = capture_new();

    log_event(LOG_INFO, "x", F("max", UINT64_MAX));
    CHECK(str_find(captured(&c), S("\"max\":18446744073709551615}")) != STR_NONE);
}

TEST(an_event_without_fields_is_a_line_too)
{
    CLEANUP(capture_done) struct capture c = capture_new();
    CLEANUP(json_decrefp) json_t *j = NULL;

    log_event(LOG_INFO, "ready");
    j = line(&c);
    CHECK_INT(json_object_size(j), 3);
}

TEST(only_what_is_at_the_level_is_written)
{
    CLEANUP(capture_done) struct capture c = capture_new();
    enum log_level level;

    log_event(LOG_DEBUG, "level.low");
    log_event(LOG_INFO, "level.info");
    CHECK_OK(log_set_event_level(S("level.quiet"), LOG_ERROR));
    CHECK_OK(log_set_event_level(S("level.loud.*"), LOG_DEBUG));
    log_event(LOG_WARN, "level.quiet");
    log_event(LOG_DEBUG, "level.loud.x");
    log_event(LOG_DEBUG, "level.loudness");
    CHECK_OK(log_set_event_level(S("level.quiet"), LOG_DEBUG));
    log_event(LOG_DEBUG, "level.quiet");
    log_set_level(LOG_OFF);
    log_event(LOG_ERROR, "level.off");
    str text = captured(&c);

    CHECK(str_find(text, S("level.low")) == STR_NONE && str_find(text, S("level.info")) != STR_NONE);
    CHECK(str_find(text, S("\"WARN\",\"event\":\"level.quiet")) == STR_NONE);
    CHECK(str_find(text, S("\"DEBUG\",\"event\":\"level.quiet")) != STR_NONE);
    CHECK(str_find(text, S("level.loud.x")) != STR_NONE && str_find(text, S("level.loudness")) == STR_NONE);
    CHECK(str_find(text, S("level.off")) == STR_NONE);
    CHECK_OK(log_level_parse(S("Warn"), &level));
    CHECK_INT(level, LOG_WARN);
    CHECK_ERR(log_level_parse(S("loud"), &level), ERR_INPUT);
}

TEST(secrets_are_never_written)
{
    static const struct { const char *name, *value, *want; } cases[] = {
        { "bot_token", "x", "***" }, { "Authorization", "Bearer x", "***" }, { "password", "", "" }, { "api_key", "k", "***" },
        { "url", "https://h/bot123456:AAEhBP0av28FrmzYL8xs_-0123456/getMe", "https://h/bot***/getMe" },
        { "url", "https://h/bot123456:short", "https://h/bot123456:short" },
        { "url", "https://h/robot", "https://h/robot" },
        { "text", "a s3cr3t-value b s3cr3t-value", "a *** b ***" },
        { "text", "s3cr3t-value-longer", "***" },
        { "text", "s3cr3t-valu", "s3cr3t-valu" },
        { "text", "quote\"inside!", "***" },
        { "text", "tiny", "tiny" },
    };
    CLEANUP(capture_done) struct capture c = capture_new();

    log_mask(S("s3cr3t-value"));
    log_mask(S("s3cr3t-value"));
    log_mask(S("s3cr3t-value-longer"));
    log_mask(S("quote\"inside!"));
    log_mask(S("tiny"));
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        log_event(LOG_INFO, "x", F(cases[i].name, cases[i].value));
        CLEANUP(json_decrefp) json_t *j = line(&c);

        CHECK_STR(json_text_str(j, cases[i].name), cases[i].want);
    }
}

TEST(a_secret_across_the_cut_of_a_long_value_is_hidden)
{
    CLEANUP(capture_done) struct capture c = capture_new();

    log_mask(S("s3cr3t-value"));
    for (int at = 4070; at < 4100; at++) {
        CLEANUP(buf_done) struct buf value = {0};

        buf_addf(&value, "%*s", at, "s3cr3t-value");
        log_event(LOG_INFO, "x", F("v", buf_c(&value)));
        CLEANUP(json_decrefp) json_t *j = line(&c);

        CHECK(strstr(json_text(j, "v"), "s3") == NULL);
        CHECK(json_text_str(j, "v").len <= 4096 + 3);
    }
}

TEST(a_line_of_huge_values_is_cut_and_still_json)
{
    CLEANUP(capture_done) struct capture c = capture_new();
    CLEANUP(buf_done) struct buf value = {0};

    for (int i = 0; i < 100000; i++)
        buf_add_char(&value, '\x01');
    log_event(LOG_INFO, "x", F("a", buf_str(&value)), F("b", buf_str(&value)), F("c", buf_str(&value)));
    CLEANUP(json_decrefp) json_t *j = line(&c);

    CHECK_INT(json_text_str(j, "a").len, 4096);
}

TEST(a_text_for_elsewhere_is_masked_too)
{
    CLEANUP(buf_done) struct buf b = { 0 };

    log_mask(S("elsewhere-1"));
    log_mask(S("elsewhere-1-and-2"));
    CHECK(!log_mask_text(S("nothing in it: elsewhere-"), &b));
    CHECK_INT(b.len, 0);
    CHECK(log_mask_text(S("elsewhere-1elsewhere-1-and-2 x elsewhere-1"), &b));
    CHECK_STR(buf_str(&b), "****** x ***");
}
