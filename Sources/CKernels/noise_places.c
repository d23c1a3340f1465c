#include "noise.h"

#include "clones.h"

// Sampling probabilities are small, so most groups of 64 words hold nothing: they are counted in vectors and skipped.
// In the others, and in the rest at the end, every place is written and the end of the list moves on or not.
CK_CLONES size_t noise_collect_places(const uint16_t *restrict words, size_t count, uint16_t greatest,
                                      int32_t *restrict places) {
  enum { group = 64 };
  size_t found = 0;
  for (size_t first = 0; first < count; first += group) {
    size_t end = first + group;
    if (end <= count) {
      uint16_t hits = 0;
      for (size_t i = 0; i < group; i++) hits += words[first + i] <= greatest;
      if (hits == 0) continue;
    } else {
      end = count;
    }
    for (size_t i = first; i < end; i++) {
      places[found] = (int32_t)i;
      found += words[i] <= greatest;
    }
  }
  return found;
}
