// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include "tool/terminal.h"

TEST(of_a_terminals_output_what_can_be_read_is_kept_however_it_is_cut)
{
    static const struct { const char *in, *want; } cases[] = {
        { "plain \xc3\xa4\ttext\r\n", "plain \xc3\xa4\ttext\n" },
        { "\033[1;31mred\033[0m \033[38;2;1;2;3mrgb\033[m", "red rgb" },
        { "\033]0;a title\007shown\033]8;;https://x/\033\\link\033]8;;\033\\", "shownlink" },
        { "\033[?2004h$ \033[Kls\r\n\033[?2004l\ra  b\r\n", "$ ls\na  b\n" },
        { "10%\r50%\r100%\r\n", "10%\n50%\n100%\n" },       /* each over the one before */
        { "\033(B\033)0\033=\033>\0337text\033M", "text" },
        { "\033Pq#0\033\\after \033Xsos\033\\\033_apc\033\\end", "after end" },
        { "ab\b \bc\a", "ab c" },
        { "\033[12", "" },
        { "\033\033[1mx", "x" },
        { "\033[1\033[2my", "y" },
        { "\033]open\033[1mz", "z" },
        { "bell\007 del\177", "bell del" },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        str in = str_from(cases[i].in);

        for (size_t cut = 0; cut <= in.len; cut++) {
            CLEANUP(buf_done) struct buf out = { 0 };
            struct terminal_text t = { 0 };

            terminal_text_add(&t, str_take(in, cut), &out);
            terminal_text_add(&t, str_skip(in, cut), &out);
            CHECK_STR(buf_str(&out), cases[i].want);
        }
    }
}

TEST(a_terminal_is_one_and_is_not_ours)
{
    int master, slave;

    CHECK_OK(terminal_open((struct terminal_size){ 80, 24 }, &master, &slave));
    CHECK(isatty(slave));
    CHECK(write(slave, "x", 1) == 1);
    pid_t session;

    CHECK(ioctl(slave, TIOCGSID, &session) == -1);     /* nobody's */
    close(slave);
    close(master);
}
