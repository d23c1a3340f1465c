#include "deflate.h"

#include <zlib.h>

// The gzip header and trailer take 18 bytes where the zlib format, which compressBound speaks of, takes 6.
size_t czlib_gzip_bound(size_t count) { return compressBound(count) + 12; }

long czlib_gzip(const uint8_t *bytes, size_t count, uint8_t *output, size_t capacity, int level) {
  z_stream stream = {0};
  // zlib counts in unsigned int; bodies are far below that, and one that is not is left as it is.
  if (count > UINT32_MAX || capacity > UINT32_MAX) return Z_BUF_ERROR;
  int code = deflateInit2(&stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  if (code != Z_OK) return code;
  stream.next_in = (Bytef *)bytes;
  stream.avail_in = (uInt)count;
  stream.next_out = output;
  stream.avail_out = (uInt)capacity;
  code = deflate(&stream, Z_FINISH);
  long written = (long)stream.total_out;
  deflateEnd(&stream);
  return code == Z_STREAM_END ? written : Z_BUF_ERROR;
}
