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

static void print_line(const char *name, str text, const char *before)
{
    printf("%-10s %s", name, before);
    cli_print_text(stdout, text);
    putchar('\n');
}

static void print_store(const json_t *store)
{
    if (json_flag(store, "ok"))
        printf("%-10s good, %lld commits of %.2f ms\n", "store", (long long)json_int(store, "commits", 0),
               (double)json_int(store, "mean_commit_us", 0) / 1000);
    else
        print_line("store", str_from(json_text(store, "failure")), "cannot be written: ");
}

static void print_model(struct arena *a, const json_t *model)
{
    if (*json_text(model, "name") == '\0')
        print_line("model", json_text_str(model, "error"), "none: ");
    else
        print_line("model", str_from(arena_printf(a, "%s at %s (%s)", json_text(model, "name"), json_text(model, "endpoint"),
                                                  json_text(model, "source"))), "");
}

/* The model that the gateway runs itself. */
static void print_local(struct arena *a, const json_t *local)
{
    const char *error = json_text(local, "error");

    if (local)
        print_line("local", str_from(arena_printf(a, "%s: %s, %lld of %lld slots busy, %lld waiting%s%s", json_text(local, "model"),
                                                  json_text(local, "state"), (long long)json_int(local, "busy", 0),
                                                  (long long)json_int(local, "slots", 0), (long long)json_int(local, "waiting", 0),
                                                  *error ? "; failed: " : "", error)), "");
}

static void print_channel(struct arena *a, const json_t *channel)
{
    print_line(json_text(channel, "name"),
               str_from(arena_printf(a, "%s%s%s, since %.19s", json_text(channel, "state"), *json_text(channel, "text") ? ": " : "",
                                     json_text(channel, "text"), json_text(channel, "since"))), "");
}

/* What waits for an operator's word. */
static void print_attention(const json_t *outbox)
{
    long long dead = json_int(outbox, "dead", 0), unknown = json_int(outbox, "unknown", 0);

    if (dead)
        printf("%-10s %lld %s could not be delivered: clawdbot messages list --state dead\n", "attention", dead,
               dead == 1 ? "reply" : "replies");
    if (unknown)
        printf("%-10s %lld %s may not have arrived: clawdbot messages list --state unknown\n", "attention", unknown,
               unknown == 1 ? "reply" : "replies");
}

static void print_status(struct arena *a, const json_t *s)
{
    char up[TIME_TEXT_SIZE];
    json_t *part;
    size_t i;

    printf("%-10s %s, version %s, up %s\n", "gateway", json_flag(s, "ready") ? "ready" : "not ready",
           json_text(s, "version"), duration_text(up, (uint64_t)json_int(s, "uptime_s", 0) * 1000));
    print_line("address", json_text_str(s, "url"), "");
    print_line("home", json_text_str(s, "home"), "");
    print_store(json_at(s, "store"));
    print_model(a, json_at(s, "model"));
    print_local(a, json_at(s, "model.local"));
    if (json_object_size(json_at(s, "conversations")))      /* those that are not idle */
        print_counts("dialogs", json_at(s, "conversations"));
    print_counts("inbox", json_at(s, "queues.inbox"));
    print_counts("outbox", json_at(s, "queues.outbox"));
    json_array_foreach(json_at(s, "channels"), i, part)
        print_channel(a, part);
    print_line("commands", json_text_str(s, "commands"), "");
    print_attention(json_at(s, "queues.outbox"));
    json_array_foreach(json_at(s, "warnings"), i, part)
        print_line("warning", json_strval(part), "");
}

static enum err status_fiber(void *arg) AWAITS
{
    CLEANUP(json_decrefp) json_t *status = NULL;
    struct cli *c = arg;

    TRY(remote_call(c, "GET", "/api/v1/status", NULL, &status));
    if (c->json)
        cli_print_json(status);
    else
        print_status(c->arena, status);
    return OK;
}

enum err command_status(struct cli *c)
{
    TRY(cli_want_words(c, 0, 0));
    return cli_in_loop(c, status_fiber);
}
