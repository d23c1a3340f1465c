#pragma once

// Gaussian noise by the Box–Muller transform (Box and Muller, Annals of Mathematical Statistics 29 (1958), 610–611), in
// float64, from random words that the caller takes from a cryptographic generator. No state, no randomness of its own.

#include <stddef.h>
#include <stdint.h>

/// Makes 2·`pairs` independent normal variates of mean 0 from 2·`pairs` uniform words, rounded to float32 once.
///
/// Word i of the first half gives a radius, word i of the second half an angle; their cosine variate is `variates[i]`
/// and their sine variate `variates[pairs + i]`.
///
/// The radius is √(−2 ln u) with u = (w + ½)·2⁻⁶⁴, all 64 bits of w: variates reach ±9.5 standard deviations, beyond
/// which a true normal falls with probability 2·10⁻²¹. The angle uses 53 bits. Against exact arithmetic the relative
/// error before the last rounding is below 2·10⁻¹⁵.
void noise_box_muller(const uint64_t *_Nonnull words, size_t pairs, double standard_deviation,
                      float *_Nonnull variates);

/// `noise_box_muller` before the rounding to float32; for tests of its accuracy.
void noise_box_muller_double(const uint64_t *_Nonnull words, size_t pairs, double standard_deviation,
                             double *_Nonnull variates);

/// The same map in a plain loop over the C library's functions: documentation and oracle of the above.
void noise_box_muller_reference(const uint64_t *_Nonnull words, size_t pairs, double standard_deviation,
                                double *_Nonnull variates);

/// Lists the places of the words that are at most `greatest`, in ascending order, and returns their number. `places` has
/// room for `count`. The first look at every example when a Poisson sample is drawn.
size_t noise_collect_places(const uint16_t *_Nonnull words, size_t count, uint16_t greatest, int32_t *_Nonnull places);
