#pragma once

#include <stddef.h>
#include <stdint.h>

// An upper bound on what czlib_gzip writes for `count` bytes.
size_t czlib_gzip_bound(size_t count);

// Compresses `count` bytes into one gzip member (RFC 1952) with no name and no time in its header.
// Returns the bytes written, or a negative code of zlib's (Z_MEM_ERROR, Z_BUF_ERROR).
long czlib_gzip(const uint8_t *bytes, size_t count, uint8_t *output, size_t capacity, int level);
