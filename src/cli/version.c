// SPDX-License-Identifier: Apache-2.0
#include <curl/curl.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include <sqlite3.h>
#include <yaml.h>

#include "cli/cli.h"
#include "cli/version.h"

enum err command_version(struct cli *c)
{
    TRY(cli_want_words(c, 0, 0));
    if (!c->json) {
        printf("clawdbot %s\n", CLAWDBOT_VERSION);
        return OK;
    }
    CLEANUP(json_decrefp) json_t *j =
        json_pack("{s:s, s:{s:s, s:s, s:s, s:s, s:s}}", "version", CLAWDBOT_VERSION, "libraries",
                  "jansson", jansson_version_str(), "libcurl", curl_version_info(CURLVERSION_NOW)->version,
                  "libyaml", yaml_get_version_string(), "openssl", OpenSSL_version(OPENSSL_VERSION_STRING),
                  "sqlite", sqlite3_libversion());

    cli_print_json(j);
    return OK;
}
