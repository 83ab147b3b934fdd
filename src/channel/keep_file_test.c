// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include <dirent.h>

#include "channel/incoming.h"
#include "channel/keep_file.h"
#include "config/config.h"
#include "store/test_home.h"

struct scene { struct test_home home; struct blobs *blobs; };

static void scene_done(struct scene *s)
{
    blobs_close(s->blobs);
    home_done(&s->home);
}

static struct scene scene_new(const char *set) AWAITS
{
    struct scene s = { .home = home_new() };

    CHECK_OK(config_load_for_test(s.home.folder, (const char *const[]){ set, NULL }));
    CHECK_OK(blobs_open(s.home.store, home_path(&s.home, "blobs"), 1 << 20, &s.blobs));
    return s;
}

static size_t left_over(struct scene *s)
{
    DIR *d = opendir(home_path(&s->home, "blobs/tmp"));
    size_t n = 0;

    for (struct dirent *e; d && (e = readdir(d));)
        n += e->d_name[0] != '.';
    if (d)
        closedir(d);
    return n;
}

TEST(types_that_are_not_allowed_are_not_kept)
{
    static const struct { const char *types, *mime; enum err e; } cases[] = {
        { "blobs.types=",                           "application/x-dosexec",        OK },
        { "blobs.types=image/*,application/pdf",    "image/png",                    OK },
        { "blobs.types=image/*,application/pdf",    "IMAGE/PNG",                    OK },
        { "blobs.types=image/*,application/pdf",    "application/pdf; name=x.pdf",  OK },
        { "blobs.types=image/*,application/pdf",    "application/pdfx",             ERR_AUTH },
        { "blobs.types=image/*,application/pdf",    "imagex/png",                   ERR_AUTH },
        { "blobs.types=image/*,application/pdf",    "",                             ERR_AUTH },
        { "blobs.types=*",                          "anything",                     OK },
    };
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(scene_done) struct scene s = scene_new(cases[i].types);
        str blob;

        CHECK_ERR(keep_file(s.blobs, s.home.arena, S("bytes"), S("f"), str_from(cases[i].mime), &blob), cases[i].e);
    }
}

TEST(the_scanner_has_the_last_word)
{
    static const struct { const char *command, *bytes; enum err e; const char *says; } cases[] = {
        { "[grep, -q, -v, EICAR]",              "harmless",     OK,         "" },
        { "[grep, -q, -v, EICAR]",              "an EICAR is",  ERR_AUTH,   "found something" },
        { "[grep, -q, --no-such-option]",       "harmless",     ERR_AUTH,   "could not look" },
        { "[/]",                                "harmless",     ERR_AUTH,   "could not look" },
        { "[no-such-scanner]",                  "harmless",     ERR_AUTH,   "could not look" },
        { "[true]",                             "harmless",     OK,         "" },
    };
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        char set[200];
        str blob;

        snprintf(set, sizeof set, "blobs.scan_command=%s", cases[i].command);
        CLEANUP(scene_done) struct scene s = scene_new(set);

        CHECK_ERR(keep_file(s.blobs, s.home.arena, str_from(cases[i].bytes), S("f"), S("text/plain"), &blob), cases[i].e);
        if (cases[i].e)
            CHECK(strstr(failed_text(), cases[i].says) != NULL);
        CHECK_INT(left_over(&s), 0);
    }
}

static struct blobs *kept_in;

static enum err keep(const struct channel_host *host UNUSED, struct arena *a, str bytes, str name, str mime, str *ret_blob) AWAITS
{
    return keep_file(kept_in, a, bytes, name, mime, ret_blob);
}

TEST(a_refused_file_does_not_cost_the_message_and_is_told_in_it)
{
    static const struct channel fake = { .name = "fake", .title = "Fake" };
    static const struct channel_host host = { .channel = &fake, .keep_file = keep };
    CLEANUP(scene_done) struct scene s = scene_new("blobs.scan_command=grep,-q,-v,EICAR");
    struct incoming_file files[] = {
        { .type = "file", .name = S("bad.doc"), .size = -1, .bytes = S("EICAR") },
        { .type = "image", .name = S("good.png"), .mime = S("image/png"), .size = -1, .bytes = S("pixels") },
    };
    struct message m = { .text = S("look"), .user_id = S("1") };

    kept_in = s.blobs;
    CHECK_OK(incoming_files(&host, s.home.arena, &m, files, 2, NULL));
    CHECK_INT(m.n_attachments, 1);
    CHECK_STR(m.attachments[0].name, "good.png");
    CHECK_STR(m.text, "look\n[The file bad.doc was not taken: the virus scanner found something in it]");
}
