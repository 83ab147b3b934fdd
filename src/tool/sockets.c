// SPDX-License-Identifier: Apache-2.0
#include "tool/sockets.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LISTENERS_MAX = 5000, STATE_LISTENS = 0x0A, STATE_UNCONNECTED = 0x07 };

static bool read_hex(str text, uint32_t *out)
{
    uint32_t n = 0;

    for (size_t i = 0; i < text.len; i++) {
        const char *digits = "0123456789ABCDEF", *at = text.p[i] ? strchr(digits, text.p[i]) : NULL;

        if (at == NULL)
            return false;
        n = n << 4 | (uint32_t)(at - digits);
    }
    *out = n;
    return text.len > 0 && text.len <= 8;
}

/* "0100007F:1F90": words of the address in the machine's byte order, each as a number; the port as a number. */
static bool take_address(struct arena *a, str text, struct listener *out)
{
    size_t colon = str_find_char(text, ':'), n = colon / 8;
    char name[INET6_ADDRSTRLEN];
    uint32_t words[4], port;

    if (colon == STR_NONE || (colon != 8 && colon != 32) || !read_hex(str_skip(text, colon + 1), &port))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!read_hex(str_cut(text, i * 8, i * 8 + 8), &words[i]))
            return false;
    inet_ntop(n == 1 ? AF_INET : AF_INET6, words, name, sizeof name);
    out->address = arena_str(a, str_from(name));
    out->port = port;
    return true;
}

/* "sl local remote state queues timer retransmits uid timeout inode ..." */
static bool take_line(struct arena *a, const char *protocol, str line, struct listener *out)
{
    str words[10];
    uint32_t state;
    uint64_t uid, inode;

    for (size_t i = 0; i < N_ELEMENTS(words); i++)
        words[i] = machine_word(&line);
    if (!read_hex(words[3], &state) || state != (protocol[0] == 't' ? STATE_LISTENS : STATE_UNCONNECTED))
        return false;
    if (str_u64(words[7], &uid) || str_u64(words[9], &inode) || !take_address(a, words[1], out))
        return false;
    out->protocol = protocol;
    out->uid = (unsigned)uid;
    out->inode = inode;
    return true;
}

void listeners_parse(struct arena *a, const char *protocol, str text, struct listeners *out)
{
    for (str line; str_split(&text, '\n', &line) && out->n < LISTENERS_MAX; ) {
        struct listener one = { 0 };

        if (!take_line(a, protocol, line, &one))
            continue;
        if (out->items == NULL)
            out->items = arena_alloc(a, LISTENERS_MAX * sizeof *out->items);
        out->items[out->n++] = one;
    }
}

/* ---- whose they are ---- */

static int by_inode(const void *a, const void *b)
{
    const struct listener *x = a, *y = b;

    return x->inode < y->inode ? -1 : x->inode > y->inode;
}

static int by_port(const void *a, const void *b)
{
    const struct listener *x = a, *y = b;
    int protocols = strcmp(x->protocol, y->protocol);

    return x->port != y->port ? (x->port < y->port ? -1 : 1) : protocols ? protocols : str_cmp(x->address, y->address);
}

static void close_dir(DIR **d)
{
    if (*d)
        closedir(*d);
}

/* "socket:[12345]" */
static bool is_socket(str target, uint64_t *ret_inode)
{
    return str_eat(&target, S("socket:[")) && target.len && str_u64(str_take(target, target.len - 1), ret_inode) == OK;
}

static void look_at_process(const char *proc, const char *pid, struct listeners *l)
{
    char path[300], target[64];
    ssize_t n;

    snprintf(path, sizeof path, "%s/%s/fd", proc, pid);
    CLEANUP(close_dir) DIR *d = opendir(path);

    for (const struct dirent *e; d && (e = readdir(d)) != NULL; ) {
        struct listener key, *found;

        if ((n = readlinkat(dirfd(d), e->d_name, target, sizeof target)) <= 0 || !is_socket(str_of(target, (size_t)n), &key.inode))
            continue;
        found = bsearch(&key, l->items, l->n, sizeof key, by_inode);
        if (found && found->pid == 0)
            found->pid = (int64_t)strtoll(pid, NULL, 10);      /* LINT: the kernel's */
    }
}

static enum err find_owners(const char *proc, struct listeners *l)
{
    CLEANUP(close_dir) DIR *d = opendir(proc);

    if (d == NULL)
        return failed(ERR_IO, "%s: %s", proc, strerror(errno));
    qsort(l->items, l->n, sizeof *l->items, by_inode);
    for (const struct dirent *e; (e = readdir(d)) != NULL; )
        if (e->d_name[0] >= '1' && e->d_name[0] <= '9')
            look_at_process(proc, e->d_name, l);
    return OK;
}

enum err listeners_read(struct arena *a, const char *proc, struct listeners *out)
{
    static const char *const protocols[] = { "tcp", "tcp6", "udp", "udp6" };
    struct listeners l = { 0 };
    str text;

    TRY(machine_read_file(a, proc, "net/tcp", &text));
    listeners_parse(a, "tcp", text, &l);
    for (size_t i = 1; i < N_ELEMENTS(protocols); i++)
        if (machine_read_file(a, proc, arena_printf(a, "net/%s", protocols[i]), &text) == OK)     /* no IPv6, no file */
            listeners_parse(a, protocols[i], text, &l);
    if (l.n) {
        TRY(find_owners(proc, &l));
        qsort(l.items, l.n, sizeof *l.items, by_port);
    }
    *out = l;
    return OK;
}
