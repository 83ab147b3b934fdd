// SPDX-License-Identifier: Apache-2.0
#include "store/master_key.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fault.h"
#include "base/random.h"
#include "store/folder.h"

enum { HEX = MASTER_KEY_SIZE * 2, TEXT_MAX = 256 };
enum { KEY_SEARCH = 10, KEY_READ = 11, USER_KEYRING = -4 };     /* linux/keyctl.h */

static const char *const names[] = {
    [MASTER_KEY_NONE] = "nowhere", [MASTER_KEY_ENV] = "$CLAWDBOT_MASTER_KEY",
    [MASTER_KEY_CREDENTIAL] = "systemd's credential clawdbot-master-key",
    [MASTER_KEY_KEYRING] = "the kernel's keyring (user key clawdbot:master)", [MASTER_KEY_FILE] = "the file master.key",
};

const char *master_key_source_name(enum master_key_source s) { return names[s]; }

void master_key_wipe(struct master_key *k)
{
    OPENSSL_cleanse(k, sizeof *k);
}

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static void set_id(struct master_key *k)
{
    static const char what[] = "clawdbot master key id";
    unsigned char text[sizeof what + MASTER_KEY_SIZE], hash[SHA256_DIGEST_LENGTH];
    CLEANUP(buf_done) struct buf hex = { 0 };

    memcpy(text, what, sizeof what);
    memcpy(text + sizeof what, k->bytes, MASTER_KEY_SIZE);
    SHA256(text, sizeof text, hash);
    OPENSSL_cleanse(text, sizeof text);
    buf_add_hex(&hex, str_of(hash, (MASTER_KEY_ID_SIZE - 1) / 2));
    memcpy(k->id, hex.p, MASTER_KEY_ID_SIZE);
}

static enum err parse(str text, enum master_key_source source, struct master_key *out)
{
    struct master_key k = { .source = source };

    text = str_trim(text);
    if (text.len != HEX)
        return failed(ERR_AUTH, "the master key in %s has %zu characters; it is %d hex digits, as `openssl rand -hex %d` prints them",
                      names[source], text.len, HEX, MASTER_KEY_SIZE);
    for (size_t i = 0; i < MASTER_KEY_SIZE; i++) {
        int high = digit(text.p[2 * i]), low = digit(text.p[2 * i + 1]);

        if (high < 0 || low < 0)
            return failed(ERR_AUTH, "the master key in %s is not made of hex digits", names[source]);
        k.bytes[i] = (unsigned char)(high << 4 | low);
    }
    set_id(&k);
    *out = k;
    OPENSSL_cleanse(&k, sizeof k);
    return OK;
}

/* ERR_NOT_FOUND: there is no such file.  Whoever else can read it has our secrets. */
static enum err read_file(const char *path, enum master_key_source source, struct master_key *out)
{
    CLEANUP(raw_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    char text[TEXT_MAX];
    struct stat st;

    if (fd < 0)
        return failed(errno == ENOENT ? ERR_NOT_FOUND : ERR_AUTH, "%s: %s", path, strerror(errno));
    if (fstat(fd, &st) == 0 && source == MASTER_KEY_FILE && (st.st_mode & 077))
        return failed(ERR_AUTH, "%s can be read by others: chmod 600 it, and if anybody may have seen it, rotate the key", path);
    ssize_t n = read(fd, text, sizeof text);

    if (n < 0)
        return failed(ERR_AUTH, "%s: %s", path, strerror(errno));
    enum err e = parse(str_of(text, (size_t)n), source, out);

    OPENSSL_cleanse(text, sizeof text);
    return e ? failed_in(e, "%s: ", path) : OK;
}

static enum err from_env(struct master_key *out)
{
    const char *text = getenv("CLAWDBOT_MASTER_KEY");

    return text && *text ? parse(str_from(text), MASTER_KEY_ENV, out) : OK;
}

static enum err from_credential(struct master_key *out)
{
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    char path[PATH_MAX];

    if (!folder || (size_t)snprintf(path, sizeof path, "%s/clawdbot-master-key", folder) >= sizeof path)
        return OK;
    enum err e = read_file(path, MASTER_KEY_CREDENTIAL, out);

    return e == ERR_NOT_FOUND ? OK : e;
}

static enum err from_keyring(struct master_key *out)
{
    char text[TEXT_MAX];
    long id = syscall(SYS_keyctl, KEY_SEARCH, USER_KEYRING, "user", "clawdbot:master", 0), n;

    if (id < 0)
        return OK;              /* there is none, or no keyring here */
    n = syscall(SYS_keyctl, KEY_READ, id, text, sizeof text);
    if (n < 0 || (size_t)n > sizeof text)
        return failed(ERR_AUTH, "the user key clawdbot:master cannot be read: %s", n < 0 ? strerror(errno) : "it is too long");
    enum err e = parse(str_of(text, (size_t)n), MASTER_KEY_KEYRING, out);

    OPENSSL_cleanse(text, sizeof text);
    return e;
}

static bool file_of(const char *home, const char *name, char path[PATH_MAX])
{
    return snprintf(path, PATH_MAX, "%s/%s", home, name) < PATH_MAX;
}

static enum err from_file(const char *home, const char *name, struct master_key *out)
{
    char path[PATH_MAX];

    if (!file_of(home, name, path))
        return failed(ERR_AUTH, "%s: the path is too long", home);
    enum err e = read_file(path, MASTER_KEY_FILE, out);

    return e == ERR_NOT_FOUND ? OK : e;
}

enum err master_key_find(const char *home, struct master_key *out)
{
    struct master_key k = { MASTER_KEY_NONE };

    TRY(from_env(&k));
    if (k.source == MASTER_KEY_NONE)
        TRY(from_credential(&k));
    if (k.source == MASTER_KEY_NONE)
        TRY(from_keyring(&k));
    if (k.source == MASTER_KEY_NONE)
        TRY(from_file(home, "master.key", &k));
    *out = k;
    master_key_wipe(&k);
    return OK;
}

enum err master_key_find_new(const char *home, struct master_key *out)
{
    struct master_key k = { MASTER_KEY_NONE };

    TRY(from_file(home, "master.key.new", &k));
    *out = k;
    master_key_wipe(&k);
    return OK;
}

/* Whole or not there: half a key would keep every later start from the secrets.  What a kill leaves is path.part, which the next writer
 * writes over. */
static enum err write_file(const char *path, str text)
{
    char part[PATH_MAX];

    if (snprintf(part, sizeof part, "%s.part", path) >= PATH_MAX)
        return failed(ERR_IO, "%s: the path is too long", path);
    CLEANUP(raw_closep) int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

    (void)FAULT(secrets_key_begun);
    if (fd < 0 || fchmod(fd, 0600) != 0 || write(fd, text.p, text.len) != (ssize_t)text.len || fsync(fd) != 0 || rename(part, path) != 0)
        return failed(ERR_IO, "%s: %s", part, strerror(errno));
    return folder_sync_of(path);
}

enum err master_key_make_new(const char *home, struct master_key *out)
{
    struct master_key k = { .source = MASTER_KEY_FILE };
    CLEANUP(buf_done) struct buf hex = { 0 };
    char path[PATH_MAX];

    if (!file_of(home, "master.key.new", path))
        return failed(ERR_IO, "%s: the path is too long", home);
    random_bytes(k.bytes, sizeof k.bytes);
    set_id(&k);
    buf_add_hex(&hex, str_of(k.bytes, sizeof k.bytes));
    buf_add_char(&hex, '\n');
    enum err e = write_file(path, buf_str(&hex));

    OPENSSL_cleanse(hex.p, hex.len);
    if (e == OK)
        *out = k;
    master_key_wipe(&k);
    return e;
}

enum err master_key_take_new(const char *home)
{
    char from[PATH_MAX], to[PATH_MAX];

    if (!file_of(home, "master.key.new", from) || !file_of(home, "master.key", to) || rename(from, to) != 0)
        return failed(ERR_IO, "%s/master.key: %s", home, strerror(errno));
    return folder_sync_of(to);
}

void master_key_drop_new(const char *home)
{
    char path[PATH_MAX];

    if (file_of(home, "master.key.new", path))
        unlink(path);
}
