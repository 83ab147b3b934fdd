// SPDX-License-Identifier: Apache-2.0
/* read_file.c: shows a text file a page at a time.  A page is whole lines, but for a line that is longer than a page;
 * what goes on is told with the argument that continues it. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "tool/file_job.h"

enum { PAGE = 64 << 10, DEFAULT_LINES = 2000, LOOK_AT = 8 << 10 };

struct page {
    struct file_job *job;
    int              fd;
    int64_t          size, at;      /* of the file; of the page's first byte */
    int64_t          first, lines;  /* number of its first line (0: not known), and how many are asked for */
    char            *bytes;         /* room for PAGE of them */
    str              text;
};

static enum err read_at(const struct page *p, int64_t at, str *out)
{
    size_t n = 0;

    while (n < PAGE) {
        ssize_t got = pread(p->fd, p->bytes + n, PAGE - n, at + (int64_t)n);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return failed(ERR_IO, "%s: %s", p->job->path, strerror(errno));
        if (got == 0)
            break;
        n += (size_t)got;
    }
    *out = str_of(p->bytes, n);
    return OK;
}

/* Finds where line p->first begins. */
static enum err skip_lines(struct page *p)
{
    int64_t line = 1;
    str piece;

    while (line < p->first && p->at < p->size) {
        size_t used = 0;

        TRY(read_at(p, p->at, &piece));
        if (piece.len == 0)
            break;
        while (line < p->first && used < piece.len) {
            const char *end = memchr(piece.p + used, '\n', piece.len - used);

            used = end ? (size_t)(end - piece.p) + 1 : piece.len;
            line += end != NULL;
        }
        p->at += (int64_t)used;
    }
    if (p->first > 1 && (line < p->first || p->at >= p->size))
        return failed(ERR_INPUT, "%s: ends before line %" PRId64, p->job->path, p->first);
    return OK;
}

static str cut_lines(str text, int64_t lines)
{
    size_t end = 0;

    while (lines-- > 0 && end < text.len) {
        size_t next = str_find_char(str_skip(text, end), '\n');

        end = next == STR_NONE ? text.len : end + next + 1;
    }
    return str_take(text, end);
}

/* Ends the page where a line ends, or, when none does, where a character does. */
static str cut_page(const struct page *p, str text)
{
    size_t end = text.len;

    text = cut_lines(text, p->lines);
    if (text.len < end || p->at + (int64_t)end >= p->size)
        return text;
    while (end && text.p[end - 1] != '\n')
        end--;
    return end ? str_take(text, end) : utf8_take(text, text.len - 4);
}

static enum err check_text(const struct page *p, str text)
{
    char head[LOOK_AT];
    ssize_t n = pread(p->fd, head, sizeof head, 0);

    if (memchr(text.p, '\0', text.len) || (n > 0 && memchr(head, '\0', (size_t)n)))
        return file_job_binary(p->job, p->size);
    return OK;
}

static int64_t count_lines(str text)
{
    int64_t n = text.len && text.p[text.len - 1] != '\n';

    for (size_t i = 0; i < text.len; i++)
        n += text.p[i] == '\n';
    return n;
}

static void add_note(const struct page *p, struct buf *out)
{
    int64_t next = p->at + (int64_t)p->text.len, last = p->first + count_lines(p->text) - 1;
    bool whole = p->text.len && p->text.p[p->text.len - 1] == '\n';

    if (!utf8_valid(p->text))
        buf_add(out, S("\n[not all of it is UTF-8: \xef\xbf\xbd stands for what is not]"));
    if (p->size == 0)
        buf_add(out, S("[the file is empty]"));
    else if (next < p->size && p->first && whole)
        buf_addf(out, "[lines %" PRId64 " to %" PRId64 "; it goes on: offset=%" PRId64 "]", p->first, last, last + 1);
    else if (next < p->size)
        buf_addf(out, "\n[bytes %" PRId64 " to %" PRId64 " of %" PRId64 "; it goes on: byte_offset=%" PRId64 "]",
                 p->at, next - 1, p->size, next);
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static enum err read_page(struct file_job *job)
{
    CLEANUP(close_fd) int fd = -1;
    CLEANUP(mem_freep) char *bytes = mem_alloc(PAGE);
    struct stat st;
    str text;

    TRY(workspace_open_file(&job->workspace, job->path, &fd, &st));
    struct page p = {
        .job = job, .fd = fd, .size = st.st_size, .bytes = bytes, .at = json_int(job->arguments, "byte_offset", 0),
        .first = json_int(job->arguments, "offset", 1), .lines = json_int(job->arguments, "limit", DEFAULT_LINES),
    };

    if (p.at > 0)
        p.first = 0;
    if (p.at > p.size)
        return failed(ERR_INPUT, "%s: has only %" PRId64 " bytes", job->path, p.size);
    TRY(skip_lines(&p));
    TRY(read_at(&p, p.at, &text));
    p.text = cut_page(&p, text);
    TRY(check_text(&p, p.text));
    utf8_add_repaired(&job->text, p.text);
    add_note(&p, &job->text);
    return OK;
}

static enum err read_file_run(const struct tool_context *cx, const json_t *arguments, struct tool_result *out) AWAITS
{
    return file_job_run(cx, arguments, read_page, out);
}

const struct tool tool_read_file = {
    .name = "read_file",
    .description = "Reads a text file of the workspace, a page at a time; the end of a page says how to read on.",
    .schema = "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"path\"],\"properties\":{"
              "\"path\":{\"type\":\"string\",\"description\":\"Path of the file, relative to the workspace\"},"
              "\"offset\":{\"type\":\"integer\",\"minimum\":1,\"description\":\"First line to read, from 1\"},"
              "\"limit\":{\"type\":\"integer\",\"minimum\":1,\"description\":\"Most lines to read; 2000 if absent\"},"
              "\"byte_offset\":{\"type\":\"integer\",\"minimum\":0,"
              "\"description\":\"First byte to read, instead of offset: for very long lines\"}}}",
    .risk = RISK_READ, .reads = READS_PATH, .repeatable = true, .run = read_file_run,
};
