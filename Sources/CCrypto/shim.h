#pragma once
/* The functions for one digest are deprecated in favour of those that find digests by name. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>
