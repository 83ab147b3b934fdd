// SPDX-License-Identifier: Apache-2.0
/* knowledge.h: folders, files, web pages and tables that are read in and kept up to date as named collections of items.
 *
 * A collection is in one scope and is a partition of it (memory.h).  A sync reads only what changed: a document whose size and time of
 * change are the same is not opened, one whose SHA-256 is the same is not taken apart, and of one that did change only the passages
 * with other words are replaced; the others keep id and vector.  Each document changes in one transaction, its state is in the same
 * database: a crash in the middle costs what was under way, and the next start goes on.  A document that cannot be read has its error
 * in its row, and the rest goes on.
 *
 * Taint: what strangers may have written is marked so for good.  A web page is "web page URL"; a document is "document NAME (knowledge
 * COLLECTION)" unless whoever added the collection said that all in it is their own (trusted); a file of the workspace is what the host
 * says of it. */
#pragma once
#include "bus/bus.h"
#include "document/document.h"
#include "memory/memory.h"

struct knowledge;

/* Over the web, by whoever may: only from public addresses, and so on. */
struct knowledge_fetch {
    struct arena *arena;
    const char   *url;
    str           etag, modified;       /* in: what to ask for again with; "" */
    int           status;               /* out, as all below: 200, or 304 and no body; others are errors */
    str           body, content_type, new_etag, new_modified;
};
struct knowledge_host {
    struct document_host documents;     /* converts PDFs */
    enum err (*fetch)(void *arg, struct knowledge_fetch *) /* AWAITS */;
    /* Whose words a file of a workspace holds, by its path there; "": nobody else's. */
    str      (*taint_of)(void *arg, struct arena *, const char *path);
    /* May this folder or file (an absolute path without links) be read in?  NULL: any may. */
    bool     (*may_read)(void *arg, const char *path);
    void      *arg;
};

struct knowledge_options {
    struct memory *memory;
    struct bus    *bus;                 /* topic "knowledge", event "progress": knowledge_progress_json(); NULL: nobody is told */
    const char    *private_folder;      /* never walked into, wherever it lies: the gateway's own home; "" */
    struct knowledge_host host;
};

/* Settings (knowledge.*) are read as they are in force.  Watches, and goes on with what was not finished. */
enum err knowledge_open(const struct knowledge_options *, struct knowledge **out) AWAITS MUST_USE;
void     knowledge_close(struct knowledge *) AWAITS;        /* accepts NULL */

enum collection_kind { COLLECTION_FOLDER, COLLECTION_FILE, COLLECTION_WEB, COLLECTION_ROWS, COLLECTION_WORKSPACE, N_COLLECTION_KINDS };
const char *collection_kind_name(enum collection_kind);

enum knowledge_state { KNOWLEDGE_IDLE, KNOWLEDGE_WAITING, KNOWLEDGE_SYNCING, KNOWLEDGE_REMOVING };
struct knowledge_progress {
    enum knowledge_state state;
    uint64_t total, done;               /* documents; total 0: not counted yet */
    uint64_t read, unchanged, removed, failed;
    uint64_t items_added, items_kept, items_removed;
    int64_t  began_at, ended_at;        /* ms */
    char     current[200];              /* the document that is being read; "" */
};

struct knowledge_collection {
    int64_t      id;
    struct scope scope;
    str          name;
    enum collection_kind kind;
    str          source;                /* a path, a URL */
    bool         watched, trusted;
    str          added_by, error;       /* error: of the latest sync as a whole; "" */
    str          watching;              /* what watching amounts to: "12 folders", "not watched: ..."; "" where nothing is to be watched */
    int64_t      created_at, synced_at; /* synced_at 0: never */
    int64_t      documents, failed, items;
    struct knowledge_progress progress; /* of the sync that runs, or of the latest one */
};
json_t *knowledge_collection_json(const struct knowledge_collection *);     /* new references */
json_t *knowledge_progress_json(const struct knowledge_progress *);

/* What is to be added. */
struct knowledge_source {
    struct scope scope;
    str          name;                  /* letters, digits, "-", "_" and "."; what it is called in its scope */
    str          source;                /* an absolute path of a folder or file, or http(s)://... */
    const char  *within;                /* the path must lead below this one, which has no links; NULL: anywhere */
    bool         rows;                  /* a table, CSV or JSON: its rows stay rows, and it has nothing else */
    bool         watched;               /* kept up to date by itself: files as they change, web pages every knowledge.rescan */
    bool         trusted;               /* its words are the owner's */
    str          added_by;              /* a person's id */
};
/* The first sync begins.  ERR_CONFLICT: the scope has one of this name; ERR_NOT_FOUND: no such path; ERR_INPUT; ERR_AUTH: it may
 * not be read. */
enum err knowledge_add(struct knowledge *, const struct knowledge_source *, int64_t *ret_id) AWAITS MUST_USE;

/* In these scopes; n_scopes 0: all there are. */
enum err knowledge_list(struct knowledge *, struct arena *, const struct scope *scopes, size_t n_scopes,
                        const struct knowledge_collection **out, size_t *ret_n) AWAITS MUST_USE;
/* ERR_NOT_FOUND; ERR_CONFLICT: several scopes have one of this name (say which: scopes). */
enum err knowledge_find(struct knowledge *, str name, const struct scope *scopes, size_t n_scopes, int64_t *ret_id) MUST_USE;
enum err knowledge_get(struct knowledge *, struct arena *, int64_t id, struct knowledge_collection *out) AWAITS MUST_USE;

struct knowledge_document { int64_t id; str name, error; int64_t size, items, synced_at; };
enum knowledge_which { KNOWLEDGE_ALL, KNOWLEDGE_FAILED };
/* By name, those behind `after`; limit 1 to 1000. */
enum err knowledge_documents(struct knowledge *, struct arena *, int64_t id, enum knowledge_which, str after, size_t limit,
                             const struct knowledge_document **out, size_t *ret_n) AWAITS MUST_USE;

/* Begins soon; once more when one runs.  _AGAIN: what failed is read again although it is the same. */
enum knowledge_how { KNOWLEDGE_CHANGED, KNOWLEDGE_AGAIN };
enum err knowledge_sync(struct knowledge *, int64_t id, enum knowledge_how) MUST_USE;
enum err knowledge_cancel(struct knowledge *, int64_t id) MUST_USE;     /* what was read so far stays */
enum err knowledge_wait(struct knowledge *, int64_t id) AWAITS MUST_USE;        /* until nothing is left to sync; its error */
/* Its items, documents and vectors go, and then the collection, also when the caller is cancelled meanwhile; ERR_CONFLICT: it is a
 * workspace's.  Bytes may stay in files until memory_wipe(). */
enum err knowledge_remove(struct knowledge *, int64_t id) AWAITS MUST_USE;

/* The workspaces there are: of each, MEMORY.md and the notes are a collection of kind workspace in the owner's scope, watched.  Those
 * of earlier calls that are not among them are removed. */
struct knowledge_workspace { str collection; const char *path; };      /* without links */
enum err knowledge_use_workspaces(struct knowledge *, struct scope owner, const struct knowledge_workspace *, size_t n) AWAITS MUST_USE;
/* Whose words files of workspaces hold may have changed. */
void     knowledge_taints_changed(struct knowledge *);
