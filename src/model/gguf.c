// SPDX-License-Identifier: Apache-2.0
#include "model/gguf.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"

enum { FILES_MAX = 1000, LISTED_MAX = 12 };

#define HOW_TO_GET "models in this form: https://huggingface.co/models?library=gguf"

static bool is_gguf(str name)
{
    return name.len > strlen(".gguf") && str_eq_nocase(str_skip(name, name.len - strlen(".gguf")), S(".gguf"));
}

static bool is_projector(const char *name)
{
    return strcasestr(name, "mmproj") != NULL;
}

/* "-00002-of-00003.gguf": not a model by itself. */
static bool is_later_part(str name)
{
    size_t n = strlen("-00002-of-00003.gguf");
    str end = str_skip(name, name.len > n ? name.len - n : name.len);

    return end.len == n && str_eq(str_cut(end, 6, 10), S("-of-")) && !str_starts(end, S("-00001"));
}

/* "Q4_K" is not meant by "Q4_K_M": the quantisation ends with the name, or before a '.' or '-'. */
static bool has_quant(const char *name, const char *quant)
{
    size_t n = strlen(quant);

    for (const char *at = name; (at = strcasestr(at, quant)); at++)
        if (n == 0 || ((at[n] == '\0' || at[n] == '.' || at[n] == '-') && (at == name || strchr("-._", at[-1]))))
            return true;
    return false;
}

static const char *base_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

const char *gguf_name(struct arena *a, const char *file)
{
    str name = str_from(base_of(file));

    if (is_gguf(name))
        name.len -= strlen(".gguf");
    if (name.len > strlen("-00001-of-00003") && str_eq(str_cut(name, name.len - 9, name.len - 5), S("-of-")))
        name.len -= strlen("-00001-of-00003");
    return arena_c(a, name);
}

static enum err check_magic(const char *file)
{
    char magic[4] = "";
    int fd = open(file, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return failed(errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "model.path %s: %s", file, strerror(errno));
    ssize_t n = read(fd, magic, sizeof magic);

    close(fd);
    if (n == sizeof magic && memcmp(magic, "GGUF", sizeof magic) == 0)
        return OK;
    return failed(ERR_INPUT, "model.path %s is no GGUF file (it does not begin with \"GGUF\"; "
                  "a download that was cut short, or a web page?); " HOW_TO_GET, file);
}

/* ---- a folder ---- */

struct folder { const char *path; const char *names[FILES_MAX]; size_t n; };

static enum err read_folder(struct arena *a, const char *path, struct folder *out)
{
    DIR *d = opendir(path);

    *out = (struct folder){ .path = path };
    if (d == NULL)
        return failed(ERR_IO, "model.path %s: %s", path, strerror(errno));
    for (struct dirent *e; (e = readdir(d)) && out->n < FILES_MAX; )
        if (is_gguf(str_from(e->d_name)) && !is_later_part(str_from(e->d_name)))
            out->names[out->n++] = arena_c(a, str_from(e->d_name));
    closedir(d);
    return OK;
}

/* "Qwen2.5-VL-7B-Instruct" of "Qwen2.5-VL-7B-Instruct-Q4_K_M": files of one model begin alike. */
static str stem_of(str name)
{
    size_t n = name.len;

    while (n && !strchr("-.", name.p[n - 1]))
        n--;
    return n ? str_take(name, n - 1) : name;
}

/* Where other models lie beside it nobody knows whose it is: it can be named in model.arguments then. */
static const char *projector_of(struct arena *a, const struct folder *f, const char *name)
{
    const char *found = NULL;

    for (size_t i = 0; i < f->n; i++) {
        bool eyes = is_projector(f->names[i]);

        if (eyes ? found != NULL : !str_starts(str_from(f->names[i]), stem_of(str_from(name))))
            return NULL;
        if (eyes)
            found = arena_printf(a, "%s/%s", f->path, f->names[i]);
    }
    return found;
}

static void add_names(struct buf *b, const struct folder *f)
{
    size_t n = 0;

    for (size_t i = 0; i < f->n; i++)
        if (!is_projector(f->names[i]) && n++ < LISTED_MAX)
            buf_addf(b, "%s%s", b->len ? ", " : "", f->names[i]);
    if (n > LISTED_MAX)
        buf_addf(b, " and %zu more", n - LISTED_MAX);
}

static enum err refuse(const struct folder *f, const char *quant, size_t n_fit)
{
    CLEANUP(buf_done) struct buf names = { .max = 400 };

    add_names(&names, f);
    if (names.len == 0)
        return failed(ERR_NOT_FOUND, "there is no .gguf file in the folder model.path %s; " HOW_TO_GET, f->path);
    if (n_fit == 0)
        return failed(ERR_NOT_FOUND, "no file in %s is of model.quant %s: there are %s", f->path, quant, buf_c(&names));
    return failed(ERR_INPUT, "%zu files in %s fit: set model.quant, or model.path to one of %s", n_fit, f->path, buf_c(&names));
}

static enum err choose(struct arena *a, const struct folder *f, const char *quant, const char **out)
{
    size_t n = 0;

    for (size_t i = 0; i < f->n; i++)
        if (!is_projector(f->names[i]) && has_quant(f->names[i], quant)) {
            *out = arena_printf(a, "%s/%s", f->path, f->names[i]);
            n++;
        }
    return n == 1 ? OK : refuse(f, quant, n);
}

enum err gguf_find(struct arena *a, const char *path, const char *quant, struct gguf *out)
{
    struct folder *f = ARENA_NEW(a, struct folder);
    const char *file = arena_c(a, str_from(path));
    struct stat st;

    if (stat(path, &st))
        return failed(errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "model.path %s: %s; " HOW_TO_GET, path, strerror(errno));
    if (S_ISDIR(st.st_mode)) {
        TRY(read_folder(a, file, f));
        TRY(choose(a, f, quant, &file));
    } else {
        const char *slash = strrchr(file, '/');

        if (!is_gguf(str_from(base_of(file))))
            return failed(ERR_INPUT, "model.path %s is neither a folder nor a .gguf file; " HOW_TO_GET, path);
        if (!has_quant(base_of(file), quant))
            return failed(ERR_INPUT, "model.path %s is not of model.quant %s by its name: leave model.quant out, or name the right file",
                          path, quant);
        TRY(read_folder(a, slash ? arena_c(a, str_of(file, (size_t)(slash - file))) : ".", f));
    }
    TRY(check_magic(file));
    *out = (struct gguf){ .file = file, .name = gguf_name(a, file) };
    out->projector = projector_of(a, f, out->name);
    return OK;
}
