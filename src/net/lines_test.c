// SPDX-License-Identifier: Apache-2.0
#include "net/lines.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/test.h"
#include "net/dial.h"

static void open_pair(struct lines *l, int *ret_other)
{
    int pair[2];

    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    *l = (struct lines){ .io.fd = fd_open(pair[0]) };
    *ret_other = pair[1];
}

static void say(int fd, const char *text)
{
    CHECK_INT(write(fd, text, strlen(text)), strlen(text));
}

static void check_line(struct lines *l, const char *want) AWAITS
{
    str line;

    CHECK_OK(lines_read(l, &line));
    CHECK_STR(line, want);
}

TEST(lines_and_counted_bytes_come_out_as_they_were_sent)
{
    CLEANUP(lines_close) struct lines l;
    CLEANUP(buf_done) struct buf bytes = {0};
    int other;
    str line;

    open_pair(&l, &other);
    say(other, "* OK hello\r\n\r\nbare\n* {4}\r\na\r\nb)\r\nhal");
    check_line(&l, "* OK hello");
    check_line(&l, "");
    check_line(&l, "bare");
    check_line(&l, "* {4}");
    CHECK_OK(lines_read_bytes(&l, 4, &bytes));
    CHECK_STR(buf_str(&bytes), "a\r\nb");
    check_line(&l, ")");
    say(other, "f\r\n");
    check_line(&l, "half");
    close(other);
    CHECK_ERR(lines_read(&l, &line), ERR_NET);
}

TEST(a_line_without_an_end_is_refused)
{
    static char long_line[LINES_MAX + 100];
    CLEANUP(lines_close) struct lines l;
    int other;
    str line;

    open_pair(&l, &other);
    memset(long_line, 'x', sizeof long_line);
    CHECK_INT(write(other, long_line, sizeof long_line), sizeof long_line);
    CHECK_ERR(lines_read(&l, &line), ERR_REMOTE);
    close(other);
}

TEST(words_from_before_tls_are_not_taken_for_words_behind_it)
{
    CLEANUP(lines_close) struct lines l;
    int other;

    open_pair(&l, &other);
    say(other, "220 go ahead\r\n250 injected\r\n");
    check_line(&l, "220 go ahead");
    CHECK_ERR(lines_secure(&l, "mail.example.org"), ERR_REMOTE);
    CHECK(strstr(failed_text(), "before TLS began"));
    close(other);
}

TEST(loopback_is_known_by_its_name)
{
    CHECK(dial_is_loopback("localhost") && dial_is_loopback("127.0.0.1") && dial_is_loopback("::1"));
    CHECK(!dial_is_loopback("mail.example.org") && !dial_is_loopback("10.0.0.1"));
}
