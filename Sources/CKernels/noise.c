#include "noise.h"

#include <math.h>
#include <string.h>

#include "clones.h"

// Box–Muller over whole vectors. libm's log and sincos are calls that stop the vectoriser (clang and gcc even merge sin
// and cos of one argument into a scalar sincos call), so both are polynomials here, with every branch a select. The
// uniforms come as integers, so the usual range reduction is exact bit arithmetic: nothing is lost before the
// polynomials, which are Taylor series cut where the next term is below half an ulp.

CK_INLINE double double_of_bits(uint64_t bits) {
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

CK_INLINE uint64_t bits_of_double(double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

// w + ½ for any 64-bit w. Each half is made a double by placing it in the mantissa of 2⁵² (low) or 2⁸⁴ (high), which is
// plain integer SIMD on every machine; the one rounding is that of the last sum. A w at the top rounds to 2⁶⁴: u = 1,
// radius 0.
CK_INLINE double half_above(uint64_t word) {
  double low = double_of_bits((word & 0xffffffffu) | 0x4330000000000000u) - 0x1p52;
  double high = double_of_bits((word >> 32) | 0x4530000000000000u) - 0x1p84;
  return high + (low + 0.5);
}

// ln(x·2⁻⁶⁴) for a normal x in [½, 2⁶⁴]. With x = 2ᵉ·m, m in [√½, √2): ln m = 2 artanh(s), s = (m − 1)/(m + 1), |s| < 0.1716.
CK_INLINE double log_scaled(double x) {
  uint64_t bits = bits_of_double(x);
  // Shifts the split between exponents from 1 to √½, so that m is on both sides of 1.
  uint64_t shifted = bits - 0x3fe6a09e667f3bcdu;
  uint64_t exponent_bits = shifted & 0xfff0000000000000u;
  double m = double_of_bits(bits - exponent_bits);
  // e as a double by the same mantissa trick: 65 keeps it positive on the way, 64 is the scale of x.
  uint64_t biased = (shifted + 0x0410000000000000u) >> 52;
  double e = double_of_bits(biased | 0x4330000000000000u) - (0x1p52 + 65 + 64);
  double s = (m - 1) / (m + 1), t = s * s;
  double p = 1.0 / 21;
  p = p * t + 1.0 / 19;
  p = p * t + 1.0 / 17;
  p = p * t + 1.0 / 15;
  p = p * t + 1.0 / 13;
  p = p * t + 1.0 / 11;
  p = p * t + 1.0 / 9;
  p = p * t + 1.0 / 7;
  p = p * t + 1.0 / 5;
  p = p * t + 1.0 / 3;
  // ln 2 in two parts: e·high is exact (high has 21 trailing zero bits), so no cancellation near u = 1 where e = 0.
  const double high = 0x1.62e42fee00000p-1, low = 0x1.a39ef35793c76p-33;
  return e * high + (2 * s + (2 * s * t * p + e * low));
}

// sin and cos of x, |x| ≤ π/4.
CK_INLINE double sine(double x) {
  double t = x * x;
  double p = -1.0 / 1307674368000;
  p = p * t + 1.0 / 6227020800;
  p = p * t - 1.0 / 39916800;
  p = p * t + 1.0 / 362880;
  p = p * t - 1.0 / 5040;
  p = p * t + 1.0 / 120;
  p = p * t - 1.0 / 6;
  return x + x * t * p;
}

CK_INLINE double cosine(double x) {
  double t = x * x;
  double p = 1.0 / 20922789888000;
  p = p * t - 1.0 / 87178291200;
  p = p * t + 1.0 / 479001600;
  p = p * t - 1.0 / 3628800;
  p = p * t + 1.0 / 40320;
  p = p * t - 1.0 / 720;
  p = p * t + 1.0 / 24;
  p = p * t - 1.0 / 2;
  return 1 + t * p;
}

typedef struct {
  double cosine, sine;
} variate_pair;

// The angle is 2π·v of a uniform v: the top two bits of the word are its quadrant, the next 51 its place in it, as an
// offset in (−½, ½) quadrants around the middle of the quadrant, symmetric about 0.
CK_INLINE variate_pair transform(uint64_t radius_word, uint64_t angle_word, double standard_deviation) {
  double radius = standard_deviation * __builtin_elementwise_sqrt(-2 * log_scaled(half_above(radius_word)));
  uint64_t place = (angle_word >> 11) & 0x7ffffffffffffu;
  double offset = ((double_of_bits(place | 0x4330000000000000u) - (0x1p52 + 0x1p50)) + 0.5) * 0x1p-51;
  double x = offset * 0x1.921fb54442d18p0;
  double c = cosine(x), s = sine(x);
  // Quadrants, counted from −π/4: (c, s), (−s, c), (−c, −s), (s, −c). The uniform angle may start anywhere.
  uint64_t odd = 0 - ((angle_word >> 62) & 1);
  uint64_t c_bits = bits_of_double(c), s_bits = bits_of_double(s);
  uint64_t first = (c_bits & ~odd) | (s_bits & odd), second = (s_bits & ~odd) | (c_bits & odd);
  // Bit 63 of the word is the upper bit of the quadrant: it flips the sine; with the lower one, the cosine.
  uint64_t flip_second = angle_word & 0x8000000000000000u;
  uint64_t flip_first = flip_second ^ (odd & 0x8000000000000000u);
  return (variate_pair){radius * double_of_bits(first ^ flip_first), radius * double_of_bits(second ^ flip_second)};
}

CK_CLONES void noise_box_muller(const uint64_t *restrict words, size_t pairs, double standard_deviation,
                             float *restrict variates) {
  for (size_t i = 0; i < pairs; i++) {
    variate_pair pair = transform(words[i], words[pairs + i], standard_deviation);
    variates[i] = (float)pair.cosine;
    variates[pairs + i] = (float)pair.sine;
  }
}

CK_CLONES void noise_box_muller_double(const uint64_t *restrict words, size_t pairs, double standard_deviation,
                                    double *restrict variates) {
  for (size_t i = 0; i < pairs; i++) {
    variate_pair pair = transform(words[i], words[pairs + i], standard_deviation);
    variates[i] = pair.cosine;
    variates[pairs + i] = pair.sine;
  }
}

void noise_box_muller_reference(const uint64_t *words, size_t pairs, double standard_deviation, double *variates) {
  for (size_t i = 0; i < pairs; i++) {
    // 2w + 1 is exact in 128 bits; rounding it to double once is what `half_above` does.
    double u = (double)(2 * (unsigned __int128)words[i] + 1) * 0x1p-65;
    double radius = standard_deviation * sqrt(-2 * log(u));
    uint64_t angle_word = words[pairs + i];
    double offset = ((double)((angle_word >> 11) & 0x7ffffffffffffu) + 0.5) * 0x1p-51 - 0.5;
    double x = offset * 1.57079632679489661923;
    double c = radius * cos(x), s = radius * sin(x);
    switch (angle_word >> 62) {
      case 0: variates[i] = c, variates[pairs + i] = s; break;
      case 1: variates[i] = -s, variates[pairs + i] = c; break;
      case 2: variates[i] = -c, variates[pairs + i] = -s; break;
      default: variates[i] = s, variates[pairs + i] = -c;
    }
  }
}
