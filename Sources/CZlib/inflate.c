#include "inflate.h"

#include <stdlib.h>
#include <zlib.h>

struct zlib_inflater {
  z_stream stream;
};

// 15 bits of window, plus 16 for the gzip wrapper alone (zlib.h, inflateInit2).
enum { gzip_window_bits = 15 + 16 };

zlib_inflater *zlib_inflater_create(void) {
  zlib_inflater *inflater = calloc(1, sizeof *inflater);
  if (inflater == NULL) return NULL;
  if (inflateInit2(&inflater->stream, gzip_window_bits) != Z_OK) {
    free(inflater);
    return NULL;
  }
  return inflater;
}

zlib_inflate_status zlib_inflater_run(
    zlib_inflater *inflater, const uint8_t *input, size_t input_length, size_t *consumed, uint8_t *output,
    size_t output_length, size_t *produced) {
  z_stream *stream = &inflater->stream;
  // zlib never writes through next_in; its type lost the const for old compilers.
  stream->next_in = (Bytef *)(uintptr_t)input;
  stream->avail_in = (uInt)input_length;
  stream->next_out = output;
  stream->avail_out = (uInt)output_length;
  int result = inflate(stream, Z_NO_FLUSH);
  *consumed = input_length - stream->avail_in;
  *produced = output_length - stream->avail_out;
  switch (result) {
    case Z_OK:
    case Z_BUF_ERROR: return zlib_inflate_progress;
    case Z_STREAM_END: return zlib_inflate_member_end;
    case Z_MEM_ERROR: return zlib_inflate_out_of_memory;
    default: return zlib_inflate_corrupt;
  }
}

zlib_inflate_status zlib_inflater_restart(zlib_inflater *inflater) {
  return inflateReset(&inflater->stream) == Z_OK ? zlib_inflate_progress : zlib_inflate_corrupt;
}

void zlib_inflater_free(zlib_inflater *inflater) {
  if (inflater == NULL) return;
  inflateEnd(&inflater->stream);
  free(inflater);
}
