// SPDX-License-Identifier: Apache-2.0
/* memory search | list | show | pin | forget | stats | optimize | doctor: what the running gateway remembers. */
#include <string.h>

#include "base/json.h"
#include "base/utf8.h"
#include "cli/remote.h"
#include "net/url.h"

enum { TEXT_SHOWN = 100 };

/* ---- paths ---- */

static void add_flag(const struct cli *c, struct buf *path, const char *flag, const char *name)
{
    const char *value = cli_flag(c, flag);

    if (value == NULL)
        return;
    buf_addf(path, "&%s=", name);
    url_add_encoded(path, str_from(*value ? value : "1"));
}

static void add_flags(const struct cli *c, struct buf *path, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        add_flag(c, path, names[i], names[i]);
}

/* ---- printing ---- */

static void print_item(const json_t *item)
{
    printf("%-16lld %-10s %.10s  ", (long long)json_int(item, "id", 0), json_text(item, "kind"), json_text(item, "created_at"));
    cli_print_text(stdout, json_text_str(item, "scope"));
    printf("%s  ", json_flag(item, "pinned") ? "  [pinned]" : "");
    cli_print_excerpt(stdout, json_text_str(item, "text"), TEXT_SHOWN);
    putchar('\n');
}

static void print_answer(const struct cli *c, const json_t *answer)
{
    if (c->json)
        cli_print_json(answer);
    else
        cli_print_fields(answer);
}

/* ---- search, list, show ---- */

static void print_found(const json_t *found)
{
    const json_t *item = json_at(found, "item");
    str title = json_text_str(item, "title"), place = json_text_str(item, "place");

    print_item(item);
    if (title.len) {
        printf("%17s", "");
        cli_print_text(stdout, title);
        printf("%s", place.len ? ", " : "");
        cli_print_text(stdout, place);
        putchar('\n');
    }
    printf("%16s %.2f  ", "", json_num(found, "score", 0));
    cli_print_text(stdout, json_text_str(found, "why"));
    putchar('\n');
}

static enum err search_fiber(void *arg) AWAITS
{
    static const char *const names[] = { "scope", "user", "all", "kind", "limit" };
    CLEANUP(json_decrefp) json_t *answer = NULL;
    CLEANUP(buf_done) struct buf path = { 0 };
    struct cli *c = arg;
    const json_t *one;
    size_t i;

    buf_addf(&path, "/api/v1/memory/search?q=");
    for (i = 0; i < c->n_words; i++) {
        buf_addf(&path, "%s", i ? "%20" : "");
        url_add_encoded(&path, str_from(c->words[i]));
    }
    add_flags(c, &path, names, N_ELEMENTS(names));
    buf_addf(&path, "%s", cli_flag(c, "memories") ? "" : "&knowledge=1");
    TRY(remote_call(c, "GET", buf_c(&path), NULL, &answer));
    if (c->json) {
        cli_print_json(answer);
        return OK;
    }
    json_array_foreach(json_at(answer, "found"), i, one)
        print_found(one);
    if (i == 0)
        fputs("nothing is remembered of it\n", stderr);
    if (json_text(answer, "note")[0])
        fprintf(stderr, "%s\n", json_text(answer, "note"));
    return OK;
}

enum err command_memory_search(struct cli *c)
{
    TRY(cli_want_words(c, 1, SIZE_MAX));
    return cli_in_loop(c, search_fiber);
}

static enum err list_fiber(void *arg) AWAITS
{
    static const char *const names[] = { "scope", "user", "all", "kind", "person", "since", "replaced" };
    CLEANUP(json_decrefp) json_t *answer = NULL;
    CLEANUP(buf_done) struct buf path = { 0 };
    struct cli *c = arg;
    const json_t *one;
    uint64_t limit;
    size_t i;

    TRY(cli_number(c, "limit", 20, &limit));
    buf_addf(&path, "/api/v1/memory?limit=%llu", (unsigned long long)limit);
    add_flags(c, &path, names, N_ELEMENTS(names));
    TRY(remote_call(c, "GET", buf_c(&path), NULL, &answer));
    if (c->json) {
        cli_print_json(json_at(answer, "items"));
        return OK;
    }
    json_array_foreach(json_at(answer, "items"), i, one)
        print_item(one);
    return OK;
}

enum err command_memory_list(struct cli *c)
{
    TRY(cli_want_words(c, 0, 0));
    return cli_in_loop(c, list_fiber);
}

static enum err item_id(struct cli *c, const char *word, uint64_t *out)
{
    if (str_u64(str_from(word), out))
        return cli_usage(c, "'%.60s' is not the number of a memory, as `clawdbot memory list` prints it", word);
    return OK;
}

static enum err show_fiber(void *arg) AWAITS
{
    CLEANUP(json_decrefp) json_t *answer = NULL;
    struct cli *c = arg;
    uint64_t id;

    TRY(item_id(c, c->words[0], &id));
    TRY(remote_call(c, "GET", arena_printf(c->arena, "/api/v1/memory/items/%llu", (unsigned long long)id), NULL, &answer));
    print_answer(c, answer);
    return OK;
}

enum err command_memory_show(struct cli *c)
{
    TRY(cli_want_words(c, 1, 1));
    return cli_in_loop(c, show_fiber);
}

static enum err pin_fiber(void *arg) AWAITS
{
    CLEANUP(json_decrefp) json_t *body = NULL, *all = json_array();
    struct cli *c = arg;

    body = json_pack("{s:b}", "pinned", cli_flag(c, "off") == NULL);
    for (size_t i = 0; i < c->n_words; i++) {
        json_t *answer;
        uint64_t id;

        TRY(item_id(c, c->words[i], &id));
        TRY(remote_call(c, "POST", arena_printf(c->arena, "/api/v1/memory/items/%llu/pin", (unsigned long long)id), body, &answer));
        json_array_append_new(all, answer);
        if (!c->json)
            print_item(answer);
    }
    if (c->json)
        cli_print_json(all);
    return OK;
}

enum err command_memory_pin(struct cli *c)
{
    TRY(cli_want_words(c, 1, SIZE_MAX));
    return cli_in_loop(c, pin_fiber);
}

/* ---- forget ---- */

static void set_flag(const struct cli *c, json_t *body, const char *flag, const char *name)
{
    const char *value = cli_flag(c, flag);

    if (value)
        json_object_set_new(body, name, *value ? json_from_str(str_from(value)) : json_true());
}

static enum err forget_body(struct cli *c, json_t *body)
{
    json_t *ids = json_array();

    json_object_set_new(body, "ids", ids);
    for (size_t i = 0; i < c->n_words; i++) {
        uint64_t id;

        TRY(item_id(c, c->words[i], &id));
        json_array_append_new(ids, json_integer((json_int_t)id));
    }
    if (c->n_words == 0)
        json_object_del(body, "ids");
    set_flag(c, body, "query", "query");
    set_flag(c, body, "scope", "scope");
    set_flag(c, body, "all", "all");
    set_flag(c, body, "user", "user");
    set_flag(c, body, "keep-messages", "keep_messages");
    set_flag(c, body, "dry-run", "dry_run");
    bool by_words = json_object_get(body, "query") || json_object_get(body, "scope"), by_user = json_object_get(body, "user");

    if ((c->n_words > 0) + by_words + by_user != 1)
        return cli_usage(c, "what is to be forgotten: ID..., or --query and --scope, or --user");
    return OK;
}

static void print_forgotten(const json_t *answer)
{
    long long at_work = json_int(answer, "at_work", 0);

    if (json_flag(answer, "dry_run")) {
        printf("%lld memories are meant; nothing is forgotten\n", (long long)json_int(answer, "items", 0));
        return;
    }
    printf("forgotten: %lld memories, %lld messages, %lld conversations; no file has them any more\n",
           (long long)json_int(answer, "items", 0), (long long)json_int(answer, "messages", 0), (long long)json_int(answer, "sessions", 0));
    if (at_work)
        printf("%lld messages are still worked on and were left: forget again when they have ended\n", at_work);
}

static enum err forget_fiber(void *arg) AWAITS
{
    CLEANUP(json_decrefp) json_t *answer = NULL, *body = json_object();
    struct cli *c = arg;

    TRY(forget_body(c, body));
    TRY(remote_call(c, "POST", "/api/v1/memory/forget", body, &answer));
    if (c->json)
        cli_print_json(answer);
    else
        print_forgotten(answer);
    return OK;
}

enum err command_memory_forget(struct cli *c)
{
    return cli_in_loop(c, forget_fiber);
}

/* ---- stats, doctor ---- */

static enum err stats_fiber(void *arg) AWAITS
{
    CLEANUP(json_decrefp) json_t *answer = NULL;
    struct cli *c = arg;

    TRY(remote_call(c, "GET", "/api/v1/memory/stats", NULL, &answer));
    print_answer(c, answer);
    return OK;
}

enum err command_memory_stats(struct cli *c)
{
    TRY(cli_want_words(c, 0, 0));
    return cli_in_loop(c, stats_fiber);
}

static enum err optimize_fiber(void *arg) AWAITS
{
    CLEANUP(json_decrefp) json_t *answer = NULL, *body = json_object();
    struct cli *c = arg;

    set_flag(c, body, "dry-run", "dry_run");
    TRY(remote_call(c, "POST", "/api/v1/memory/optimize", body, &answer));
    print_answer(c, answer);
    return OK;
}

enum err command_memory_optimize(struct cli *c)
{
    TRY(cli_want_words(c, 0, 0));
    return cli_in_loop(c, optimize_fiber);
}

static enum err doctor_fiber(void *arg) AWAITS
{
    CLEANUP(json_decrefp) json_t *answer = NULL, *body = NULL;
    struct cli *c = arg;

    body = json_pack("{s:b}", "repair", cli_flag(c, "repair") != NULL);
    TRY(remote_call(c, "POST", "/api/v1/memory/check", body, &answer));
    long long n = json_int(answer, "n", 0), mended = json_int(answer, "mended", 0);

    if (c->json) {
        cli_print_json(answer);
    } else {
        cli_print_text(stdout, json_text_str(answer, "findings"));
        printf("%lld items and %lld vectors looked at; %lld findings, %lld mended\n", (long long)json_int(answer, "items", 0),
               (long long)json_int(answer, "vectors", 0), n, mended);
    }
    if (n == mended)
        return OK;
    c->told = true;
    return failed(ERR_IO, "the memory has findings that are not mended");
}

enum err command_memory_doctor(struct cli *c)
{
    TRY(cli_want_words(c, 0, 0));
    return cli_in_loop(c, doctor_fiber);
}
