#include "COpenSSL.h"

#include <limits.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

// The opaque types are OpenSSL's own contexts under a name of ours; the casts below are the whole of the wrapping.

bool openssl_sha256(const void *bytes, size_t length, uint8_t *digest) {
  return EVP_Digest(length ? bytes : "", length, digest, NULL, EVP_sha256(), NULL) == 1;
}

openssl_sha256_stream *openssl_sha256_stream_create(void) {
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  if (context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1) {
    EVP_MD_CTX_free(context);
    context = NULL;
  }
  return (openssl_sha256_stream *)context;
}

bool openssl_sha256_stream_update(openssl_sha256_stream *stream, const void *bytes, size_t length) {
  return length == 0 || EVP_DigestUpdate((EVP_MD_CTX *)stream, bytes, length) == 1;
}

bool openssl_sha256_stream_finish(openssl_sha256_stream *stream, uint8_t *digest) {
  EVP_MD_CTX *context = (EVP_MD_CTX *)stream;
  return EVP_DigestFinal_ex(context, digest, NULL) == 1 && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1;
}

void openssl_sha256_stream_free(openssl_sha256_stream *stream) { EVP_MD_CTX_free((EVP_MD_CTX *)stream); }

bool openssl_equal_constant_time(const void *left, const void *right, size_t length) {
  return CRYPTO_memcmp(left, right, length) == 0;
}

bool openssl_random(void *bytes, size_t length) {
  // RAND_bytes counts in int.
  for (uint8_t *next = bytes; length > 0;) {
    int piece = length > INT_MAX ? INT_MAX : (int)length;
    if (RAND_bytes(next, piece) != 1) return false;
    next += piece;
    length -= (size_t)piece;
  }
  return true;
}

openssl_aes256_ctr *openssl_aes256_ctr_create(const uint8_t *key) {
  EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
  if (context && EVP_EncryptInit_ex(context, EVP_aes_256_ctr(), NULL, key, NULL) != 1) {
    EVP_CIPHER_CTX_free(context);
    context = NULL;
  }
  return (openssl_aes256_ctr *)context;
}

bool openssl_aes256_ctr_keystream(openssl_aes256_ctr *generator, const uint8_t *counter, void *keystream,
                                  size_t length) {
  EVP_CIPHER_CTX *context = (EVP_CIPHER_CTX *)generator;
  // Without a cipher and a key both are kept; only the counter is set.
  if (EVP_EncryptInit_ex(context, NULL, NULL, NULL, counter) != 1) return false;
  // The keystream is the encryption of zeros. EVP counts in int: 1 GiB is a whole number of AES blocks below it.
  memset(keystream, 0, length);
  for (uint8_t *next = keystream; length > 0;) {
    int piece = length > (1u << 30) ? (int)(1u << 30) : (int)length;
    int written = 0;
    if (EVP_EncryptUpdate(context, next, &written, next, piece) != 1 || written != piece) return false;
    next += piece;
    length -= (size_t)piece;
  }
  return true;
}

void openssl_aes256_ctr_free(openssl_aes256_ctr *generator) { EVP_CIPHER_CTX_free((EVP_CIPHER_CTX *)generator); }

void openssl_erase(void *bytes, size_t length) { OPENSSL_cleanse(bytes, length); }
