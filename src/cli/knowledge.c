// SPDX-License-Identifier: Apache-2.0
/* knowledge add | list | status | sync | stop | rm: collections of documents, through the running gateway. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "cli/remote.h"
#include "net/url.h"
#include "runtime/clock.h"

enum { POLL_MS = 200 };

#define FAILED_SHOWN "20"
#define COLLECTIONS "/api/v1/knowledge"

/* scope NULL: the one that has a collection of this name. */
struct target { struct cli *cli; const char *name, *scope; };

static struct target target_of(struct cli *c)
{
    return (struct target){ c, c->words[0], cli_flag(c, "scope") };
}

/* METHOD COLLECTIONS/NAME/after?scope=... */
static enum err ask(const struct target *t, const char *method, const char *after, const json_t *body, json_t **out) AWAITS
{
    CLEANUP(buf_done) struct buf path = { 0 };

    buf_add(&path, S(COLLECTIONS "/"));
    url_add_encoded(&path, str_from(t->name));
    buf_add(&path, str_from(after));
    if (t->scope) {
        buf_add(&path, strchr(after, '?') ? S("&scope=") : S("?scope="));
        url_add_encoded(&path, str_from(t->scope));
    }
    return remote_call(t->cli, method, buf_c(&path), body, out);
}

/* ---- printing ---- */

static void print_text(const char *before, const json_t *j, const char *name)
{
    str text = json_text_str(j, name);

    if (text.len == 0)
        return;
    fputs(before, stdout);
    cli_print_text(stdout, text);
}

static void print_collection(const json_t *c)
{
    printf("%-20s %-9s %6lld documents %8lld passages", json_text(c, "name"), json_text(c, "kind"), (long long)json_int(c, "documents", 0),
           (long long)json_int(c, "items", 0));
    if (json_int(c, "failed", 0))
        printf("  %lld not read", (long long)json_int(c, "failed", 0));
    print_text("  ", c, "scope");
    print_text("  ", c, "source");
    if (strcmp(json_text(c, "progress.state"), "idle") != 0)
        printf("  [%s %lld of %lld]", json_text(c, "progress.state"), (long long)json_int(c, "progress.done", 0),
               (long long)json_int(c, "progress.total", 0));
    print_text("  # ", c, "error");
    putchar('\n');
}

static void print_outcome(const json_t *c)
{
    printf("%s: %lld read, %lld as before, %lld gone, %lld not read; %lld passages new, %lld kept, %lld removed\n", json_text(c, "name"),
           (long long)json_int(c, "progress.read", 0), (long long)json_int(c, "progress.unchanged", 0),
           (long long)json_int(c, "progress.removed", 0), (long long)json_int(c, "progress.failed", 0),
           (long long)json_int(c, "progress.items_added", 0), (long long)json_int(c, "progress.items_kept", 0),
           (long long)json_int(c, "progress.items_removed", 0));
}

static enum err print_failed(const struct target *t) AWAITS
{
    CLEANUP(json_decrefp) json_t *answer = NULL;
    json_t *d;
    size_t i;

    TRY(ask(t, "GET", "/documents?failed=1&limit=" FAILED_SHOWN, NULL, &answer));
    json_array_foreach(json_at(answer, "documents"), i, d) {
        print_text("  ", d, "name");
        print_text(": ", d, "error");
        putchar('\n');
    }
    return OK;
}

/* ---- waiting ---- */

static void show_progress(const json_t *c)
{
    if (!isatty(STDERR_FILENO))
        return;
    fprintf(stderr, "\r\033[K%lld of %lld  ", (long long)json_int(c, "progress.done", 0), (long long)json_int(c, "progress.total", 0));
    cli_print_text(stderr, json_text_str(c, "progress.current"));
    fflush(stderr);
}

static enum err say_end(const struct target *t, const json_t *now) AWAITS
{
    str error = json_text_str(now, "error");

    if (isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
    if (t->cli->json) {
        cli_print_json(now);
    } else {
        print_outcome(now);
        TRY(print_failed(t));
    }
    return error.len ? failed(ERR_REMOTE, "%.*s", STR(error)) : OK;
}

/* Until it is idle; Ctrl-C ends the waiting and not the reading. */
static enum err wait_for(const struct target *t) AWAITS
{
    for (;;) {
        CLEANUP(json_decrefp) json_t *now = NULL;

        TRY(ask(t, "GET", "", NULL, &now));
        if (strcmp(json_text(now, "progress.state"), "idle") == 0)
            return say_end(t, now);
        show_progress(now);
        TRY(fiber_sleep(POLL_MS));
    }
}

/* ---- commands ---- */

static enum err absolute(struct cli *c, const char *source, const char **out)
{
    char *folder;

    *out = source;
    if (source[0] == '/' || strstr(source, "://"))
        return OK;
    if ((folder = getcwd(NULL, 0)) == NULL)
        return failed(ERR_IO, "the folder that we are in is gone: give the whole path");
    *out = arena_printf(c->arena, "%s/%s", folder, source);
    free(folder);
    return OK;
}

static enum err add_fiber(void *arg) AWAITS
{
    CLEANUP(json_decrefp) json_t *answer = NULL;
    struct cli *c = arg;
    struct target t = target_of(c);
    const char *source;

    TRY(absolute(c, c->words[1], &source));
    CLEANUP(json_decrefp) json_t *body = json_pack("{s:o, s:o, s:b, s:b, s:b}", "name", json_from_str(str_from(c->words[0])), "source",
        json_from_str(str_from(source)), "rows", cli_flag(c, "rows") != NULL, "watch", cli_flag(c, "watch") != NULL, "trusted",
        cli_flag(c, "trusted") != NULL);

    if (t.scope)
        json_object_set_new(body, "scope", json_from_str(str_from(t.scope)));
    TRY(remote_call(c, "POST", COLLECTIONS, body, &answer));
    if (cli_flag(c, "no-wait") == NULL)
        return wait_for(&t);
    if (c->json)
        cli_print_json(answer);
    else
        print_collection(answer);
    return OK;
}

enum err command_knowledge_add(struct cli *c)
{
    TRY(cli_want_words(c, 2, 2));
    return cli_in_loop(c, add_fiber);
}

static enum err list_fiber(void *arg) AWAITS
{
    CLEANUP(json_decrefp) json_t *answer = NULL;
    struct cli *c = arg;
    json_t *one;
    size_t i;

    TRY(remote_call(c, "GET", COLLECTIONS, NULL, &answer));
    if (c->json) {
        cli_print_json(json_at(answer, "collections"));
        return OK;
    }
    json_array_foreach(json_at(answer, "collections"), i, one)
        print_collection(one);
    if (json_array_size(json_at(answer, "collections")) == 0)
        puts("There are no collections: clawdbot knowledge add NAME PATH");
    return OK;
}

enum err command_knowledge_list(struct cli *c)
{
    TRY(cli_want_words(c, 0, 0));
    return cli_in_loop(c, list_fiber);
}

static enum err status_fiber(void *arg) AWAITS
{
    CLEANUP(json_decrefp) json_t *answer = NULL;
    struct cli *c = arg;
    struct target t = target_of(c);

    TRY(ask(&t, "GET", "", NULL, &answer));
    if (c->json) {
        cli_print_json(answer);
        return OK;
    }
    cli_print_fields(answer);
    return print_failed(&t);
}

enum err command_knowledge_status(struct cli *c)
{
    TRY(cli_want_words(c, 1, 1));
    return cli_in_loop(c, status_fiber);
}

static enum err sync_one(const struct target *t) AWAITS
{
    CLEANUP(json_decrefp) json_t *answer = NULL;
    CLEANUP(json_decrefp) json_t *body = json_pack("{s:b}", "again", cli_flag(t->cli, "again") != NULL);

    TRY(ask(t, "POST", "/sync", body, &answer));
    return cli_flag(t->cli, "no-wait") ? OK : wait_for(t);
}

/* One that fails does not keep the others from it. */
static enum err sync_all(struct cli *c) AWAITS
{
    CLEANUP(json_decrefp) json_t *answer = NULL;
    enum err first = OK;
    json_t *one;
    size_t i;

    TRY(remote_call(c, "GET", COLLECTIONS, NULL, &answer));
    json_array_foreach(json_at(answer, "collections"), i, one) {
        enum err e = sync_one(&(struct target){ c, json_text(one, "name"), json_text(one, "scope") });

        first = first ? first : e;
    }
    return first;
}

static enum err sync_fiber(void *arg) AWAITS
{
    struct cli *c = arg;

    if (c->n_words == 0)
        return sync_all(c);
    struct target t = target_of(c);

    return sync_one(&t);
}

enum err command_knowledge_sync(struct cli *c)
{
    TRY(cli_want_words(c, 0, 1));
    return cli_in_loop(c, sync_fiber);
}

static enum err stop_fiber(void *arg) AWAITS
{
    CLEANUP(json_decrefp) json_t *answer = NULL;
    struct target t = target_of(arg);

    return ask(&t, "POST", "/stop", NULL, &answer);
}

enum err command_knowledge_stop(struct cli *c)
{
    TRY(cli_want_words(c, 1, 1));
    return cli_in_loop(c, stop_fiber);
}

static enum err rm_fiber(void *arg) AWAITS
{
    CLEANUP(json_decrefp) json_t *answer = NULL;
    struct cli *c = arg;
    struct target t = target_of(c);

    TRY(ask(&t, "DELETE", "", NULL, &answer));
    if (!c->json)
        printf("%s is removed; what was in it may stay in files until the memory is wiped\n", c->words[0]);
    return OK;
}

enum err command_knowledge_rm(struct cli *c)
{
    TRY(cli_want_words(c, 1, 1));
    return cli_in_loop(c, rm_fiber);
}
