// SPDX-License-Identifier: Apache-2.0
#include "channel/test_cassette.h"

#include <string.h>

#include "base/test.h"

json_t *cassette_load(const char *name)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    json_error_t error;
    json_t *j = json_load_file(arena_printf(a, "tests/cassettes/%s.json", name), JSON_REJECT_DUPLICATES, &error);

    if (!j)
        test_failed(__FILE__, __LINE__, "%s:%d: %s", name, error.line, error.text);
    return j;
}

void cassette_check_error(const json_t *c, enum err e)
{
    const char *want = json_text(c, "error");

    if (strcmp(e ? err_name(e) : "", strcmp(want, "ok") ? want : ""))
        test_failed(__FILE__, __LINE__, "%s: is %s, want %s", json_text(c, "name"), e ? failed_text() : "ok", want);
}

static void check_field(const json_t *c, const json_t *want, const char *key, str got)
{
    const json_t *v = json_object_get(want, key);

    if (v && !str_eq(got, json_strval(v)))
        test_failed(__FILE__, __LINE__, "%s: %s is \"%.*s\", want \"%s\"", json_text(c, "name"), key, STR(got), json_string_value(v));
}

static void check_files(const json_t *c, const struct incoming_file *files, size_t n)
{
    const json_t *want = json_object_get(c, "files");

    if (n != json_array_size(want))
        test_failed(__FILE__, __LINE__, "%s: %zu files", json_text(c, "name"), n);
    for (size_t i = 0; i < n; i++) {
        CLEANUP(buf_done) struct buf b = {0};
        const struct incoming_file *f = &files[i];
        str line = json_strval(json_array_get(want, i));

        buf_addf(&b, "%s %.*s %.*s %.*s", f->type, STR(f->id), STR(f->name), STR(f->mime));
        if (str_eq(buf_str(&b), line))
            continue;
        buf_addf(&b, " %lld", (long long)f->size);
        CHECK_STR(buf_str(&b), json_string_value(json_array_get(want, i)));
    }
}

void cassette_check_message(const json_t *c, bool wanted, const struct hook_message *m, const char *platform)
{
    cassette_check_said(c, wanted, m ? &m->message : NULL, m ? m->files : NULL, m ? m->n_files : 0, platform);
}

void cassette_check_said(const json_t *c, bool wanted, const struct message *got, const struct incoming_file *files, size_t n,
                         const char *platform)
{
    const json_t *want = json_object_get(c, "message");

    if (wanted != json_is_object(want))
        test_failed(__FILE__, __LINE__, "%s: %s", json_text(c, "name"), wanted ? "is taken" : "is not taken");
    if (!wanted)
        return;
    check_field(c, want, "external_id", got->external_id);
    check_field(c, want, "chat_id", got->chat_id);
    check_field(c, want, "thread_id", got->thread_id);
    check_field(c, want, "chat_type", got->chat_type);
    check_field(c, want, "user_id", got->user_id);
    check_field(c, want, "user_name", got->user_name);
    check_field(c, want, "text", got->text);
    check_field(c, want, "reply_to", got->reply_to);
    if (json_object_get(want, "created_at"))
        CHECK_INT(got->created_at, json_int(want, "created_at", 0));
    CHECK_STR(got->platform, platform);
    if (got->overheard != json_flag(want, "overheard"))
        test_failed(__FILE__, __LINE__, "%s: %s", json_text(c, "name"), got->overheard ? "is overheard" : "is said to us");
    CHECK(got->external_id.len && got->chat_id.len && got->user_id.len);
    check_files(c, files, n);
}

void cassette_check_sent(const json_t *c, enum err e, const struct sent *sent)
{
    cassette_check_error(c, e);
    check_field(c, c, "remote_id", sent->remote_id);
    CHECK_INT(sent->retry_after_ms, json_int(c, "retry_after_ms", 0));
    CHECK_INT(sent->gone, json_flag(c, "gone"));
    CHECK_INT(sent->unknown, json_flag(c, "unknown"));
    CHECK_INT(sent->bad_markup, json_flag(c, "bad_markup"));
    CHECK_INT(sent->again, json_flag(c, "again"));
    CHECK_INT(sent->edit_lost, json_flag(c, "edit_lost"));
    CHECK(!e || str_find(str_from(failed_text()), json_text_str(c, "words")) != STR_NONE);
}

void cassette_check_messages(const char *name, const char *key, const char *platform, cassette_decode decode)
{
    CLEANUP(json_decrefp) json_t *file = cassette_load(name);
    const json_t *c;
    size_t i;

    json_array_foreach(json_object_get(file, "cases"), i, c) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct hook_message m;
        bool wanted = false;
        enum err e = decode(a, json_object_get(c, key), &m, &wanted);

        cassette_check_error(c, e);
        if (e == OK)
            cassette_check_message(c, wanted, &m, platform);
    }
}

void cassette_check_answers(const char *name, cassette_decode_sent decode)
{
    CLEANUP(json_decrefp) json_t *file = cassette_load(name);
    const json_t *c;
    size_t i;

    json_array_foreach(json_object_get(file, "cases"), i, c) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct http_response r = cassette_response(a, c);
        struct sent sent;
        enum err e = decode(a, &r, &sent);

        cassette_check_sent(c, e, &sent);
    }
}

void cassette_check_body(const json_t *c, str body)
{
    CLEANUP(json_decrefp) json_t *got = NULL;
    const char *key;
    const json_t *v;
    size_t i;

    CHECK_OK(json_parse(body, &got));
    json_object_foreach(json_object_get(c, "want"), key, v)
        if (!json_equal(json_object_get(got, key), v))
            test_failed(__FILE__, __LINE__, "%s: %s is not as wanted in %.*s", json_text(c, "name"), key, STR(body));
    json_array_foreach(json_object_get(c, "absent"), i, v)
        if (json_object_get(got, json_string_value(v)))
            test_failed(__FILE__, __LINE__, "%s: %s stands in %.*s", json_text(c, "name"), json_string_value(v), STR(body));
}

struct http_response cassette_response(struct arena *a, const json_t *c)
{
    enum { FIELDS_MAX = 8 };
    const json_t *body = json_object_get(c, "body"), *v;
    const char *key;
    struct http_response r = { .status = (int)json_int(c, "status", 0), .body = json_is_string(body) ? json_strval(body) : json_print(a, body) };

    r.fields = arena_alloc(a, FIELDS_MAX * sizeof *r.fields);
    if (json_object_get(c, "retry_after"))
        r.fields[r.n_fields++] = (struct http_field){ S("Retry-After"), json_text_str(c, "retry_after") };
    json_object_foreach(json_object_get(c, "fields"), key, v)
        if (r.n_fields < FIELDS_MAX)
            r.fields[r.n_fields++] = (struct http_field){ arena_str(a, str_from(key)), json_strval(v) };
    return r;
}

struct outgoing cassette_outgoing(const json_t *c)
{
    const json_t *o = json_object_get(c, "out");

    return (struct outgoing){
        .id = 1, .session_id = S("s"), .chat_id = json_text_str(o, "chat_id"), .thread_id = json_text_str(o, "thread_id"),
        .reply_to = json_text_str(o, "reply_to"), .text = json_text_str(o, "text"), .blob = json_text_str(o, "blob"),
        .name = json_text_str(o, "name"), .mime = json_text_str(o, "mime"), .bytes = json_text_str(o, "bytes"),
        .prepared = json_text_str(o, "prepared"), .remote_id = json_text_str(o, "remote_id"), .choices = json_at(o, "choices"),
        .plain = json_flag(o, "plain"), .final = true,
    };
}
