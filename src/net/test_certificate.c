// SPDX-License-Identifier: Apache-2.0
#include "net/test_certificate.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

static void make_folder(struct test_certificate *t)
{
    const char *tmp = getenv("TMPDIR");

    snprintf(t->dir, sizeof t->dir, "%.40s/tls-XXXXXX", tmp ? tmp : "/tmp");
    if (mkdtemp(t->dir) == NULL)
        abort();
    snprintf(t->cert, sizeof t->cert, "%s/cert.pem", t->dir);
    snprintf(t->key, sizeof t->key, "%s/key.pem", t->dir);
}

static void add_extension(X509 *cert, int nid, const char *value)
{
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

    if (e == NULL || !X509_add_ext(cert, e, -1))
        abort();
    X509_EXTENSION_free(e);
}

static void write_pem(const char *path, X509 *cert, EVP_PKEY *key)
{
    FILE *file = fopen(path, "w");

    if (file == NULL || !(cert ? PEM_write_X509(file, cert) : PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL))
        || fclose(file) != 0)
        abort();
}

void test_certificate_make(struct test_certificate *t, const char *common_name)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();

    assert(key && cert);
    if (t->dir[0] == '\0')
        make_folder(t);
    X509_NAME *subject = X509_get_subject_name(cert);

    X509_set_version(cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), -60);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    X509_set_pubkey(cert, key);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)common_name, -1, -1, 0);
    X509_set_issuer_name(cert, subject);
    add_extension(cert, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
    add_extension(cert, NID_basic_constraints, "critical,CA:TRUE");
    if (!X509_sign(cert, key, EVP_sha256()))
        abort();
    write_pem(t->cert, cert, NULL);
    write_pem(t->key, NULL, key);
    X509_free(cert);
    EVP_PKEY_free(key);
}

void test_certificate_remove(struct test_certificate *t)
{
    unlink(t->cert);
    unlink(t->key);
    rmdir(t->dir);
    *t = (struct test_certificate){ 0 };
}
