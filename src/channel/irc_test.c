// SPDX-License-Identifier: Apache-2.0
/* Lines of IRC by RFC 1459 and IRCv3, and what becomes of texts. */
#include "base/test.h"
#include "channel/irc_line.h"

TEST(an_irc_line_is_taken_apart)
{
    static const struct { const char *in, *want; } cases[] = {
        { "PING :irc.example.net", "||PING|irc.example.net" },
        { ":ann!a@host.example PRIVMSG #chan :hello  there :x", "ann|ann!a@host.example|PRIVMSG|#chan|hello  there :x" },
        { ":irc.example.net 001 bot :Welcome", "|irc.example.net|001|bot|Welcome" },
        { ":bot MODE bot :+i", "bot|bot|MODE|bot|+i" },
        { "@time=2026-01-01T10:00:00.000Z;msgid=a :ann!a@h  JOIN   #c", "ann|ann!a@h|JOIN|#c" },
        { "TOPIC #c :", "||TOPIC|#c|" },
        { "X a b c d e f g h i j k l m n o p", "||X|a|b|c|d|e|f|g|h|i|j|k|l|m|n|o p" },
        { "future-tag-less 1", NULL }, { "", NULL }, { "@only", NULL }, { ":only", NULL }, { ":a!b@c :x", NULL }, { "PRIVMSG\ra", NULL },
    };
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(buf_done) struct buf got = {0};
        struct irc_line l;

        if (!cases[i].want) {
            CHECK_ERR(irc_parse(str_from(cases[i].in), &l), ERR_INPUT);
            continue;
        }
        CHECK_OK(irc_parse(str_from(cases[i].in), &l));
        buf_addf(&got, "%.*s|%.*s|%.*s", STR(l.nick), STR(l.mask), STR(l.command));
        for (size_t p = 0; p < l.n_params; p++)
            buf_addf(&got, "|%.*s", STR(l.params[p]));
        CHECK_STR(buf_str(&got), cases[i].want);
    }
}

TEST(tags_are_unescaped)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct irc_line l;

    CHECK_OK(irc_parse(S("@a=x\\:y\\sz\\\\\\n;b;c=;+example.org/d=1;a2=\\q\\ PING"), &l));
    CHECK_STR(irc_tag(a, &l, "a"), "x;y z\\\n");
    CHECK(irc_has_tag(&l, "b") && irc_has_tag(&l, "c") && !irc_has_tag(&l, "d") && irc_tag(a, &l, "c").len == 0);
    CHECK_STR(irc_tag(a, &l, "+example.org/d"), "1");
    CHECK_STR(irc_tag(a, &l, "a2"), "q");
}

TEST(names_are_compared_as_the_server_does)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();

    CHECK_STR(irc_lower(a, S("Nick[]\\^"), false), "nick{}|~");
    CHECK_STR(irc_lower(a, S("Nick[]\\^"), true), "nick[]\\^");
}

TEST(who_is_meant_is_told_by_the_name)
{
    static const struct { const char *in, *text; } cases[] = {
        { "bot: what is it?", "what is it?" }, { "Bot, what?", "what?" }, { "@bot what?", "what?" }, { "bot what?", "what?" }, { "bot", "" },
        { "what do you say, bot?", "what do you say, bot?" }, { "robot: what?", NULL }, { "bot2: what?", NULL }, { "bot_: what?", NULL },
        { "hello", NULL }, { "", NULL },
    };
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        str text;

        if (irc_addressed(str_from(cases[i].in), S("bot"), &text) != (cases[i].text != NULL))
            test_failed(__FILE__, __LINE__, "%s", cases[i].in);
        if (cases[i].text)
            CHECK_STR(text, cases[i].text);
    }
}

TEST(marks_and_colours_are_no_text)
{
    static const struct { const char *in, *want; } cases[] = {
        { "\2bold\2 \0034,12red\3 \35it\35 \17x", "bold red it x" }, { "\00304five\00315,99six\003,7x", "fivesix,7x" }, { "\4ff0000,00ff00hex", "hex" },
        { "caf\xe9", "caf\xef\xbf\xbd" }, { "\1ACTION waves\1", "ACTION waves" },
    };
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(buf_done) struct buf b = {0};

        irc_add_plain(&b, str_from(cases[i].in));
        CHECK_STR(buf_str(&b), cases[i].want);
    }
}

TEST(a_text_is_cut_into_lines_that_fit)
{
    static const struct { const char *in; size_t most; const char *want; } cases[] = {
        { "one\n\n \ntwo\r\nthree", 20, "one|two|three|" },
        { "aaa bbb ccc ddd", 8, "aaa bbb|ccc ddd|" },
        { "aaaaaaaaaaaaaaa", 4, "aaaa|aaaa|aaaa|aaa|" },
        { "\xe4\xbd\xa0\xe5\xa5\xbd\xe4\xbd\xa0", 7, "\xe4\xbd\xa0\xe5\xa5\xbd|\xe4\xbd\xa0|" },
        { "", 9, "" }, { "\n \n", 9, "" },
    };
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(buf_done) struct buf b = {0};
        str text = str_from(cases[i].in);

        for (str line; (line = irc_take_line(&text, cases[i].most)).len;)
            buf_addf(&b, "%.*s|", STR(line));
        CHECK_STR(buf_str(&b), cases[i].want);
    }
}

TEST(server_time_is_read)
{
    CHECK_INT(irc_time_ms(S("2026-01-01T00:00:00.123Z")), 1767225600123);
    CHECK_INT(irc_time_ms(S("2026-01-01T00:00:00Z")), 1767225600000);
    CHECK_INT(irc_time_ms(S("2026-01-01T00:00:00.123456Z")), 1767225600123);
    CHECK_INT(irc_time_ms(S("2026-01-01 00:00:00")), 0);
    CHECK_INT(irc_time_ms(S("")), 0);
}

TEST(a_word_can_end_no_line_and_begin_no_text)
{
    CHECK(irc_is_word(S("#chan")) && irc_is_word(S("ann")));
    CHECK(!irc_is_word(S("")) && !irc_is_word(S("a b")) && !irc_is_word(S("a\r\nQUIT")) && !irc_is_word(S(":a")) && !irc_is_word(S("a,b")));
}
