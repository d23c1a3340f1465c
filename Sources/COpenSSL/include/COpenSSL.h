#pragma once

// The few cryptographic primitives of OpenSSL that epsilond uses, as plain functions: Swift cannot import OpenSSL's
// macros, and the rest of the code should not see its context objects.
//
// Every function that can fail returns `true` on success. A failure means that OpenSSL could not allocate memory, or
// that its provider refuses the algorithm or has no entropy; the output must then not be used.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// SHA-256 (FIPS 180-4)

enum { openssl_sha256_size = 32 };

/// Writes the 32-byte digest of `length` bytes. `bytes` may be null when `length` is 0.
[[nodiscard]] bool openssl_sha256(const void *_Nullable bytes, size_t length, uint8_t *_Nonnull digest);

/// A digest that takes its message in pieces. Not safe to share between threads.
typedef struct openssl_sha256_stream openssl_sha256_stream;

/// A stream that has seen nothing, or null where memory is lacking. Free it with `openssl_sha256_stream_free`.
openssl_sha256_stream *_Nullable openssl_sha256_stream_create(void);
[[nodiscard]] bool openssl_sha256_stream_update(
    openssl_sha256_stream *_Nonnull stream, const void *_Nullable bytes, size_t length);
/// Writes the 32-byte digest of all that was given, and starts the stream anew.
[[nodiscard]] bool openssl_sha256_stream_finish(openssl_sha256_stream *_Nonnull stream, uint8_t *_Nonnull digest);
void openssl_sha256_stream_free(openssl_sha256_stream *_Nullable stream);

/// Whether two byte strings of the same length are equal, in a time that depends on the length only.
bool openssl_equal_constant_time(const void *_Nonnull left, const void *_Nonnull right, size_t length);

// Randomness

/// Fills `bytes` from OpenSSL's CSPRNG (CTR-DRBG seeded by the kernel's getrandom).
[[nodiscard]] bool openssl_random(void *_Nonnull bytes, size_t length);

/// The keystream of AES-256 in counter mode (NIST SP 800-38A, section 6.5).
typedef struct openssl_aes256_ctr openssl_aes256_ctr;

enum { openssl_aes256_key_size = 32, openssl_aes_block_size = 16 };

/// A generator for a 32-byte key, or null where memory is lacking. Free it with `openssl_aes256_ctr_free`, which also
/// erases the expanded key. Not safe to share between threads.
openssl_aes256_ctr *_Nullable openssl_aes256_ctr_create(const uint8_t *_Nonnull key);

/// Fills `keystream` with AES(counter), AES(counter + 1), …: `counter` is the 16-byte block of the first, read as one
/// big-endian number. Each call starts from the counter it is given; the generator keeps no position.
[[nodiscard]] bool openssl_aes256_ctr_keystream(
    openssl_aes256_ctr *_Nonnull generator, const uint8_t *_Nonnull counter, void *_Nonnull keystream, size_t length);
void openssl_aes256_ctr_free(openssl_aes256_ctr *_Nullable generator);

/// Overwrites secret bytes; the compiler may not drop it as a dead store.
void openssl_erase(void *_Nonnull bytes, size_t length);
