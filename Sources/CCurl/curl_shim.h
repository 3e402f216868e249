// libcurl, and `static inline` functions for what Swift cannot call: varargs, memory functions, and the callback that uses OpenSSL.
#pragma once
#include <curl/curl.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

static inline void tokend_curl_free(void *_Nullable block) {
    if (!block) return;
    explicit_bzero(block, malloc_usable_size(block));
    free(block);
}

static inline void *_Nullable tokend_curl_realloc(void *_Nullable block, size_t size) {
    void *next = malloc(size);
    if (!block || !next) return next;
    size_t had = malloc_usable_size(block);
    memcpy(next, block, had < size ? had : size);
    tokend_curl_free(block);
    return next;
}

/// Initialises libcurl, once per process. libcurl assembles each request, including the form and the headers, in blocks that it grows and frees
/// without wiping them. The memory functions given here wipe every block first, whatever malloc settings the environment has.
static inline CURLcode tokend_curl_start(void) {
    return curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, tokend_curl_free, tokend_curl_realloc, strdup, calloc);
}

static inline CURLcode tokend_curl_set_long(CURL *_Nonnull easy, CURLoption option, long value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode tokend_curl_set_size(CURL *_Nonnull easy, CURLoption option, int64_t value) {
    return curl_easy_setopt(easy, option, (curl_off_t)value);
}

static inline CURLcode tokend_curl_set_pointer(CURL *_Nonnull easy, CURLoption option, const void *_Nullable value) {
    return curl_easy_setopt(easy, option, value);
}

/// The supported authentication methods of a proxy.
static const long tokend_curl_proxy_auth = CURLAUTH_BASIC | CURLAUTH_DIGEST;

/// `login` is `user:password`, both percent-encoded. Every libcurl decodes CURLOPT_PROXYUSERPWD; only older ones decode CURLOPT_PROXYPASSWORD.
/// libcurl keeps copies, and frees them with `tokend_curl_free`.
static inline CURLcode tokend_curl_set_proxy_login(CURL *_Nonnull easy, const char *_Nullable login) {
    CURLcode code = curl_easy_setopt(easy, CURLOPT_PROXYUSERPWD, login);
    return code ? code : curl_easy_setopt(easy, CURLOPT_PROXYAUTH, tokend_curl_proxy_auth);
}

typedef size_t (*tokend_curl_receive)(char *_Nullable bytes, size_t size, size_t count, void *_Nullable context);

static inline CURLcode tokend_curl_set_receive(CURL *_Nonnull easy, CURLoption option, tokend_curl_receive _Nonnull receive) {
    return curl_easy_setopt(easy, option, receive);
}

static inline CURLcode tokend_curl_set_open_socket(CURL *_Nonnull easy, curl_opensocket_callback _Nonnull open) {
    return curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open);
}

static inline CURLcode tokend_curl_set_request_begins(CURL *_Nonnull easy, curl_prereq_callback _Nonnull begins) {
    return curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, begins);
}

static inline CURLcode tokend_curl_get_long(CURL *_Nonnull easy, CURLINFO info, long *_Nonnull value) {
    return curl_easy_getinfo(easy, info, value);
}

static inline CURLcode tokend_curl_get_pointer(CURL *_Nonnull easy, CURLINFO info, void *_Nullable *_Nonnull value) {
    return curl_easy_getinfo(easy, info, value);
}

static inline CURLMcode tokend_curl_multi_set_long(CURLM *_Nonnull multi, CURLMoption option, long value) {
    return curl_multi_setopt(multi, option, value);
}

// libcurl accepts a common name without subjectAltName as a host name; RFC 9525 section 2 does not. With the expected name in OpenSSL's own
// verification, a certificate without a matching subjectAltName is rejected together with its chain, during the handshake.
static inline CURLcode tokend_curl_expect_name(CURL *_Nonnull easy, void *_Nonnull context, void *_Nonnull name) {
    (void)easy;
    SSL_CTX *tls = (SSL_CTX *)context;
    X509_VERIFY_PARAM *expected = SSL_CTX_get0_param(tls);
    X509_VERIFY_PARAM_set_hostflags(expected, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    SSL_CTX_set_options(tls, SSL_OP_CLEANSE_PLAINTEXT);
    if (X509_VERIFY_PARAM_set1_ip_asc(expected, (const char *)name)) return CURLE_OK;
    return X509_VERIFY_PARAM_set1_host(expected, (const char *)name, 0) ? CURLE_OK : CURLE_SSL_CERTPROBLEM;
}

/// `name` is a host name, or an IP address without brackets. It must outlive the transfer.
static inline CURLcode tokend_curl_set_expected_name(CURL *_Nonnull easy, const char *_Nonnull name) {
    CURLcode code = curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, tokend_curl_expect_name);
    return code ? code : curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, name);
}

/// The CA bundle that libcurl was built for, or NULL.
static inline const char *_Nullable tokend_curl_system_authorities(void) { return curl_version_info(CURLVERSION_NOW)->cainfo; }

/// Returns freed memory to the system (malloc_trim(3)).
static inline void tokend_curl_trim_memory(void) { malloc_trim(0); }

