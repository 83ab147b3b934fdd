// SPDX-License-Identifier: Apache-2.0
#include "document/test_host.h"

#include <assert.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/utf8.h"
#include "runtime/offload.h"
#include "runtime/process.h"

/* --- a program --- */

struct piping { struct process *process; struct fd *fd; struct buf *out; str in; };

/* What is not read any more need not be written. */
static enum err write_input(void *arg)
{
    struct piping *p = arg;

    if (fd_write(p->fd, p->in) == ERR_CANCELLED)
        return ERR_CANCELLED;
    process_close_stdin(p->process);
    return OK;
}

static enum err read_output(void *arg)
{
    struct piping *p = arg;
    char piece[4096];
    size_t n;

    do {
        TRY(fd_read(p->fd, piece, sizeof piece, &n));
        buf_add(p->out, str_of(piece, n));
        if (p->out->overflowed)
            process_kill(p->process, SIGKILL);
    } while (n);
    return OK;
}

static enum err run_plainly(void *arg, struct document_conversion *c)
{
    const struct process_spec spec = { .argv = c->argv, .cwd = "/", .stdin_fd = PROCESS_PIPE, .stdout_fd = PROCESS_PIPE, .stderr_fd = PROCESS_PIPE };
    CLEANUP(process_freep) struct process *p = NULL;
    int status;

    (void)arg;
    TRY(process_start(&spec, &p));
    struct piping in = { p, process_stdin(p), NULL, c->input }, out = { p, process_stdout(p), c->output, NO_STR };
    struct piping complaint = { p, process_stderr(p), c->complaint, NO_STR };
    CLEANUP(fibers_done) struct fibers g = {0};

    fibers_spawn(&g, "input", write_input, &in);
    fibers_spawn(&g, "output", read_output, &out);
    fibers_spawn(&g, "complaint", read_output, &complaint);
    TRY(fibers_wait(&g));
    TRY(process_wait(p, &status));
    c->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return OK;
}

static enum err run_nothing(void *arg, struct document_conversion *c)
{
    (void)arg;
    return failed(ERR_NOT_FOUND, "there is no %s", c->argv[0]);
}

const struct document_host test_host = { .convert = run_plainly };
const struct document_host test_host_without_programs = { .convert = run_nothing };

/* --- a document --- */

struct job { struct document *document; struct buf *out; struct document_place before; uint32_t n; };

static void check_section(struct job *j, const struct section *s)
{
    bool same_kind = j->n && j->before.kind == s->place.kind;

    assert(s->text.len && s->text.len <= SECTION_TEXT_MAX && utf8_valid(s->text) && str_find_char(s->text, '\0') == STR_NONE);
    assert(s->heading.p && s->heading.len <= SECTION_HEADING_MAX && utf8_valid(s->heading) && str_find_char(s->heading, '\n') == STR_NONE);
    assert(s->place.number && s->place.last >= s->place.number);
    assert(!same_kind || s->place.kind == PLACE_ROW || s->place.number >= j->before.number);
    for (size_t i = 0; i < s->n_fields; i++)
        assert(s->fields[i].name.len && utf8_valid(s->fields[i].name) && utf8_valid(s->fields[i].value));
    j->before = s->place;
    j->n++;
}

static enum err add_section(void *arg, const struct section *s)
{
    static const char kinds[] = { [SECTION_PROSE] = ' ', [SECTION_CODE] = 'c', [SECTION_ROW] = 'r' };
    struct job *j = arg;

    check_section(j, s);
    document_place_say(j->out, s->place);
    buf_add_char(j->out, kinds[s->kind]);
    buf_add(j->out, s->heading);
    buf_add_char(j->out, '|');
    buf_add(j->out, s->text);
    buf_add_char(j->out, '\n');
    return OK;
}

static enum err read_job(void *arg)
{
    struct job *j = arg;

    return document_read(j->document, add_section, j);
}

enum err test_read_document(struct document *d, struct buf *out)
{
    struct job j = { .document = d, .out = out };

    buf_clear(out);
    TRY(document_prepare(d, &test_host));
    TRY(fiber_offload(read_job, &j));
    assert(j.n == d->n_sections);
    return OK;
}
