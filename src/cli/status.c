// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"
#include "base/time.h"
#include "cli/remote.h"

static void print_counts(const char *name, const json_t *counts)
{
    const char *state, *comma = "";
    json_t *n;

    printf("%-10s ", name);
    json_object_foreach((json_t *)counts, state, n) {
        printf("%s%lld %s", comma, (long long)json_integer_value(n), state);
        comma = ", ";
    }
    puts(*comma ? "" : "empty");
}

static void print_line(const char *name, str text)
{
    printf("%-10s ", name);
    cli_print_text(stdout, text);
    putchar('\n');
}

static void print_part(const char *name, const json_t *part)
{
    CLEANUP(buf_done) struct buf text = {0};
    const char *key, *comma = "";
    json_t *v;

    json_object_foreach((json_t *)part, key, v) {
        if (json_is_null(v) || (json_is_string(v) && json_string_length(v) == 0))
            continue;
        buf_addf(&text, "%s%s ", comma, key);
        if (json_is_string(v))
            buf_add(&text, json_strval(v));
        else if (json_is_real(v))
            buf_addf(&text, "%.3g", json_real_value(v));
        else
            json_print_to(&text, v);
        comma = ", ";
    }
    print_line(name, buf_str(&text));
}

static void print_status(const json_t *s)
{
    char up[TIME_TEXT_SIZE];
    const char *name;
    json_t *part;
    size_t i;

    printf("%-10s %s, version %s, up %s\n", "gateway", json_flag(s, "ready") ? "ready" : "not ready",
           json_text(s, "version"), duration_text(up, (uint64_t)json_int(s, "uptime_s", 0) * 1000));
    print_line("address", json_text_str(s, "url"));
    print_line("home", json_text_str(s, "home"));
    print_part("store", json_at(s, "store"));
    print_part("model", json_at(s, "model"));
    print_counts("inbox", json_at(s, "queues.inbox"));
    print_counts("outbox", json_at(s, "queues.outbox"));
    json_array_foreach(json_at(s, "channels"), i, part)
        print_part("channel", part);
    if (json_is_object(json_at(s, "channels")))
        json_object_foreach(json_at(s, "channels"), name, part)
            print_part(name, part);
    json_array_foreach(json_at(s, "warnings"), i, part)
        print_line("warning", json_strval(part));
}

static enum err status_fiber(void *arg) AWAITS
{
    CLEANUP(json_decrefp) json_t *status = NULL;
    struct cli *c = arg;

    TRY(remote_call(c, "GET", "/api/v1/status", NULL, &status));
    if (c->json)
        cli_print_json(status);
    else
        print_status(status);
    return OK;
}

enum err command_status(struct cli *c)
{
    TRY(cli_want_words(c, 0, 0));
    return cli_in_loop(c, status_fiber);
}
