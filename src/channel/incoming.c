// SPDX-License-Identifier: Apache-2.0
#include "channel/incoming.h"

#include "channel/chats.h"
#include "channel/platform_api.h"
#include "config/config.h"
#include "runtime/fiber.h"

enum { FILE_TIMEOUT_MS = 120 * 1000, FILE_REDIRECTS_MAX = 3 };

static const struct { const char *type, *name, *mime; } kinds[] = {
    { "image", "photo.jpg", "image/jpeg" }, { "audio", "voice.ogg", "audio/ogg" }, { "video", "video.mp4", "video/mp4" },
    { "file", "document", "application/octet-stream" },
};

/* What the platform did not tell. */
static void name_it(struct incoming_file *f)
{
    size_t k = 0;

    while (k + 1 < N_ELEMENTS(kinds) && !str_eq(str_from(f->type), str_from(kinds[k].type)))
        k++;
    if (!f->name.len)
        f->name = str_from(kinds[k].name);
    if (!f->mime.len)
        f->mime = str_from(kinds[k].mime);
}

static enum err fetch(const struct channel_host *host, struct arena *scratch, struct incoming_file *f, incoming_locate locate) AWAITS
{
    CLEANUP(deadline_clear) struct deadline limit = {0};
    struct http_response answer;

    deadline_set(&limit, FILE_TIMEOUT_MS);
    if (!f->request.url && locate)
        TRY(locate(host, scratch, f));
    if (f->bytes.p)
        return OK;
    if (!f->request.url)
        return failed(ERR_NOT_FOUND, "the platform does not say where it is");
    f->request.max_body = config_now()->blobs_max_size;
    f->request.max_redirects = FILE_REDIRECTS_MAX;
    TRY(channel_fetch(scratch, &f->request, &answer, NULL));
    TRY(platform_error(host->channel->title, answer.status, S("")));
    f->bytes = answer.body;
    return OK;
}

static enum err take_one(const struct channel_host *host, struct arena *a, struct incoming_file *f, incoming_locate locate,
                         struct attachment *out) AWAITS
{
    CLEANUP(arena_freep) struct arena *scratch = arena_new();
    uint64_t cap = config_now()->blobs_max_size;

    if (f->size > 0 && (uint64_t)f->size > cap)
        return failed(ERR_LIMIT, "it is too large (blobs.max_size)");
    if (!f->bytes.p)
        TRY(fetch(host, scratch, f, locate));
    if (f->bytes.len > cap)
        return failed(ERR_LIMIT, "it is too large (blobs.max_size)");
    name_it(f);
    *out = (struct attachment){ .type = str_from(f->type), .url = S(""), .name = arena_str(a, f->name), .mime = arena_str(a, f->mime),
                                .size = (int64_t)f->bytes.len };
    TRY(host->keep_file(host, a, f->bytes, f->name, f->mime, &out->blob));
    return OK;
}

enum err incoming_files(const struct channel_host *host, struct arena *a, struct message *m, struct incoming_file *files, size_t n,
                        incoming_locate locate)
{
    CLEANUP(buf_done) struct buf text = {0};
    struct attachment *kept = arena_alloc(a, (n + 1) * sizeof *kept);

    m->n_attachments = 0;
    if (n == 0 || !chats_wants(m) || (host->knows && !host->knows(host, m->user_id)))
        return OK;
    buf_add(&text, m->text);
    for (size_t i = 0; i < n; i++) {
        enum err e = take_one(host, a, &files[i], locate, &kept[m->n_attachments]);

        if (e == ERR_CANCELLED || e == ERR_IO)      /* our disk: better to be sent it again */
            return e;
        name_it(&files[i]);
        if (e == OK)
            m->n_attachments++;
        else
            buf_addf(&text, "%s[The file %.*s %s: %s]", text.len ? "\n" : "", STR(files[i].name),
                     e == ERR_AUTH && files[i].bytes.p ? "was not taken" : "could not be fetched", failed_text());
    }
    m->text = arena_str(a, buf_str(&text));
    m->attachments = kept;
    return OK;
}
