// SPDX-License-Identifier: Apache-2.0
/* memory export | import: JSON Lines, a page at a time in both directions. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cli/remote.h"
#include "net/url.h"

enum { PAGE = 200, PAGE_BYTES = 1 << 20, LINE_MAX_BYTES = 1 << 20 };

static void close_file(FILE **f)
{
    if (*f && *f != stdout && *f != stdin)
        fclose(*f);
}

static enum err open_file(const char *path, const char *mode, FILE *otherwise, FILE **out)
{
    *out = path && *path ? fopen(path, mode) : otherwise;
    return *out ? OK : failed(ERR_IO, "cannot open %s: %s", path, strerror(errno));
}

/* ---- export ---- */

static enum err print_page(struct cli *c, FILE *into, json_int_t *before) AWAITS
{
    CLEANUP(json_decrefp) json_t *answer = NULL;
    CLEANUP(buf_done) struct buf path = { 0 };
    const char *scope = cli_flag(c, "scope");
    const json_t *item;
    size_t i;

    buf_addf(&path, "/api/v1/memory?limit=%d&before=%lld&%s=", PAGE, (long long)*before, scope ? "scope" : "all");
    url_add_encoded(&path, str_from(scope ? scope : "1"));
    *before = 0;
    TRY(remote_call(c, "GET", buf_c(&path), NULL, &answer));
    json_array_foreach(json_at(answer, "items"), i, item) {
        if (json_dumpf(item, into, JSON_COMPACT) || fputc('\n', into) == EOF)
            return failed(ERR_IO, "cannot write: %s", strerror(errno));
        *before = i + 1 == PAGE ? (json_int_t)json_int(item, "id", 0) : 0;
    }
    return OK;
}

static enum err export_to(struct cli *c, FILE *into) AWAITS
{
    CLEANUP(buf_done) struct buf path = { 0 };
    const char *user = cli_flag(c, "user");
    json_int_t before = 0;

    if (user && cli_flag(c, "scope"))
        return cli_usage(c, "--user and --scope: one of the two");
    if (user) {
        buf_addf(&path, "/api/v1/memory/export/");
        url_add_encoded(&path, str_from(user));
        TRY(remote_copy(c, buf_c(&path), into));
        return fflush(into) ? failed(ERR_IO, "cannot write: %s", strerror(errno)) : OK;
    }
    do
        TRY(print_page(c, into, &before));
    while (before);
    return fflush(into) ? failed(ERR_IO, "cannot write: %s", strerror(errno)) : OK;
}

static enum err export_fiber(void *arg) AWAITS
{
    CLEANUP(close_file) FILE *into = NULL;
    struct cli *c = arg;

    TRY(open_file(cli_flag(c, "out"), "we", stdout, &into));
    return export_to(c, into);
}

enum err command_memory_export(struct cli *c)
{
    TRY(cli_want_words(c, 0, 0));
    return cli_in_loop(c, export_fiber);
}

/* ---- import ---- */

struct import {
    struct cli *cli;
    json_t     *page, *errors;
    size_t      bytes;
    json_int_t  saved;
    long long   line;
};

static void import_done(struct import *in)
{
    json_decref(in->page);
    json_decref(in->errors);
}

static enum err send_page(struct import *in) AWAITS
{
    CLEANUP(json_decrefp) json_t *body = NULL, *answer = NULL;
    const char *scope = cli_flag(in->cli, "scope");

    if (json_array_size(in->page) == 0)
        return OK;
    body = json_pack("{s:O}", "items", in->page);
    if (scope)
        json_object_set_new(body, "scope", json_from_str(str_from(scope)));
    TRY(remote_call(in->cli, "POST", "/api/v1/memory/import", body, &answer));
    in->saved += json_int(answer, "saved", 0);
    json_array_extend(in->errors, json_at(answer, "errors"));
    json_array_clear(in->page);
    in->bytes = 0;
    return OK;
}

static void note_error(struct import *in, const char *why)
{
    json_array_append_new(in->errors, json_pack("{s:I, s:o}", "line", (json_int_t)in->line, "error", json_from_str(str_from(why))));
}

static enum err take_line(struct import *in, str line) AWAITS
{
    json_t *item;

    in->line++;
    line = str_trim(line);
    if (line.len == 0)
        return OK;
    if (line.len > LINE_MAX_BYTES) {
        note_error(in, "the line is longer than a memory can be");
        return OK;
    }
    if (json_parse(line, &item)) {
        note_error(in, failed_text());
        return OK;
    }
    json_array_append_new(in->page, json_pack("{s:I, s:o}", "line", (json_int_t)in->line, "item", item));
    in->bytes += line.len;
    return json_array_size(in->page) >= PAGE || in->bytes >= PAGE_BYTES ? send_page(in) : OK;
}

static void free_line(char **line)
{
    free(*line);
}

static enum err take_lines(struct import *in, FILE *from) AWAITS
{
    CLEANUP(free_line) char *line = NULL;
    size_t room = 0;
    ssize_t n;

    while ((n = getline(&line, &room, from)) >= 0)
        TRY(take_line(in, str_of(line, (size_t)n)));
    if (ferror(from))
        return failed(ERR_IO, "cannot read: %s", strerror(errno));
    return send_page(in);
}

static void print_errors(const struct import *in)
{
    const json_t *e;
    size_t i;

    json_array_foreach(in->errors, i, e) {
        fprintf(stderr, "line %lld: ", (long long)json_int(e, "line", 0));
        cli_print_text(stderr, json_text_str(e, "error"));
        fputc('\n', stderr);
    }
}

static enum err say_imported(struct import *in)
{
    size_t n = json_array_size(in->errors);

    if (in->cli->json) {
        CLEANUP(json_decrefp) json_t *j = json_pack("{s:I, s:O}", "saved", in->saved, "errors", in->errors);

        cli_print_json(j);
    } else {
        print_errors(in);
        printf("%lld memories taken in, %zu lines left out\n", (long long)in->saved, n);
    }
    if (n == 0)
        return OK;
    in->cli->told = true;
    return failed(ERR_INPUT, "%zu lines were not taken", n);
}

static enum err import_fiber(void *arg) AWAITS
{
    CLEANUP(import_done) struct import in = { .cli = arg, .page = json_array(), .errors = json_array() };
    CLEANUP(close_file) FILE *from = NULL;

    TRY(open_file(in.cli->n_words ? in.cli->words[0] : NULL, "re", stdin, &from));
    TRY(take_lines(&in, from));
    return say_imported(&in);
}

enum err command_memory_import(struct cli *c)
{
    TRY(cli_want_words(c, 0, 1));
    return cli_in_loop(c, import_fiber);
}
