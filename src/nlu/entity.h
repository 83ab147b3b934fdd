// SPDX-License-Identifier: Apache-2.0
/* entity.h: the things that a text names: spans of the normalised text, with what they mean. */
#pragma once
#include "nlu/context.h"
#include "nlu/normal.h"
#include "nlu/when.h"

enum entity_type {
    ENTITY_QUOTED,      /* between quotation marks, without them; not inside of a path */
    ENTITY_CODE,        /* between `backticks` or ``` fences, without them */
    ENTITY_URL,
    ENTITY_EMAIL,
    ENTITY_MENTION,     /* @name, #channel; `text` is without the mark */
    ENTITY_PATH,        /* a file's name or path: /var/log, ./a.c, ~/x, src/main.c, notes.txt, C:\x, with spaces only between quotation
                           marks; what the context knows: 项目目录, "that file"; usual folders: "my downloads" is ~/Downloads */
    ENTITY_GLOB,        /* *.log, data_?.csv */
    ENTITY_HOST,        /* a host of the context; a domain name (with a path or port behind it a URL); an IP address (v4, v6); a name such
                           as web-1, db01 where a word says that it is one: on web-1, 在web-1上, server db-main, 服务器 db-main */
    ENTITY_SERVICE,     /* nginx, mysql, docker, xyz.service: common names, and those that end in .service; `text` is the unit */
    ENTITY_SIZE,        /* 2G, 500 MB, 三百兆: `number` in bytes; a K is 1,024 whatever its name */
    ENTITY_QUANTITY,    /* a number and a unit (unit.h): 5 km, 三斤 */
    ENTITY_PERCENT,     /* 80%, 百分之八十 */
    ENTITY_WHEN,        /* when.h */
    ENTITY_NUMBER,      /* 12, 1,024, 3.5, 三十二, twelve, half a dozen */
    ENTITY_LANGUAGE,    /* English, 中文: `text` is the ISO 639-1 code */
    ENTITY_PLACE,       /* a city, province or country: `text` is its name as places.txt has it; `zone` */
    ENTITY_TYPES,
};

struct entity {
    enum entity_type type;
    uint32_t    start, end;     /* bytes of the normalised text */
    str         text;           /* what is meant, as it is to be used: for names and paths as they were written */
    double      number;
    str         unit;           /* ENTITY_QUANTITY: the unit's name (unit.h) */
    const char *zone;           /* ENTITY_PLACE: of the IANA database, or NULL */
    struct when when;
};

struct entities { struct entity *p; size_t n; };

enum { ENTITIES_MAX = 64, ENTITIES_BYTES = 64 << 10 };      /* what is beyond is not looked at */

/* In order of their beginnings, the longer first; those of different types may overlap (the 9 of "at 9"), but none lies inside of a URL, an
 * address of mail, a path or code.  Takes time in proportion to the text. */
void entities_find(struct arena *, const struct nlu_context *, const struct normal *, struct entities *out);
bool entity_is_project(str words);                       /* "the project folder", 项目目录: the project, whatever it is */
const char *entity_type_name(enum entity_type);         /* "path" */
