#pragma once

// Decompression of gzip files (RFC 1952) as a stream: zlib checks each member's CRC-32 and length.

#include <stddef.h>
#include <stdint.h>

typedef struct zlib_inflater zlib_inflater;

/// What a call to `zlib_inflater_run` ended with.
typedef enum zlib_inflate_status {
  /// Went as far as the input or the room for output allowed; call again with more of either.
  zlib_inflate_progress = 0,
  /// A member ended, its CRC-32 and length hold. Another may follow: `zlib_inflater_restart`.
  zlib_inflate_member_end = 1,
  /// The bytes are not gzip, or its check sums do not hold.
  zlib_inflate_corrupt = 2,
  zlib_inflate_out_of_memory = 3,
} zlib_inflate_status;

/// A decoder at the start of a gzip member, or null where memory is lacking. Free it with `zlib_inflater_free`.
/// Not safe to share between threads.
zlib_inflater *_Nullable zlib_inflater_create(void);

/// Decodes from `input` to `output`; both lengths are at most 2^31 − 1. `consumed` and `produced` are always set.
[[nodiscard]] zlib_inflate_status zlib_inflater_run(
    zlib_inflater *_Nonnull inflater, const uint8_t *_Nullable input, size_t input_length, size_t *_Nonnull consumed,
    uint8_t *_Nonnull output, size_t output_length, size_t *_Nonnull produced);

/// Makes the decoder ready for the next member.
[[nodiscard]] zlib_inflate_status zlib_inflater_restart(zlib_inflater *_Nonnull inflater);

void zlib_inflater_free(zlib_inflater *_Nullable inflater);
