// SPDX-License-Identifier: Apache-2.0
/* debug fibers | fault | log */
#include <string.h>

#include "base/json.h"
#include "base/time.h"
#include "cli/remote.h"

enum { DEPTH_MAX = 64 };

static void print_fiber(const json_t *f, unsigned depth)
{
    char since[TIME_TEXT_SIZE];

    printf("%*s%s #%lld  %s", (int)(2 * depth), "", json_text(f, "name"), (long long)json_int(f, "id", 0),
           json_text(f, "state"));
    if (*json_text(f, "why"))
        printf(": %s", json_text(f, "why"));
    printf(", %s, stack %lld\n", duration_text(since, (uint64_t)json_int(f, "for_ms", 0)), (long long)json_int(f, "stack", 0));
}

static bool has_id(const json_t *all, int64_t id)
{
    size_t i;
    json_t *f;

    json_array_foreach((json_t *)all, i, f)
        if (json_int(f, "id", 0) == id)
            return true;
    return false;
}

static void print_children(const json_t *all, int64_t parent, unsigned depth)
{
    size_t i;
    json_t *f;

    if (depth > DEPTH_MAX)
        return;
    json_array_foreach((json_t *)all, i, f) {
        if (json_int(f, "parent", 0) != parent)
            continue;
        print_fiber(f, depth);
        print_children(all, json_int(f, "id", 0), depth + 1);
    }
}

static enum err fibers_fiber(void *arg) AWAITS
{
    CLEANUP(json_decrefp) json_t *answer = NULL;
    struct cli *c = arg;
    size_t i;
    json_t *f;

    TRY(remote_call(c, "GET", "/api/v1/admin/fibers", NULL, &answer));
    const json_t *all = json_at(answer, "fibers");

    if (c->json) {
        cli_print_json(answer);
        return OK;
    }
    json_array_foreach((json_t *)all, i, f) {
        if (has_id(all, json_int(f, "parent", 0)))
            continue;
        print_fiber(f, 0);
        print_children(all, json_int(f, "id", -1), 1);
    }
    return OK;
}

enum err command_debug_fibers(struct cli *c)
{
    TRY(cli_want_words(c, 0, 0));
    return cli_in_loop(c, fibers_fiber);
}

static void print_faults(const json_t *answer)
{
    size_t i;
    json_t *f;

    json_array_foreach(json_at(answer, "faults"), i, f)
        printf("%-20s %6lld  %s\n", json_text(f, "name"), (long long)json_int(f, "hits", 0), json_text(f, "doc"));
    puts(json_flag(answer, "armed") ? "armed" : "none is armed");
}

static enum err fault_fiber(void *arg) AWAITS
{
    CLEANUP(json_decrefp) json_t *answer = NULL;
    CLEANUP(json_decrefp) json_t *body = NULL;
    struct cli *c = arg;

    if (c->n_words)
        body = json_pack("{s:s}", "spec", strcmp(c->words[0], "off") ? c->words[0] : "");
    TRY(remote_call(c, body ? "POST" : "GET", "/api/v1/admin/faults", body, &answer));
    if (c->json)
        cli_print_json(answer);
    else
        print_faults(answer);
    return OK;
}

enum err command_debug_fault(struct cli *c)
{
    TRY(cli_want_words(c, 0, 1));
    return cli_in_loop(c, fault_fiber);
}

static enum err log_fiber(void *arg) AWAITS
{
    CLEANUP(json_decrefp) json_t *answer = NULL;
    struct cli *c = arg;
    CLEANUP(json_decrefp) json_t *body = json_pack("{s:s, s:s}", "event", c->n_words == 2 ? c->words[0] : "",
                                                   "level", c->words[c->n_words - 1]);

    TRY(remote_call(c, "POST", "/api/v1/admin/log", body, &answer));
    if (c->json)
        cli_print_json(answer);
    return OK;
}

enum err command_debug_log(struct cli *c)
{
    TRY(cli_want_words(c, 1, 2));
    return cli_in_loop(c, log_fiber);
}
