// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include "agent/test_transcript.h"
#include "agent/transcript_valid.h"
#include "domain/provider.h"

static str made_valid(struct arena *a, const char *text, unsigned caps)
{
    struct transcript in = test_transcript(a, str_from(text)), out = { .arena = a };

    transcript_make_valid(&in, caps, &out);
    return test_transcript_text(&out);
}

TEST(a_transcript_never_keeps_a_call_without_a_result)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct transcript t = test_transcript(a, S("u hi\nc a|x|{}\nc b|x|{}\nr b|here\n"));

    transcript_repair(&t);
    CHECK_INT(t.n, 4);
    CHECK_STR(t.messages[3].call_id, "a");
    transcript_repair(&t);
    CHECK_INT(t.n, 4);
}

TEST(a_valid_transcript_stays_as_it_is)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    const char *valid = "s be brief\nu look\ni image/png\na so be it\nc c1|list_dir|{\"path\":\".\"}\nc c2|grep|{}\nr c1|a\nr c2|b\n"
                        "a there\nu thanks\n";

    CHECK_STR(made_valid(a, valid, CAP_TOOLS | CAP_VISION), valid);
}

TEST(a_transcript_is_made_valid)
{
    static const struct { const char *what, *in, *want; } cases[] = {
        { "nothing",                "",                              "u (no words)\n" },
        { "only a system message",  "s x\n",                         "s x\nu (no words)\n" },
        { "two of them",            "s x\ns y\nu z\n",               "s x\n\ny\nu z\n" },
        { "one in the middle",      "u a\na b\ns note\nu c\n",       "u a\na b\nu note\n\nc\n" },
        { "the assistant begins",   "s x\na hello\nu hi\n",          "s x\nu (no words)\na hello\nu hi\n" },
        { "the assistant ends",     "u hi\na hello\n",               "u hi\na hello\nu (no words)\n" },
        { "roles doubled",          "u a\nu b\na c\na d\nu e\n",     "u a\n\nb\na c\n\nd\nu e\n" },
        { "empty turns",            "u a\na  \nu  \na b\nu c\n",     "u a\n\n(no words)\na b\nu c\n" },
        { "an orphaned result",     "u a\nr x|lost\na b\nu c\n",     "u a\na b\nu c\n" },
        { "a result too many",      "u a\nc x|t|{}\nr x|1\nr x|2\n", "u a\nc x|t|{}\nr x|1\n" },
        { "a missing result",       "u a\nc x|t|{}\nu b\n",          "u a\nc x|t|{}\nr x|(the result of this call was not recorded)\nu b\n" },
        { "an empty result",        "u a\nc x|t|{}\nr x|\n",         "u a\nc x|t|{}\nr x|(nothing)\n" },
        { "a result before it",     "u a\nr x|1\nc x|t|{}\nu b\n",   "u a\nc x|t|{}\nr x|1\nu b\n" },
        { "a result later",         "u a\nc x|t|{}\nu b\nr x|1\n",   "u a\nc x|t|{}\nr x|1\nu b\n" },
        { "results out of order",   "u a\nc x|t|{}\nc y|t|{}\nr y|2\nr x|1\n", "u a\nc x|t|{}\nc y|t|{}\nr x|1\nr y|2\n" },
        { "an id in two rounds",    "u a\nc x|t|{}\nr x|1\na b\nc x|t|{}\nr x|2\n", "u a\nc x|t|{}\nr x|1\na b\nc x_2|t|{}\nr x_2|2\n" },
        { "an id in one reply",     "u a\nc x|t|{}\nc x|t|{}\nr x|1\nr x|2\n", "u a\nc x|t|{}\nc x_2|t|{}\nr x|1\nr x_2|2\n" },
        { "an id of odd shape",     "u a\nc f:1/ü|t|{}\nr f:1/ü|1\n", "u a\nc f_1___|t|{}\nr f_1___|1\n" },
        { "no id, no name",         "u a\nc |||\nr |1\n",            "u a\nc call|unnamed|{\"not_json\":\"|\"}\nr call|1\n" },
        { "arguments cut short",    "u a\nc x|t|{\"p\":\"q\nr x|1\n", "u a\nc x|t|{\"not_json\":\"{\\\"p\\\":\\\"q\"}\nr x|1\n" },
        { "arguments no object",    "u a\nc x|t|[1]\nr x|1\n",       "u a\nc x|t|{\"not_json\":\"[1]\"}\nr x|1\n" },
        { "no arguments",           "u a\nc x|t|\nr x|1\n",          "u a\nc x|t|{}\nr x|1\n" },
        { "an odd image",           "u a\ni image/tiff\ni image/png\n", "u a\n\n[an image (image/tiff) that cannot be shown to this model]\ni image/png\n" },
    };
    CLEANUP(arena_freep) struct arena *a = arena_new();

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        str got = made_valid(a, cases[i].in, CAP_TOOLS | CAP_VISION);

        if (!str_eq(got, str_from(cases[i].want)))
            test_failed(__FILE__, __LINE__, "%s:\n%.*sand not:\n%s", cases[i].what, STR(got), cases[i].want);
    }
}

TEST(what_a_model_cannot_take_is_told_in_words)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();

    CHECK_STR(made_valid(a, "u look\ni image/png\n", CAP_TOOLS), "u look\n\n[an image (image/png) that cannot be shown to this model]\n");
    CHECK_STR(made_valid(a, "u go\na so\nc x|ls|{}\nr x|files\nu and?\n", CAP_VISION),
              "u go\na so\n[called the tool ls with {}]\nu [result of the tool ls]\nfiles\n\nand?\n");
}

TEST(long_ids_stay_apart)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    char *in = arena_printf(a, "u a\nc %0100d|t|{}\nc %0101d|t|{}\n", 1, 1);
    struct transcript t = test_transcript(a, str_from(in)), out = { .arena = a };

    transcript_make_valid(&t, CAP_TOOLS, &out);
    CHECK_INT(out.messages[1].calls[0].id.len, 64);
    CHECK_INT(out.messages[1].calls[1].id.len, 64);
    CHECK(!str_eq(out.messages[1].calls[0].id, out.messages[1].calls[1].id));
    CHECK(str_eq(out.messages[1].calls[0].id, out.messages[2].call_id));
}

TEST(what_is_kept_for_an_api_goes_with_its_message)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct transcript in = test_transcript(a, S("u a\na b\nu c\n")), out = { .arena = a };

    in.messages[1].kept = S("{\"api\":\"x\"}");
    in.messages[1].taint = S("web page x");
    transcript_make_valid(&in, CAP_TOOLS, &out);
    CHECK_STR(out.messages[1].kept, "{\"api\":\"x\"}");
    CHECK_STR(out.messages[1].taint, "web page x");
}
