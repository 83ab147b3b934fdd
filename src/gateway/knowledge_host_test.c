// SPDX-License-Identifier: Apache-2.0
/* Collections in a gateway: what they are lent, what the tool and the API may do with them. */
#include "gateway/knowledge_host.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/test.h"
#include "config/config.h"
#include "gateway/access.h"
#include "gateway/test_scene.h"
#include "gateway/tool_host.h"
#include "memory/knowledge.h"
#include "net/client.h"
#include "tool/provenance.h"
#include "tool/registry.h"
#include "tool/sandbox_fixture.h"

struct shelf { struct scene s; struct tool_host host; struct tool_context cx; const char *url; char token[TOKEN_SIZE]; };

static void shelf_start(struct shelf *k) AWAITS
{
    scene_start(&k->s, 10);
    gateway_register_tools();
    CHECK_OK(provenance_open(k->s.home.store));
    CHECK_OK(knowledge_start(&k->s.gateway));
    k->host = (struct tool_host){ .gateway = &k->s.gateway };
    k->cx = (struct tool_context){
        .arena = k->s.home.arena, .workspace = k->s.gateway.workspace, .session_id = S(SESSION_A), .platform = S("rest"),
        .chat_id = S(SESSION_A), .user = S("owner"), .person = { S("owner"), S("owner") }, .call_id = S("c1"), .host = &k->host,
    };
}

static void shelf_end(struct shelf *k) AWAITS
{
    knowledge_stop(&k->s.gateway);
    provenance_close();
    scene_end(&k->s);
}

static void put(struct shelf *k, const char *name, const char *text)
{
    int fd = open(home_path(&k->s.home, name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    CHECK(fd >= 0);
    CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
}

static struct tool_result call(struct shelf *k, const char *arguments) AWAITS
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    const struct tool *tool = tool_find(S("knowledge"));
    struct tool_result r = { 0 };

    CHECK_OK(json_parse(str_from(arguments), &j));
    CHECK_OK(tool_check_arguments(tool, j));
    CHECK_OK(tool->run(&k->cx, j, &r));
    return r;
}

#define CHECK_TELLS(k, arguments, want, error) \
    do { \
        struct tool_result says_ = call((k), (arguments)); \
        if (says_.is_error != (error) || str_find(says_.text, str_from(want)) == STR_NONE) \
            test_failed(__FILE__, __LINE__, "%s: %.*s", (arguments), STR(says_.text)); \
    } while (0)

static void settle(struct shelf *k, const char *name) AWAITS
{
    int64_t id;

    CHECK_OK(knowledge_find(k->s.gateway.knowledge, str_from(name), NULL, 0, &id));
    CHECK_OK(knowledge_wait(k->s.gateway.knowledge, id));
}

/* "text | taint" of all that is in the owner's collections. */
static str items(struct shelf *k) AWAITS
{
    struct scope scope = { SCOPE_USER, S("owner") };
    struct memory_filter f = { .scopes = &scope, .n_scopes = 1, .collection = S("*"), .limit = 100 };
    CLEANUP(buf_done) struct buf b = { 0 };
    const struct memory_item *list;
    size_t n;

    CHECK_OK(memory_list(k->s.gateway.memory, k->s.home.arena, &f, &list, &n));
    for (size_t i = 0; i < n; i++)
        buf_addf(&b, "%.*s | %.*s\n", STR(list[i].text), STR(list[i].taint));
    return arena_str(k->s.home.arena, buf_str(&b));
}

TEST(the_tool_reads_in_what_is_in_the_workspace_and_nothing_else)
{
    CLEANUP(shelf_end) struct shelf k;

    shelf_start(&k);
    CHECK(mkdir(home_path(&k.s.home, "workspace/docs"), 0700) == 0);
    put(&k, "workspace/docs/a.md", "Alpha.\n");
    put(&k, "secret.md", "Secret.\n");
    CHECK(symlink("/etc", home_path(&k.s.home, "workspace/etc")) == 0);
    CHECK_TELLS(&k, "{\"action\":\"add\",\"name\":\"k\",\"path\":\"/etc\"}", "of the workspace", true);
    CHECK_TELLS(&k, "{\"action\":\"add\",\"name\":\"k\",\"path\":\"etc\"}", "of the workspace", true);
    CHECK_TELLS(&k, "{\"action\":\"add\",\"name\":\"k\",\"path\":\"../secret.md\"}", "of the workspace", true);
    CHECK_TELLS(&k, "{\"action\":\"add\",\"name\":\"k\",\"path\":\"none\"}", "of the workspace", true);
    CHECK_TELLS(&k, "{\"action\":\"add\",\"name\":\"k\"}", "of the workspace", true);
    CHECK_TELLS(&k, "{\"action\":\"add\",\"path\":\"docs\"}", "no name", true);
    CHECK_TELLS(&k, "{\"action\":\"add\",\"name\":\"k\",\"path\":\"docs\"}", "k: folder", false);
    settle(&k, "k");
    CHECK_STR(items(&k), "Alpha. | document a.md (knowledge k)\n");
    CHECK_TELLS(&k, "{\"action\":\"list\"}", "1 documents, 1 passages", false);
    CHECK_TELLS(&k, "{\"action\":\"sync\",\"name\":\"k\"}", "k: folder", false);
    CHECK_TELLS(&k, "{\"action\":\"sync\",\"name\":\"x\"}", "no collection", true);
    settle(&k, "k");
}

TEST(the_tool_is_the_owners)
{
    CLEANUP(shelf_end) struct shelf k;

    shelf_start(&k);
    k.cx.person = (struct person){ S("bob"), S("operator") };
    CHECK_TELLS(&k, "{\"action\":\"list\"}", "the owner's", true);
}

/* A file that others' words went into, and one that is written while nobody knows yet. */
TEST(notes_of_the_workspace_carry_whose_words_they_hold)
{
    CLEANUP(shelf_end) struct shelf k;

    shelf_start(&k);
    settle(&k, "workspace");
    provenance_begin();
    put(&k, "workspace/MEMORY.md", "Words.\n");
    while (str_find(items(&k), S("Words.")) == STR_NONE)
        CHECK_OK(fiber_sleep(5));
    CHECK_STR(items(&k), "Words. | file MEMORY.md (a command that has not ended)\n");
    provenance_end();
    settle(&k, "workspace");
    CHECK_STR(items(&k), "Words. | \n");
    CHECK_OK(provenance_mark(S("MEMORY.md"), S("a mail")));
    settle(&k, "workspace");
    CHECK_STR(items(&k), "Words. | file MEMORY.md (a mail)\n");
}

TEST(a_program_that_converts_runs_in_the_sandbox_and_sees_its_input_alone)
{
    CLEANUP(shelf_end) struct shelf k;
    CLEANUP(buf_done) struct buf out = { .max = 1000 }, err = { .max = 1000 };
    struct document_conversion c = { .output = &out, .complaint = &err, .input = S("words\n") };

    shelf_start(&k);
    if (!fixture_can_run())
        return;
    c.argv = (const char *const[]){ "tr", "a-z", "A-Z", NULL };
    CHECK_OK(knowledge_convert(&k.s.gateway, &c));
    CHECK_STR(buf_str(&out), "WORDS\n");
    CHECK_INT(c.status, 0);

    buf_clear(&out);
    c.argv = (const char *const[]){ "cat", home_path(&k.s.home, "clawdbot.db"), NULL };
    CHECK_OK(knowledge_convert(&k.s.gateway, &c));
    CHECK(c.status > 0);
    CHECK_INT(out.len, 0);
    CHECK(str_find(buf_str(&err), S("No such file")) != STR_NONE);

    c.argv = (const char *const[]){ "no-such-program", NULL };
    CHECK_ERR(knowledge_convert(&k.s.gateway, &c), ERR_NOT_FOUND);

    buf_clear(&out);
    c.argv = (const char *const[]){ "yes", NULL };      /* without an end */
    CHECK_OK(knowledge_convert(&k.s.gateway, &c));
    CHECK_INT(out.len, 1000);
    CHECK(out.overflowed && c.status == -1);
}

static str ask(struct shelf *k, const char *method, const char *path, const char *body, int want) AWAITS
{
    struct arena *a = k->s.home.arena;
    struct http_field f = { S("Authorization"), str_from(arena_printf(a, "Bearer %s", k->token)) };
    struct http_request q = { .method = method, .url = arena_printf(a, "%s/api/v1/knowledge%s", k->url, path), .fields = &f, .n_fields = 1,
                              .body = str_from(body) };
    struct http_response r;

    CHECK_OK(http_fetch(a, &q, &r, NULL));
    if (r.status != want)
        test_failed(__FILE__, __LINE__, "%s %s: %d %.*s", method, path, r.status, STR(r.body));
    return r.body;
}

TEST(collections_are_added_told_and_removed_over_the_api)
{
    CLEANUP(shelf_end) struct shelf k;
    const char *docs;

    shelf_start(&k);
    CHECK_OK(access_new_token(&k.s.gateway, k.token));
    k.url = scene_serve(&k.s);
    docs = home_path(&k.s.home, "workspace/docs");
    CHECK(mkdir(docs, 0700) == 0);
    put(&k, "workspace/docs/a.md", "Alpha.\n");
    put(&k, "workspace/docs/b.txt", "\x7f" "ELF\1\2\3\4");
    const char *body = arena_printf(k.s.home.arena, "{\"name\":\"k\",\"source\":\"%s\",\"trusted\":true}", docs);

    ask(&k, "POST", "", body, 201);
    ask(&k, "POST", "", body, 409);
    ask(&k, "POST", "", "{\"name\":\"h\",\"source\":\"/nowhere\"}", 404);
    ask(&k, "POST", "", "{\"name\":\"h\",\"source\":\"/tmp\",\"scope\":\"nobody\"}", 400);
    ask(&k, "POST", "", arena_printf(k.s.home.arena, "{\"name\":\"h\",\"source\":\"%s\"}", k.s.home.folder), 403);
    settle(&k, "k");
    str one = ask(&k, "GET", "/k", "", 200), failed_ones = ask(&k, "GET", "/k/documents?failed=1", "", 200);

    CHECK(str_find(one, S("\"state\":\"idle\"")) != STR_NONE && str_find(one, S("\"failed\":1")) != STR_NONE);
    CHECK(str_find(failed_ones, S("b.txt")) != STR_NONE && str_find(failed_ones, S("a.md")) == STR_NONE);
    CHECK(str_find(ask(&k, "GET", "", "", 200), S("\"name\":\"workspace\"")) != STR_NONE);
    CHECK(str_find(ask(&k, "GET", "?scope=user:alice", "", 200), S("[]")) != STR_NONE);
    ask(&k, "GET", "/k?scope=user:alice", "", 404);
    ask(&k, "POST", "/k/sync", "", 202);
    ask(&k, "POST", "/k/sync", "{\"again\":true}", 202);
    ask(&k, "POST", "/k/stop", "", 200);
    ask(&k, "DELETE", "/k", "", 200);
    ask(&k, "DELETE", "/k", "", 404);
    CHECK_STR(items(&k), "");
}
