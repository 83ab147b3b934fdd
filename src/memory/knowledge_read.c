// SPDX-License-Identifier: Apache-2.0
#include "memory/knowledge_read.h"

#include <errno.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "runtime/offload.h"
#include "store/folder.h"

enum { RACY_NS = 100 * 1000 * 1000, PIECE = 1 << 20 };

/* Errors of document/ begin with the name, which whoever shows them says anyway. */
static void fail(struct reading_job *j, enum err e)
{
    str why = str_from(failed_text());

    if (str_eat(&why, str_from(j->name)))
        str_eat(&why, S(": "));
    j->error = e;
    snprintf(j->why, sizeof j->why, "%.*s", STR(why));
}

static enum err too_large(const struct reading_job *j)
{
    return failed(ERR_LIMIT, "it is larger than %llu bytes (knowledge.max_file_size)", (unsigned long long)j->max_size);
}

static enum err read_all(int fd, struct reading_job *j)
{
    struct buf *b = &j->bytes;

    b->max = j->max_size + 1;
    for (;;) {
        size_t room;
        char *at = buf_room(b, PIECE, &room);
        ssize_t n = room ? read(fd, at, room) : 0;

        if (n < 0 && errno != EINTR)
            return failed(ERR_IO, "it cannot be read: %s", strerror(errno));
        if (n == 0)
            break;
        if (n > 0)
            buf_grown(b, (size_t)n);
    }
    return b->len > j->max_size ? too_large(j) : OK;
}

/* The kernel stamps files by a clock that ticks every few milliseconds: what changes twice within a tick looks the same. */
static bool is_racy(const struct stat *st)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (now.tv_sec - st->st_ctim.tv_sec) * 1000000000LL + now.tv_nsec - st->st_ctim.tv_nsec < RACY_NS;
}

static enum err open_and_read(struct reading_job *j)
{
    CLEANUP(raw_closep) int fd = -1;
    struct stat st;

    TRY(walk_open(j->rules, j->name, &fd));
    if (fstat(fd, &st))
        return failed(ERR_IO, "it cannot be read: %s", strerror(errno));
    j->racy = is_racy(&st);
    return (uint64_t)st.st_size > j->max_size ? too_large(j) : read_all(fd, j);
}

static void write_mark(struct reading_job *j)
{
    CLEANUP(buf_done) struct buf hex = { 0 };
    unsigned char digest[SHA256_DIGEST_LENGTH];

    SHA256((const unsigned char *)buf_str(&j->bytes).p, j->bytes.len, digest);
    buf_add_hex(&hex, str_of(digest, sizeof digest));
    snprintf(j->mark, sizeof j->mark, "%s", buf_c(&hex));
}

void reading_open(struct reading_job *j)
{
    enum err e = j->rules ? open_and_read(j) : OK;

    if (e) {
        fail(j, e);
        buf_done(&j->bytes);
        return;
    }
    j->opened = true;
    write_mark(j);
    j->same = strcmp(j->mark, j->known_mark) == 0;
}

bool reading_must_prepare(const struct reading_job *j)
{
    struct document d = { .name = str_from(j->name), .content_type = j->content_type, .bytes = buf_str(&j->bytes) };

    return j->opened && !j->same && document_kind(&d) == DOCUMENT_PDF;
}

static struct read_passage *add_place(struct reading_job *j)
{
    if (j->n == j->cap) {
        size_t cap = j->cap ? j->cap * 2 : 16;
        struct read_passage *bigger = arena_alloc(j->arena, cap * sizeof *bigger);

        if (j->n)
            memcpy(bigger, j->passages, j->n * sizeof *bigger);
        j->passages = bigger;
        j->cap = cap;
    }
    return &j->passages[j->n++];
}

static enum err on_passage(void *arg, const struct passage *p)
{
    struct reading_job *j = arg;
    struct read_passage *r = add_place(j);

    r->passage = (struct passage){ .kind = p->kind, .title = arena_str(j->arena, p->title), .text = arena_str(j->arena, p->text),
                                   .place = arena_str(j->arena, p->place), .fields = arena_str(j->arena, p->fields) };
    item_hash(&(struct memory_item){ .title = r->passage.title, .text = r->passage.text }, r->hash);
    return OK;
}

struct taking { struct reading_job *job; struct chunker chunker; bool has_prose; };

static enum err on_section(void *arg, const struct section *s)
{
    struct taking *t = arg;

    if (t->job->rows_only && s->kind != SECTION_ROW)
        return failed(ERR_INPUT, "it is no table: rows are read from CSV and JSON");
    return chunk_section(&t->chunker, s);
}

static enum err take_apart(struct reading_job *j, struct document *d)
{
    struct taking t = { .job = j, .chunker = { .name = d->name, .on_passage = on_passage, .arg = j } };
    enum err e = document_read(d, on_section, &t);

    if (e == OK)
        e = chunk_end(&t.chunker);
    chunker_done(&t.chunker);
    return e;
}

/* What was left out is said beside what was read. */
static void say_left_out(struct reading_job *j, const struct document *d)
{
    if (d->n_skipped)
        snprintf(j->why, sizeof j->why, "%u rows could not be read: %s", d->n_skipped, buf_c(&d->problem));
    else if (d->cut)
        snprintf(j->why, sizeof j->why, "only its beginning was read: it is too long");
}

void reading_take_apart(struct reading_job *j, struct document *prepared)
{
    CLEANUP(document_done) struct document own = { .name = str_from(j->name), .content_type = j->content_type,
                                                   .bytes = buf_str(&j->bytes) };
    struct document *d = prepared ? prepared : &own;
    enum err e = take_apart(j, d);

    if (e == OK)
        say_left_out(j, d);
    else {
        fail(j, e);
        j->n = 0;
    }
    buf_done(&j->bytes);
}

/* ---- all of it ---- */

struct prepared { struct reading_job *job; struct document *document; };

static enum err open_it(void *arg)
{
    reading_open(arg);
    return OK;
}

static enum err take_it_apart(void *arg)
{
    struct prepared *p = arg;

    reading_take_apart(p->job, p->document);
    return OK;
}

enum err reading_run(struct reading_job *j, const struct document_host *host)
{
    CLEANUP(document_done) struct document d = { .name = str_from(j->name), .content_type = j->content_type };

    if (!j->opened)
        TRY(fiber_offload(open_it, j));
    if (j->error || j->same)
        return OK;
    d.bytes = buf_str(&j->bytes);
    enum err e = document_prepare(&d, host);

    if (e == ERR_CANCELLED || e == ERR_TIMEOUT)
        return e;
    if (e == OK)
        return fiber_offload(take_it_apart, &(struct prepared){ j, &d });
    fail(j, e);
    buf_done(&j->bytes);
    return OK;
}

void reading_done(struct reading_job *j)
{
    buf_done(&j->bytes);
}
