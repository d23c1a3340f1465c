#pragma once

#include <stddef.h>

/// A file that is part of the binary: the pages of the dashboard and the contract.
struct epsilond_asset {
  /// The file's name alone: `index.html`, `openapi.yaml`.
  const char *_Nonnull name;
  const unsigned char *_Nonnull bytes;
  size_t length;
};

/// The asset at `index`, or a null pointer past the last one.
const struct epsilond_asset *_Nullable epsilond_asset_at(size_t index);
