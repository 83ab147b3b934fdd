// SPDX-License-Identifier: Apache-2.0
/* charset.h: text from the web, in whatever charset it is, becomes UTF-8.  The charset is, in this order: the byte order
 * mark's; the declared one; the one a page names itself (<meta charset>, <?xml encoding>) near its beginning; UTF-8 if the bytes
 * are that; the one uchardet guesses; windows-1252, in which every byte is something.
 * Names are those of the WHATWG's Encoding Standard, and no other name ever reaches iconv. */
#pragma once
#include "base/buf.h"

enum charset_source { CHARSET_OF_TEXT, CHARSET_OF_MARKUP };     /* markup: it may name its charset */

/* declared: the charset of a Content-Type, or NO_STR.  What is not a character becomes U+FFFD; out's maximum holds.
 * *ret_name: "GB18030", constant.  Blocks, for it may load the module that guesses: in a pool thread. */
enum err charset_to_utf8(str bytes, str declared, enum charset_source, struct buf *out, const char **ret_name) MUST_USE;

/* The charset of "text/html; charset=\"Big5\"": Big5; NO_STR if it names none. */
str charset_of_content_type(str);
