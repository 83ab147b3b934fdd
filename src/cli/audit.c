// SPDX-License-Identifier: Apache-2.0
/* audit list | verify | export: who did what.  A running gateway is asked; without one the store is read here. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "cli/local.h"
#include "net/url.h"
#include "store/audit.h"

enum { LIST_ROWS = 50, EXPORT_ROWS = 1000 };

struct reader {
    struct cli  *cli;
    struct local local;
    uint64_t     limit;
};

static str flag_str(const struct cli *c, const char *name)
{
    const char *value = cli_flag(c, name);

    return str_from(value ? value : "");
}

static enum err read_local(struct reader *r, struct arena *a, int64_t after, json_t **out) AWAITS
{
    struct audit_filter f = { .person = flag_str(r->cli, "person"), .event = flag_str(r->cli, "event"), .limit = (int64_t)r->limit };
    struct rows rows;

    TRY(audit_since(flag_str(r->cli, "since"), &f.since));
    TRY(after < 0 ? audit_latest(r->local.store, a, &f, &rows) : audit_page(r->local.store, a, &f, after, &rows));
    *out = audit_rows_json(&rows);
    return OK;
}

static enum err read_remote(struct reader *r, int64_t after, json_t **out) AWAITS
{
    static const char *const filters[] = { "person", "event", "since" };
    CLEANUP(json_decrefp) json_t *answer = NULL;
    CLEANUP(buf_done) struct buf path = {0};

    buf_addf(&path, "/api/v1/admin/audit?limit=%llu", (unsigned long long)r->limit);
    for (size_t i = 0; i < N_ELEMENTS(filters); i++) {
        buf_addf(&path, "&%s=", filters[i]);
        url_add_encoded(&path, flag_str(r->cli, filters[i]));
    }
    if (after >= 0)
        buf_addf(&path, "&after=%lld", (long long)after);
    TRY(remote_call(r->cli, "GET", buf_c(&path), NULL, &answer));
    *out = json_incref(json_at(answer, "rows"));
    return OK;
}

/* after: -1 for the newest, newest first; else the rows behind it, oldest first. */
static enum err read_rows(struct reader *r, int64_t after, json_t **out) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();     /* of one page */

    return r->local.store ? read_local(r, a, after, out) : read_remote(r, after, out);
}

static void reader_close(struct reader *r) AWAITS
{
    local_close(&r->local);
}

/* ---- list ---- */

static void print_word(const json_t *row, const char *before, const char *name, const char *otherwise)
{
    str text = json_text_str(row, name);

    if (text.len == 0)
        text = str_from(otherwise);
    if (text.len) {
        fputs(before, stdout);
        cli_print_text(stdout, text);
    }
}

static void print_row(const json_t *row)
{
    printf("%6lld %.19s", (long long)json_int(row, "id", 0), json_text(row, "at"));
    print_word(row, " ", "person", "-");
    print_word(row, " ", "platform", "-");
    print_word(row, " ", "event", "-");
    print_word(row, " ", "subject", "");
    print_word(row, "  # ", "decision", "");
    putchar('\n');
}

static enum err list_fiber(void *arg) AWAITS
{
    CLEANUP(json_decrefp) json_t *rows = NULL;
    CLEANUP(reader_close) struct reader r = { .cli = arg };
    size_t i;
    json_t *row;

    TRY(cli_number(r.cli, "limit", LIST_ROWS, &r.limit));
    TRY(local_open(r.cli, LOCAL_EXISTING, &r.local));
    TRY(read_rows(&r, -1, &rows));
    if (r.cli->json) {
        cli_print_json(rows);
        return OK;
    }
    json_array_foreach(rows, i, row)
        print_row(row);
    if (json_array_size(rows) == 0)
        puts("no rows");
    return OK;
}

enum err command_audit_list(struct cli *c)
{
    TRY(cli_want_words(c, 0, 0));
    return cli_in_loop(c, list_fiber);
}

/* ---- verify ---- */

static enum err verify_local(struct local *l, str head, json_t **out) AWAITS
{
    struct audit_report report;
    struct audit_head seen;

    if (head.len)
        TRY(audit_head_parse(head, &seen));
    enum err e = audit_verify(l->store, head.len ? &seen : NULL, &report);

    *out = audit_report_json(e, &report);
    return OK;
}

static enum err verify_remote(struct cli *c, str head, json_t **out) AWAITS
{
    CLEANUP(buf_done) struct buf path = {0};

    buf_add(&path, S("/api/v1/admin/audit/verify?head="));
    url_add_encoded(&path, head);
    return remote_call(c, "GET", buf_c(&path), NULL, out);
}

static void print_report(const json_t *report)
{
    printf("the audit log is sound: %lld rows\nhead %s\n", (long long)json_int(report, "rows", 0), json_text(report, "head"));
    if (json_int(report, "clock_back", 0))
        printf("note: at row %lld the clock was set back\n", (long long)json_int(report, "clock_back", 0));
}

static enum err verify_fiber(void *arg) AWAITS
{
    CLEANUP(json_decrefp) json_t *report = NULL;
    CLEANUP(reader_close) struct reader r = { .cli = arg };
    str head = flag_str(r.cli, "head");

    TRY(local_open(r.cli, LOCAL_EXISTING, &r.local));
    TRY(r.local.store ? verify_local(&r.local, head, &report) : verify_remote(r.cli, head, &report));
    if (r.cli->json) {
        cli_print_json(report);
        r.cli->told = true;
    }
    if (!json_flag(report, "sound"))
        return failed(ERR_IO, "%s", json_text(report, "error"));
    if (!r.cli->json)
        print_report(report);
    return OK;
}

enum err command_audit_verify(struct cli *c)
{
    TRY(cli_want_words(c, 0, 0));
    return cli_in_loop(c, verify_fiber);
}

/* ---- export ---- */

/* RFC 4180 */
static void add_csv(struct buf *line, str text)
{
    buf_add_char(line, '"');
    for (size_t i = 0; i < text.len; i++) {
        if (text.p[i] == '"')
            buf_add_char(line, '"');
        buf_add_char(line, text.p[i]);
    }
    buf_add_char(line, '"');
}

static void add_row(struct buf *out, const json_t *row, bool csv)
{
    const char *name;
    json_t *value;

    if (!csv)
        json_print_to(out, row);
    else
        json_object_foreach((json_t *)row, name, value) {
            CLEANUP(buf_done) struct buf text = {0};

            if (json_is_string(value))
                buf_add(&text, json_strval(value));
            else if (!json_is_null(value))
                json_print_to(&text, value);
            if (strcmp(name, "id"))
                buf_add_char(out, ',');
            add_csv(out, buf_str(&text));
        }
    buf_add(out, csv ? S("\r\n") : S("\n"));
}

static enum err write_rows(FILE *to, const json_t *rows, bool csv)
{
    CLEANUP(buf_done) struct buf text = { .max = SIZE_MAX / 2 };
    json_t *row;
    size_t i;

    json_array_foreach((json_t *)rows, i, row)
        add_row(&text, row, csv);
    if (fwrite(buf_c(&text), 1, text.len, to) != text.len)
        return failed(ERR_IO, "the export cannot be written: %s", strerror(errno));
    return OK;
}

/* One page after the other, so that neither we nor the gateway hold more than one. */
static enum err export_to(struct reader *r, FILE *to, bool csv) AWAITS
{
    int64_t after = 0;
    size_t n;

    if (csv)
        fputs("id,at,person,platform,session_id,event,subject,decision,digest,detail,hash\r\n", to);
    do {
        CLEANUP(json_decrefp) json_t *rows = NULL;

        TRY(read_rows(r, after, &rows));
        n = json_array_size(rows);
        TRY(write_rows(to, rows, csv));
        if (n)
            after = json_int(json_array_get(rows, n - 1), "id", 0);
    } while (n == r->limit);
    return OK;
}

static enum err export_file(struct reader *r, const char *path, bool csv) AWAITS
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    FILE *to = fd < 0 ? NULL : fdopen(fd, "w");

    if (to == NULL)
        return failed(ERR_IO, "%s: %s", path, strerror(errno));
    enum err e = export_to(r, to, csv);

    if (e == OK && (fflush(to) || fsync(fd)))
        e = failed(ERR_IO, "%s: %s", path, strerror(errno));
    if (fclose(to) && e == OK)
        e = failed(ERR_IO, "%s: %s", path, strerror(errno));
    return e;
}

static enum err export_fiber(void *arg) AWAITS
{
    CLEANUP(reader_close) struct reader r = { .cli = arg, .limit = EXPORT_ROWS };
    const char *format = cli_flag(r.cli, "format"), *path = cli_flag(r.cli, "out");
    bool csv = format && strcmp(format, "csv") == 0;

    if (format && !csv && strcmp(format, "jsonl"))
        return cli_usage(r.cli, "--format is jsonl or csv, not '%.40s'", format);
    TRY(local_open(r.cli, LOCAL_EXISTING, &r.local));
    return path ? export_file(&r, path, csv) : export_to(&r, stdout, csv);
}

enum err command_audit_export(struct cli *c)
{
    TRY(cli_want_words(c, 0, 0));
    return cli_in_loop(c, export_fiber);
}
