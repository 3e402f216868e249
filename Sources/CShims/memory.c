#define _GNU_SOURCE
#include "CShims.h"
#include <string.h>

void tokend_wipe(void *bytes, size_t count) { explicit_bzero(bytes, count); }

const char *tokend_error_text(int error) {
    const char *text = strerrordesc_np(error);
    return text ? text : "Unknown error";
}
