// SPDX-License-Identifier: Apache-2.0
/* glob.h: patterns of file names.  "*" and "?" stand for what is not "/", "[a-z]" and "[!a-z]" for one character, "**" as
 * a whole part for any number of folders, "\" takes the next character as it is.  No braces.
 *
 * A pattern without "/" is about the name in whatever folder, one with "/" about the whole path.  No pattern makes
 * it slow: it goes back to the last star only.  Characters are UTF-8; a bad byte is one of its own. */
#pragma once
#include "base/str.h"

enum { GLOB_MAX = 1000 };

/* Does a wildcard, or a "**", stand for names that begin with a dot, as ".git" does? */
enum glob_dots { GLOB_DOTS_HIDDEN, GLOB_DOTS_SHOWN };

/* ERR_INPUT, with what to write instead, unless it is a pattern. */
enum err glob_check(str pattern) MUST_USE;
/* Both with "/" between their parts and none at the ends. */
bool     glob_match(str pattern, str path, enum glob_dots);
/* May anything below this folder match?  For not looking where nothing can be. */
bool     glob_may_match_below(str pattern, str folder, enum glob_dots);
