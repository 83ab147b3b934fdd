// SPDX-License-Identifier: Apache-2.0
#include "memory/knowledge.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/test.h"
#include "config/config.h"
#include "memory/recall.h"
#include "memory/test_memory.h"
#include "runtime/fiber.h"

#define OWNER USER("owner")

struct library {
    struct test_memory m;
    struct knowledge  *knowledge;
    const char        *folder;
    const char        *taint;           /* of files of a workspace */
    str                page;            /* what the web has */
    const char        *etag;
    unsigned           n_fetched, n_unchanged;
};

static str taint_of(void *arg, struct arena *a, const char *path)
{
    const struct library *l = arg;

    (void)path;
    return arena_str(a, str_from(l->taint ? l->taint : ""));
}

static enum err fetch(void *arg, struct knowledge_fetch *f)
{
    struct library *l = arg;

    l->n_fetched++;
    if (l->page.p == NULL)
        return failed(ERR_NET, "nobody answers");
    f->status = str_eq(f->etag, str_from(l->etag)) ? 304 : 200;
    l->n_unchanged += f->status == 304;
    f->body = l->page;
    f->content_type = S("text/markdown");
    f->new_etag = str_from(l->etag);
    return OK;
}

static bool may_read(void *arg, const char *path)
{
    (void)arg;
    return strstr(path, "/secret") == NULL;
}

static void open_library(struct library *l) AWAITS
{
    struct knowledge_options o = { .memory = l->m.memory, .private_folder = home_path(&l->m.home, "docs/private"),
                                   .host = { .fetch = fetch, .taint_of = taint_of, .may_read = may_read, .arg = l } };

    CHECK_OK(knowledge_open(&o, &l->knowledge));
}

static void library_start(struct library *l) AWAITS
{
    *l = (struct library){ .m = test_memory_new(), .etag = "" };
    CHECK_OK(config_load_for_test(l->m.home.folder, (const char *[]){ NULL }));
    l->folder = home_path(&l->m.home, "docs");
    CHECK(mkdir(l->folder, 0700) == 0);
    open_library(l);
}

static void library_end(struct library *l) AWAITS
{
    knowledge_close(l->knowledge);
    test_memory_done(&l->m);
}

static void restart(struct library *l) AWAITS
{
    knowledge_close(l->knowledge);
    test_memory_reopen(&l->m);
    open_library(l);
}

static void write_bytes(struct library *l, const char *name, str bytes)
{
    const char *path = home_path(&l->m.home, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    CHECK(fd >= 0);
    CHECK(write(fd, bytes.p, bytes.len) == (ssize_t)bytes.len);
    close(fd);
}

static void put(struct library *l, const char *name, const char *text)
{
    write_bytes(l, name, str_from(text));
}

static void make_folder(struct library *l, const char *name)
{
    CHECK(mkdir(home_path(&l->m.home, name), 0700) == 0);
}

static int64_t add(struct library *l, const char *name, const char *path, bool watched) AWAITS
{
    struct knowledge_source s = { .scope = OWNER, .name = str_from(name), .source = str_from(path), .watched = watched, .trusted = true,
                                  .added_by = S("owner") };
    int64_t id = 0;

    CHECK_OK(knowledge_add(l->knowledge, &s, &id));
    CHECK_OK(knowledge_wait(l->knowledge, id));
    return id;
}

static struct knowledge_collection state(struct library *l, int64_t id) AWAITS
{
    struct knowledge_collection c = { 0 };

    CHECK_OK(knowledge_get(l->knowledge, l->m.arena, id, &c));
    return c;
}

static void sync_it(struct library *l, int64_t id) AWAITS
{
    CHECK_OK(knowledge_sync(l->knowledge, id, KNOWLEDGE_CHANGED));
    CHECK_OK(knowledge_wait(l->knowledge, id));
}

/* "id title place text taint" of every item, a line each. */
static str items(struct library *l, struct scope scope) AWAITS
{
    struct memory_filter f = { .scopes = &scope, .n_scopes = 1, .collection = S("*"), .limit = 1000 };
    CLEANUP(buf_done) struct buf b = { 0 };
    const struct memory_item *list;
    size_t n;

    CHECK_OK(memory_list(l->m.memory, l->m.arena, &f, &list, &n));
    for (size_t i = n; i-- > 0;)
        buf_addf(&b, "%.*s | %.*s | %.*s | %.*s\n", STR(list[i].title), STR(list[i].place), STR(list[i].text), STR(list[i].taint));
    return arena_str(l->m.arena, buf_str(&b));
}

static bool has(struct library *l, const char *words) AWAITS
{
    return str_find(items(l, OWNER), str_from(words)) != STR_NONE;
}

/* The id of the one item with these words; 0: none, or several. */
static int64_t id_of(struct library *l, const char *words) AWAITS
{
    struct scope scope = OWNER;
    struct memory_filter f = { .scopes = &scope, .n_scopes = 1, .collection = S("*"), .limit = 1000 };
    const struct memory_item *list;
    int64_t found = 0;
    size_t n;

    CHECK_OK(memory_list(l->m.memory, l->m.arena, &f, &list, &n));
    for (size_t i = 0; i < n; i++)
        if (str_find(list[i].text, str_from(words)) != STR_NONE)
            found = found ? -1 : list[i].id;
    return found > 0 ? found : 0;
}

TEST(a_folder_is_read_in_and_its_passages_say_where_they_are)
{
    CLEANUP(library_end) struct library l;

    library_start(&l);
    put(&l, "docs/guide.md", "# Setup\nRun the installer.\n\n# Ports\nStaging listens on 8443.\n");
    make_folder(&l, "docs/notes");
    put(&l, "docs/notes/today.txt", "The printer is on the second floor.\n");
    int64_t id = add(&l, "handbook", l.folder, false);

    CHECK(has(&l, "guide.md > Ports | line 5 | Staging listens on 8443. | "));
    CHECK(has(&l, "notes/today.txt | line 1 | The printer"));
    struct knowledge_collection c = state(&l, id);

    CHECK_INT(c.documents, 2);
    CHECK_INT(c.items, 3);
    CHECK_INT(c.failed, 0);
    CHECK(c.synced_at > 0 && c.progress.state == KNOWLEDGE_IDLE && c.progress.done == 2 && c.progress.total == 2);
}

TEST(only_what_changed_is_replaced)
{
    CLEANUP(library_end) struct library l;

    library_start(&l);
    put(&l, "docs/a.md", "# One\nThe first stays.\n\n# Two\nThe second changes.\n");
    put(&l, "docs/b.md", "Another document.\n");
    int64_t id = add(&l, "k", l.folder, false), first = id_of(&l, "first stays"), other = id_of(&l, "Another");

    sync_it(&l, id);
    CHECK_INT(state(&l, id).progress.unchanged, 2);
    CHECK_INT(state(&l, id).progress.items_added, 0);
    put(&l, "docs/a.md", "# Zero\nNew above.\n\n# One\nThe first stays.\n\n# Two\nThe second is other now.\n");
    sync_it(&l, id);
    struct knowledge_progress p = state(&l, id).progress;

    CHECK_INT(p.items_added, 2);
    CHECK_INT(p.items_kept, 1);
    CHECK_INT(p.items_removed, 1);
    CHECK_INT(p.unchanged, 1);
    CHECK_INT(id_of(&l, "first stays"), first);
    CHECK_INT(id_of(&l, "Another"), other);
    CHECK(has(&l, "a.md > One | line 5 | The first"));      /* its place has moved */
    CHECK(!has(&l, "second changes"));
}

TEST(a_file_that_is_gone_takes_its_items_along)
{
    CLEANUP(library_end) struct library l;

    library_start(&l);
    make_folder(&l, "docs/sub");
    put(&l, "docs/sub/a.md", "Alpha.\n");
    put(&l, "docs/sub/b.md", "Beta.\n");
    put(&l, "docs/c.md", "Gamma.\n");
    int64_t id = add(&l, "k", l.folder, false);

    unlink(home_path(&l.m.home, "docs/sub/a.md"));
    sync_it(&l, id);
    CHECK(!has(&l, "Alpha") && has(&l, "Beta") && has(&l, "Gamma"));
    unlink(home_path(&l.m.home, "docs/sub/b.md"));
    rmdir(home_path(&l.m.home, "docs/sub"));
    sync_it(&l, id);
    CHECK(!has(&l, "Beta") && has(&l, "Gamma"));
    CHECK_INT(state(&l, id).documents, 1);
}

/* A disk that is not mounted is no order to forget. */
TEST(a_folder_that_cannot_be_found_changes_nothing)
{
    CLEANUP(library_end) struct library l;

    library_start(&l);
    put(&l, "docs/a.md", "Alpha.\n");
    int64_t id = add(&l, "k", l.folder, false);

    CHECK(rename(l.folder, home_path(&l.m.home, "elsewhere")) == 0);
    CHECK_OK(knowledge_sync(l.knowledge, id, KNOWLEDGE_CHANGED));
    CHECK_ERR(knowledge_wait(l.knowledge, id), ERR_REMOTE);
    CHECK(has(&l, "Alpha"));
    CHECK(str_find(state(&l, id).error, S("docs")) != STR_NONE);
}

TEST(hidden_ignored_private_and_linked_files_are_left_out)
{
    CLEANUP(library_end) struct library l;

    library_start(&l);
    put(&l, "docs/.hidden.md", "Hidden.\n");
    make_folder(&l, "docs/.git");
    put(&l, "docs/.git/config", "Git.\n");
    make_folder(&l, "docs/node_modules");
    put(&l, "docs/node_modules/x.md", "Module.\n");
    make_folder(&l, "docs/private");
    put(&l, "docs/private/x.md", "Private.\n");
    put(&l, "outside.md", "Outside.\n");
    CHECK(symlink(home_path(&l.m.home, "outside.md"), home_path(&l.m.home, "docs/link.md")) == 0);
    CHECK(symlink("/etc", home_path(&l.m.home, "docs/etc")) == 0);
    CHECK(mkfifo(home_path(&l.m.home, "docs/pipe.md"), 0600) == 0);
    put(&l, "docs/a.md", "Seen.\n");
    add(&l, "k", l.folder, false);
    CHECK_STR(items(&l, OWNER), "a.md | line 1 | Seen. | \n");
}

TEST(one_that_cannot_be_read_keeps_its_error_and_the_rest_goes_on)
{
    CLEANUP(library_end) struct library l;
    static const struct { const char *name; str bytes; const char *want; } bad[] = {
        { "docs/1-binary.txt", { "\x7f" "ELF\2\1\1\0\0\0", 10 }, "a program" },
        { "docs/2-picture.md", { "\x89PNG\r\n\x1a\n", 8 }, "a picture" },
        { "docs/3-no.json", { "{{{{{{", 6 }, "JSON" },
        { "docs/\xfe.txt", { "x", 1 }, "no UTF-8" },
        { "docs/\xff.txt", { "x", 1 }, "no UTF-8" },
    };
    const struct knowledge_document *list;
    size_t n;

    library_start(&l);
    for (size_t i = 0; i < N_ELEMENTS(bad); i++)
        write_bytes(&l, bad[i].name, bad[i].bytes);
    write_bytes(&l, "docs/nul.txt", S("before\0after \xff\xfe end\n"));
    put(&l, "docs/z.md", "Good.\n");
    int64_t id = add(&l, "k", l.folder, false);

    CHECK(has(&l, "Good.") && has(&l, "before"));
    CHECK_OK(knowledge_documents(l.knowledge, l.m.arena, id, KNOWLEDGE_FAILED, S(""), 10, &list, &n));
    CHECK_INT(n, N_ELEMENTS(bad));
    for (size_t i = 0; i < n; i++)
        CHECK(str_find(list[i].error, str_from(bad[i].want)) != STR_NONE);
    CHECK_INT(state(&l, id).failed, N_ELEMENTS(bad));
    sync_it(&l, id);                                /* the same bytes fail no second time */
    CHECK_INT(state(&l, id).progress.failed, 0);
    CHECK_OK(knowledge_sync(l.knowledge, id, KNOWLEDGE_AGAIN));
    CHECK_OK(knowledge_wait(l.knowledge, id));
    CHECK_INT(state(&l, id).progress.failed, N_ELEMENTS(bad));
}

TEST(a_file_over_the_limit_is_said_and_not_read)
{
    CLEANUP(library_end) struct library l;
    const struct knowledge_document *list;
    size_t n;

    library_start(&l);
    CHECK_OK(config_load_for_test(l.m.home.folder, (const char *[]){ "knowledge.max_file_size=1K", NULL }));
    put(&l, "docs/a.md", arena_printf(l.m.arena, "%02000d", 1));
    put(&l, "docs/b.md", "Small.\n");
    int64_t id = add(&l, "k", l.folder, false);

    CHECK_OK(knowledge_documents(l.knowledge, l.m.arena, id, KNOWLEDGE_FAILED, S(""), 10, &list, &n));
    CHECK_INT(n, 1);
    CHECK(str_find(list[0].error, S("knowledge.max_file_size")) != STR_NONE);
    CHECK(has(&l, "Small."));
}

TEST(rows_stay_rows_and_a_file_alone_is_a_collection)
{
    CLEANUP(library_end) struct library l;
    struct knowledge_source s = { .scope = OWNER, .name = S("cmdb"), .rows = true, .added_by = S("owner") };
    struct scope scope = OWNER;
    struct memory_filter f = { .scopes = &scope, .n_scopes = 1, .collection = S("cmdb"), .limit = 10 };
    const struct memory_item *list;
    int64_t id;
    size_t n;

    library_start(&l);
    put(&l, "docs/hosts.csv", "host,port\nweb,80\nweb,80\nssh,22\n");
    put(&l, "docs/other.md", "Not of it.\n");
    s.source = str_from(home_path(&l.m.home, "docs/hosts.csv"));
    CHECK_OK(knowledge_add(l.knowledge, &s, &id));
    CHECK_OK(knowledge_wait(l.knowledge, id));
    CHECK_OK(memory_list(l.m.memory, l.m.arena, &f, &list, &n));
    CHECK_INT(n, 3);
    CHECK_INT(list[0].kind, ITEM_ROW);
    CHECK_STR(list[0].place, "row 4");
    CHECK_STR(list[0].fields, "{\"host\":\"ssh\",\"port\":\"22\"}");
    CHECK_STR(list[0].taint, "document hosts.csv (knowledge cmdb)");
    put(&l, "docs/hosts.csv", "host,port\nweb,80\nssh,2222\n");
    sync_it(&l, id);
    CHECK_INT(state(&l, id).progress.items_kept, 1);
    CHECK_INT(state(&l, id).progress.items_removed, 2);
    CHECK_INT(state(&l, id).items, 2);
    s.name = S("prose");
    s.source = str_from(home_path(&l.m.home, "docs/other.md"));
    CHECK_OK(knowledge_add(l.knowledge, &s, &id));
    CHECK_OK(knowledge_wait(l.knowledge, id));
    CHECK_INT(state(&l, id).failed, 1);
    CHECK(!has(&l, "Not of it"));
}

TEST(what_cannot_be_a_collection_is_refused)
{
    static const struct { const char *name, *path; enum err want; } cases[] = {
        { "k", "relative/path", ERR_INPUT }, { "k", "/nowhere/at/all", ERR_NOT_FOUND }, { "k", "/dev/null", ERR_INPUT },
        { "", "/tmp", ERR_INPUT }, { "a b", "/tmp", ERR_INPUT }, { "../x", "/tmp", ERR_INPUT }, { "workspace", "/tmp", ERR_CONFLICT },
    };
    CLEANUP(library_end) struct library l;
    int64_t id;

    library_start(&l);
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct knowledge_source s = { .scope = OWNER, .name = str_from(cases[i].name), .source = str_from(cases[i].path),
                                      .added_by = S("o") };

        CHECK_ERR(knowledge_add(l.knowledge, &s, &id), cases[i].want);
    }
    make_folder(&l, "secret");
    struct knowledge_source s = { .scope = OWNER, .name = S("k"), .source = str_from(home_path(&l.m.home, "secret")), .added_by = S("o") };

    CHECK_ERR(knowledge_add(l.knowledge, &s, &id), ERR_AUTH);
    CHECK(symlink(home_path(&l.m.home, "secret"), home_path(&l.m.home, "innocent")) == 0);
    s.source = str_from(home_path(&l.m.home, "innocent"));
    CHECK_ERR(knowledge_add(l.knowledge, &s, &id), ERR_AUTH);
    add(&l, "k", l.folder, false);
    s.source = str_from(l.folder);
    CHECK_ERR(knowledge_add(l.knowledge, &s, &id), ERR_CONFLICT);
    s.scope = USER("alice");
    CHECK_OK(knowledge_add(l.knowledge, &s, &id));
    CHECK_OK(knowledge_wait(l.knowledge, id));
}

/* The same name in two scopes: each sees its own. */
/* Somebody swaps what was added for a link to what may not be read. */
TEST(a_link_in_the_place_of_the_folder_is_not_followed)
{
    CLEANUP(library_end) struct library l;
    struct knowledge_source s = { .scope = OWNER, .name = S("w"), .added_by = S("o") };
    int64_t id, other;

    library_start(&l);
    make_folder(&l, "docs/sub");
    put(&l, "docs/sub/a.md", "Alpha.\n");
    make_folder(&l, "elsewhere");
    put(&l, "elsewhere/b.md", "Foreign.\n");
    id = add(&l, "k", home_path(&l.m.home, "docs/sub"), false);
    CHECK(rename(home_path(&l.m.home, "docs/sub"), home_path(&l.m.home, "docs/was")) == 0);
    CHECK(symlink(home_path(&l.m.home, "elsewhere"), home_path(&l.m.home, "docs/sub")) == 0);
    CHECK_OK(knowledge_sync(l.knowledge, id, KNOWLEDGE_CHANGED));
    CHECK_ERR(knowledge_wait(l.knowledge, id), ERR_REMOTE);
    CHECK(!has(&l, "Foreign"));
    s.source = str_from(home_path(&l.m.home, "docs/sub"));
    s.within = l.folder;
    CHECK_ERR(knowledge_add(l.knowledge, &s, &other), ERR_AUTH);
    s.source = str_from(home_path(&l.m.home, "docs/was"));
    CHECK_OK(knowledge_add(l.knowledge, &s, &other));
    CHECK_OK(knowledge_wait(l.knowledge, other));
}

TEST(scopes_do_not_see_each_other)
{
    CLEANUP(library_end) struct library l;
    struct scope alice = USER("alice"), owner = OWNER;
    const struct knowledge_collection *list;
    int64_t id;
    size_t n;

    library_start(&l);
    put(&l, "docs/a.md", "Of the owner.\n");
    add(&l, "k", l.folder, false);
    CHECK_STR(items(&l, alice), "");
    CHECK_OK(knowledge_list(l.knowledge, l.m.arena, &alice, 1, &list, &n));
    CHECK_INT(n, 0);
    CHECK_ERR(knowledge_find(l.knowledge, S("k"), &alice, 1, &id), ERR_NOT_FOUND);
    CHECK_OK(knowledge_find(l.knowledge, S("k"), &owner, 1, &id));
}

TEST(a_removed_collection_leaves_nothing)
{
    CLEANUP(library_end) struct library l;

    library_start(&l);
    put(&l, "docs/a.md", "Alpha.\n");
    int64_t id = add(&l, "k", l.folder, true);

    CHECK_OK(knowledge_remove(l.knowledge, id));
    CHECK_STR(items(&l, OWNER), "");
    CHECK_ERR(knowledge_remove(l.knowledge, id), ERR_NOT_FOUND);
    CHECK_ERR(knowledge_sync(l.knowledge, id, KNOWLEDGE_CHANGED), ERR_NOT_FOUND);
    add(&l, "k", l.folder, false);
    CHECK(has(&l, "Alpha"));
}

/* Half of it is gone when the program ends. */
TEST(a_removal_that_was_begun_is_finished_at_the_next_start)
{
    CLEANUP(library_end) struct library l;
    const struct knowledge_collection *list;
    size_t n = 1;

    library_start(&l);
    put(&l, "docs/a.md", "Alpha.\n");
    int64_t id = add(&l, "k", l.folder, false);

    CHECK_OK(fault_arm(S("memory_commit:fail:2")));
    CHECK_ERR(knowledge_remove(l.knowledge, id), ERR_IO);
    fault_disarm_all();
    CHECK(has(&l, "Alpha"));
    CHECK_ERR(knowledge_sync(l.knowledge, id, KNOWLEDGE_CHANGED), ERR_NOT_FOUND);
    restart(&l);
    while (n) {
        CHECK_OK(fiber_yield());
        CHECK_OK(knowledge_list(l.knowledge, l.m.arena, NULL, 0, &list, &n));
    }
    CHECK_STR(items(&l, OWNER), "");
}

/* Who asked for it has gone away: a connection was cut. */
static enum err remove_it(void *arg) AWAITS
{
    struct library *l = arg;
    int64_t id;

    TRY(knowledge_find(l->knowledge, S("k"), NULL, 0, &id));
    return knowledge_remove(l->knowledge, id);
}

TEST(a_removal_goes_on_without_whoever_asked_for_it)
{
    CLEANUP(library_end) struct library l;
    const struct knowledge_collection *list;
    size_t n = 1;

    library_start(&l);
    put(&l, "docs/a.md", "Alpha.\n");
    add(&l, "k", l.folder, false);
    struct fiber *f = fiber_spawn("asker", remove_it, &l);

    CHECK_OK(fiber_yield());
    fiber_cancel(f);
    CHECK_ERR(fiber_join(f), ERR_CANCELLED);
    while (n) {
        CHECK_OK(fiber_yield());
        CHECK_OK(knowledge_list(l.knowledge, l.m.arena, NULL, 0, &list, &n));
    }
    CHECK_STR(items(&l, OWNER), "");
}

static str recalled(struct library *l, const char *question, const char *collection) AWAITS
{
    struct scope scope = OWNER;
    str collections[] = { str_from(collection) };
    struct recall_query q = { .text = str_from(question), .scopes = &scope, .n_scopes = 1, .collections = collections, .n_collections = 1,
                              .k = 3 };
    struct recall_result r;

    CHECK_OK(recall(l->m.memory, l->m.arena, &q, &r));
    return r.n ? str_from(arena_printf(l->m.arena, "%.*s, %.*s", STR(r.items[0].item.title), STR(r.items[0].item.place))) : S("nothing");
}

TEST(what_was_read_in_is_recalled_with_its_document_and_place)
{
    CLEANUP(library_end) struct library l;

    library_start(&l);
    put(&l, "docs/guide.md", "# Setup\nRun the installer.\n\n# Ports\nThe staging server listens on 8443.\n");
    put(&l, "docs/\xe6\x89\x8b\xe5\x86\x8c.md", "\xe5\xa4\x87\xe4\xbb\xbd\xe6\x9c\x8d\xe5\x8a\xa1\xe5\x99\xa8\xe5\x9c\xa8\xe4\xb8\x89\xe6\xa5\xbc\n");
    add(&l, "handbook", l.folder, false);
    CHECK_STR(recalled(&l, "which port does the staging server use?", "handbook"), "guide.md > Ports, line 5");
    CHECK_STR(recalled(&l, "\xe5\xa4\x87\xe4\xbb\xbd\xe5\x9c\xa8\xe5\x93\xaa\xe9\x87\x8c", "*"), "\xe6\x89\x8b\xe5\x86\x8c.md, line 1");
    CHECK_STR(recalled(&l, "staging server port", "another"), "nothing");
}

TEST(it_goes_on_after_a_restart)
{
    CLEANUP(library_end) struct library l;

    library_start(&l);
    put(&l, "docs/a.md", "Alpha.\n");
    int64_t id = add(&l, "k", l.folder, true), item = id_of(&l, "Alpha");

    knowledge_close(l.knowledge);
    put(&l, "docs/b.md", "Written while nobody looked.\n");
    test_memory_reopen(&l.m);
    open_library(&l);
    CHECK_OK(knowledge_wait(l.knowledge, id));
    CHECK(has(&l, "while nobody looked"));
    CHECK_INT(id_of(&l, "Alpha"), item);
    CHECK_INT(state(&l, id).progress.unchanged + state(&l, id).progress.read, 2);
}

/* With the real watcher; what is waited for is what it does. */
TEST(a_watched_folder_is_read_in_as_it_changes)
{
    CLEANUP(library_end) struct library l;

    library_start(&l);
    put(&l, "docs/a.md", "Alpha.\n");
    int64_t id = add(&l, "k", l.folder, true);

    CHECK_STR(state(&l, id).watching, "1 folder");
    put(&l, "docs/a.md", "Omega.\n");
    while (!has(&l, "Omega"))
        CHECK_OK(fiber_sleep(5));
    CHECK(!has(&l, "Alpha"));
    make_folder(&l, "docs/new");
    put(&l, "docs/new/b.md", "Beta.\n");
    while (!has(&l, "Beta"))
        CHECK_OK(fiber_sleep(5));
    put(&l, "docs/new/c.md", "Gamma.\n");
    while (!has(&l, "Gamma"))
        CHECK_OK(fiber_sleep(5));
    CHECK(rename(home_path(&l.m.home, "docs/new"), home_path(&l.m.home, "moved")) == 0);
    while (has(&l, "Beta") || has(&l, "Gamma"))
        CHECK_OK(fiber_sleep(5));
    unlink(home_path(&l.m.home, "docs/a.md"));
    while (has(&l, "Omega"))
        CHECK_OK(fiber_sleep(5));
}

TEST(a_file_alone_is_watched_too)
{
    CLEANUP(library_end) struct library l;

    library_start(&l);
    put(&l, "docs/a.md", "Alpha.\n");
    put(&l, "docs/b.md", "Beta.\n");
    int64_t id = add(&l, "k", home_path(&l.m.home, "docs/a.md"), true);

    CHECK_STR(items(&l, OWNER), "a.md | line 1 | Alpha. | \n");
    put(&l, "docs/b.md", "Gamma.\n");
    put(&l, "docs/new.md", "Omega.\n");
    CHECK(rename(home_path(&l.m.home, "docs/new.md"), home_path(&l.m.home, "docs/a.md")) == 0);
    while (!has(&l, "Omega"))
        CHECK_OK(fiber_sleep(5));
    CHECK_STR(items(&l, OWNER), "a.md | line 1 | Omega. | \n");
    CHECK_INT(state(&l, id).documents, 1);
}

TEST(too_many_folders_to_watch_are_said)
{
    CLEANUP(library_end) struct library l;

    library_start(&l);
    CHECK_OK(config_load_for_test(l.m.home.folder, (const char *[]){ "knowledge.max_watches=1", NULL }));
    make_folder(&l, "docs/sub");
    put(&l, "docs/sub/a.md", "Alpha.\n");
    int64_t id = add(&l, "k", l.folder, true);

    CHECK(str_find(state(&l, id).watching, S("not all folders are watched")) != STR_NONE);
    CHECK(has(&l, "Alpha"));
}

TEST(notes_of_a_workspace_are_a_collection_by_themselves)
{
    CLEANUP(library_end) struct library l;
    struct knowledge_workspace w = { S("workspace"), NULL };
    int64_t id;

    library_start(&l);
    w.path = l.folder;
    put(&l, "docs/MEMORY.md", "The owner likes tea.\n");
    put(&l, "docs/program.c", "int main;\n");
    make_folder(&l, "docs/memory");
    put(&l, "docs/memory/2026-11-21.md", "Moved the server.\n");
    make_folder(&l, "docs/notes");
    make_folder(&l, "docs/src");
    put(&l, "docs/src/MEMORY.md", "Not this one.\n");
    CHECK_OK(knowledge_use_workspaces(l.knowledge, OWNER, &w, 1));
    CHECK_OK(knowledge_find(l.knowledge, S("workspace"), NULL, 0, &id));
    CHECK_OK(knowledge_wait(l.knowledge, id));
    CHECK(has(&l, "likes tea") && has(&l, "Moved the server"));
    CHECK(!has(&l, "int main") && !has(&l, "Not this one"));
    put(&l, "docs/notes/idea.md", "An idea.\n");
    while (!has(&l, "An idea"))
        CHECK_OK(fiber_sleep(5));
    CHECK_ERR(knowledge_remove(l.knowledge, id), ERR_CONFLICT);
    l.taint = "MEMORY.md (a web page)";
    knowledge_taints_changed(l.knowledge);
    CHECK_OK(knowledge_wait(l.knowledge, id));
    CHECK(has(&l, "likes tea. | MEMORY.md (a web page)\n"));
    CHECK_INT(state(&l, id).progress.items_added, 0);
    CHECK_OK(knowledge_use_workspaces(l.knowledge, OWNER, NULL, 0));
    CHECK_STR(items(&l, OWNER), "");
}

TEST(a_page_is_asked_for_again_with_what_tells_whether_it_changed)
{
    CLEANUP(library_end) struct library l;
    struct knowledge_source s = { .scope = OWNER, .name = S("page"), .source = S("https://example.org/a"), .added_by = S("owner") };
    int64_t id;

    library_start(&l);
    l.page = S("# Title\nWords of the web.\n");
    l.etag = "\"1\"";
    CHECK_OK(knowledge_add(l.knowledge, &s, &id));
    CHECK_OK(knowledge_wait(l.knowledge, id));
    CHECK(has(&l, "https://example.org/a > Title | line 2 | Words of the web. | web page https://example.org/a"));
    sync_it(&l, id);
    CHECK_INT(l.n_unchanged, 1);
    l.page = S("# Title\nOther words.\n");
    l.etag = "\"2\"";
    sync_it(&l, id);
    CHECK(has(&l, "Other words") && !has(&l, "Words of the web"));
    l.page = NO_STR;
    CHECK_OK(knowledge_sync(l.knowledge, id, KNOWLEDGE_CHANGED));
    CHECK_ERR(knowledge_wait(l.knowledge, id), ERR_REMOTE);
    CHECK(has(&l, "Other words"));
    l.page = S("# Title\nOther words.\n");
    sync_it(&l, id);
    CHECK_INT(state(&l, id).failed, 0);
    CHECK_INT(l.n_fetched, 5);
}

TEST(a_sync_can_be_stopped)
{
    CLEANUP(library_end) struct library l;
    struct knowledge_source s = { .scope = OWNER, .name = S("k"), .trusted = true, .added_by = S("owner") };
    int64_t id;

    library_start(&l);
    for (int i = 0; i < 2000; i++)
        put(&l, arena_printf(l.m.arena, "docs/%d.md", i), arena_printf(l.m.arena, "Note %d.\n", i));
    s.source = str_from(l.folder);
    CHECK_OK(knowledge_add(l.knowledge, &s, &id));
    while (state(&l, id).progress.done == 0)
        CHECK_OK(fiber_yield());
    CHECK_OK(knowledge_cancel(l.knowledge, id));
    CHECK_ERR(knowledge_wait(l.knowledge, id), ERR_REMOTE);
    CHECK(state(&l, id).items < 2000);
    sync_it(&l, id);
    CHECK_INT(state(&l, id).items, 2000);
    CHECK_INT(state(&l, id).documents, 2000);
    restart(&l);
    CHECK_INT(state(&l, id).items, 2000);
}
