#include "window.h"

#include <math.h>
#include <string.h>

#include "clones.h"

// Channels are the inner loop: adjacent in memory, and the same for every pixel of a window. A window is cut to the
// image first, so that no loop tests for padding.

typedef struct {
  ptrdiff_t top, left;                // Of the window in the image; negative in the padding.
  ptrdiff_t dy0, dy1, dx0, dx1;       // The taps that are on the image.
} cut;

// Taps at start, start + dilation, ... that lie before `limit`.
CK_INLINE ptrdiff_t taps_before(ptrdiff_t limit, ptrdiff_t start, ptrdiff_t dilation) {
  ptrdiff_t distance = limit - start;
  return distance <= 0 ? 0 : dilation == 1 ? distance : (distance + dilation - 1) / dilation;
}

CK_INLINE ptrdiff_t least(ptrdiff_t a, ptrdiff_t b) { return a < b ? a : b; }

CK_INLINE cut cut_to_image(const ck_window *w, ptrdiff_t row, ptrdiff_t column) {
  ptrdiff_t top = row * w->stride_height - w->top, left = column * w->stride_width - w->left;
  return (cut){
      .top = top,
      .left = left,
      .dy0 = taps_before(0, top, w->dilation_height),
      .dy1 = least(taps_before(w->height, top, w->dilation_height), w->kernel_height),
      .dx0 = taps_before(0, left, w->dilation_width),
      .dx1 = least(taps_before(w->width, left, w->dilation_width), w->kernel_width),
  };
}

#define FOR_EACH_OUTPUT(w)                               \
  for (ptrdiff_t row = 0; row < (w)->output_height; row++) \
    for (ptrdiff_t column = 0; column < (w)->output_width; column++)

CK_INLINE const float *pixel(const ck_window *w, const float *x, cut c, ptrdiff_t dy, ptrdiff_t dx) {
  return x + ((c.top + dy) * w->width + c.left + dx) * w->channels;
}

// Some channels of a pixel in registers; the compiler splits the vectors where the machine's are narrower. It does not
// find these loops by itself. Where the winner's number, compared lane by lane, is that of a tap, the tap gets the slope.
#define DEFINE_CHANNELS(WIDTH)                                                                                      \
  typedef float floats_##WIDTH __attribute__((vector_size(4 * WIDTH)));                                             \
  typedef int32_t ints_##WIDTH __attribute__((vector_size(4 * WIDTH)));                                             \
  typedef int16_t shorts_##WIDTH __attribute__((vector_size(2 * WIDTH)));                                           \
                                                                                                                    \
  CK_INLINE void max_of_##WIDTH(const ck_window *w, cut c, const float *x, float *y, uint16_t *winners) {           \
    floats_##WIDTH best = (floats_##WIDTH){0} - INFINITY;                                                           \
    ints_##WIDTH winner = {0};                                                                                      \
    for (ptrdiff_t dy = c.dy0; dy < c.dy1; dy++) {                                                                  \
      for (ptrdiff_t dx = c.dx0; dx < c.dx1; dx++) {                                                                \
        floats_##WIDTH value;                                                                                       \
        memcpy(&value, pixel(w, x, c, dy, dx), sizeof value);                                                       \
        ints_##WIDTH greater = value > best;                                                                        \
        ints_##WIDTH position = (ints_##WIDTH){0} + (int32_t)(dy * w->kernel_width + dx);                           \
        best = (floats_##WIDTH)(((ints_##WIDTH)value & greater) | ((ints_##WIDTH)best & ~greater));                 \
        winner = (position & greater) | (winner & ~greater);                                                        \
      }                                                                                                             \
    }                                                                                                               \
    shorts_##WIDTH narrow = __builtin_convertvector(winner, shorts_##WIDTH);                                        \
    memcpy(y, &best, sizeof best);                                                                                  \
    memcpy(winners, &narrow, sizeof narrow);                                                                        \
  }                                                                                                                 \
                                                                                                                    \
  CK_INLINE void spread_##WIDTH(const ck_window *w, cut c, const float *dy, const uint16_t *winners, float *dx) {   \
    ints_##WIDTH slope;                                                                                             \
    memcpy(&slope, dy, sizeof slope);                                                                               \
    shorts_##WIDTH winner;                                                                                          \
    memcpy(&winner, winners, sizeof winner);                                                                        \
    for (ptrdiff_t ky = c.dy0; ky < c.dy1; ky++) {                                                                  \
      for (ptrdiff_t kx = c.dx0; kx < c.dx1; kx++) {                                                                \
        float *p = pixel_to_change(w, dx, c, ky, kx);                                                               \
        shorts_##WIDTH won = winner == (shorts_##WIDTH){0} + (int16_t)(ky * w->kernel_width + kx);                  \
        floats_##WIDTH sum;                                                                                         \
        memcpy(&sum, p, sizeof sum);                                                                                \
        sum += (floats_##WIDTH)(slope & __builtin_convertvector(won, ints_##WIDTH));                                \
        memcpy(p, &sum, sizeof sum);                                                                                \
      }                                                                                                             \
    }                                                                                                               \
  }

CK_INLINE float *pixel_to_change(const ck_window *w, float *x, cut c, ptrdiff_t dy, ptrdiff_t dx) {
  return x + ((c.top + dy) * w->width + c.left + dx) * w->channels;
}

DEFINE_CHANNELS(16)
DEFINE_CHANNELS(8)
DEFINE_CHANNELS(4)

CK_INLINE void max_of_one(const ck_window *w, cut c, const float *x, float *y, uint16_t *winner) {
  float best = -INFINITY;
  ptrdiff_t place = 0;
  for (ptrdiff_t dy = c.dy0; dy < c.dy1; dy++) {
    for (ptrdiff_t dx = c.dx0; dx < c.dx1; dx++) {
      float value = *pixel(w, x, c, dy, dx);
      // No branch: which is the greatest cannot be predicted.
      int greater = value > best;
      best = greater ? value : best;
      place = greater ? dy * w->kernel_width + dx : place;
    }
  }
  *y = best;
  *winner = (uint16_t)place;
}

CK_CLONES void ck_max_pool(const ck_window *w, size_t count, const float *x, float *y, uint16_t *winners) {
  ptrdiff_t channels = w->channels;
  for (size_t n = 0; n < count; n++, x += w->height * w->width * channels) {
    FOR_EACH_OUTPUT(w) {
      cut c = cut_to_image(w, row, column);
      ptrdiff_t i = 0;
      for (; i + 16 <= channels; i += 16) max_of_16(w, c, x + i, y + i, winners + i);
      for (; i + 8 <= channels; i += 8) max_of_8(w, c, x + i, y + i, winners + i);
      for (; i + 4 <= channels; i += 4) max_of_4(w, c, x + i, y + i, winners + i);
      if (i < channels && channels >= 4) {
        // The last four once more, some of them a second time.
        i = channels - 4;
        max_of_4(w, c, x + i, y + i, winners + i);
        i = channels;
      }
      for (; i < channels; i++) max_of_one(w, c, x + i, y + i, winners + i);
      y += channels;
      winners += channels;
    }
  }
}

CK_CLONES void ck_max_pool_gradient(const ck_window *w, size_t count, const float *dy, const uint16_t *winners,
                                    float *dx) {
  ptrdiff_t channels = w->channels, size = w->height * w->width * channels;
  memset(dx, 0, count * (size_t)size * sizeof(float));
  for (size_t n = 0; n < count; n++, dx += size) {
    FOR_EACH_OUTPUT(w) {
      cut c = cut_to_image(w, row, column);
      ptrdiff_t i = 0;
      for (; i + 16 <= channels; i += 16) spread_16(w, c, dy + i, winners + i, dx + i);
      for (; i + 8 <= channels; i += 8) spread_8(w, c, dy + i, winners + i, dx + i);
      for (; i + 4 <= channels; i += 4) spread_4(w, c, dy + i, winners + i, dx + i);
      for (; i < channels; i++) {
        ptrdiff_t ky = winners[i] / w->kernel_width, kx = winners[i] % w->kernel_width;
        // A window without any number greater than -infinity has no winner, and 0 may be padding.
        int on_image = ky >= c.dy0 && ky < c.dy1 && kx >= c.dx0 && kx < c.dx1;
        if (on_image) *pixel_to_change(w, dx + i, c, ky, kx) += dy[i];
      }
      dy += channels;
      winners += channels;
    }
  }
}

CK_CLONES void ck_average_pool(const ck_window *w, size_t count, const float *x, float *y) {
  ptrdiff_t channels = w->channels;
  for (size_t n = 0; n < count; n++, x += w->height * w->width * channels) {
    FOR_EACH_OUTPUT(w) {
      cut c = cut_to_image(w, row, column);
      float share = 1.0f / (float)((c.dy1 - c.dy0) * (c.dx1 - c.dx0));
      memset(y, 0, (size_t)channels * sizeof(float));
      for (ptrdiff_t ky = c.dy0; ky < c.dy1; ky++) {
        for (ptrdiff_t kx = c.dx0; kx < c.dx1; kx++) {
          const float *p = pixel(w, x, c, ky, kx);
          for (ptrdiff_t i = 0; i < channels; i++) y[i] += share * p[i];
        }
      }
      y += channels;
    }
  }
}

CK_CLONES void ck_average_pool_gradient(const ck_window *w, size_t count, const float *dy, float *dx) {
  ptrdiff_t channels = w->channels, size = w->height * w->width * channels;
  memset(dx, 0, count * (size_t)size * sizeof(float));
  for (size_t n = 0; n < count; n++, dx += size) {
    FOR_EACH_OUTPUT(w) {
      cut c = cut_to_image(w, row, column);
      float share = 1.0f / (float)((c.dy1 - c.dy0) * (c.dx1 - c.dx0));
      for (ptrdiff_t ky = c.dy0; ky < c.dy1; ky++) {
        for (ptrdiff_t kx = c.dx0; kx < c.dx1; kx++) {
          float *p = pixel_to_change(w, dx, c, ky, kx);
          for (ptrdiff_t i = 0; i < channels; i++) p[i] += share * dy[i];
        }
      }
      dy += channels;
    }
  }
}

void ck_patches(const ck_window *w, ptrdiff_t first, ptrdiff_t part, const float *x, float *patches) {
  ptrdiff_t row_count = w->kernel_width * part;
  memset(patches, 0, (size_t)(w->output_height * w->output_width * w->kernel_height * row_count) * sizeof(float));
  FOR_EACH_OUTPUT(w) {
    cut c = cut_to_image(w, row, column);
    for (ptrdiff_t ky = c.dy0; ky < c.dy1; ky++) {
      const float *line = x + (c.top + ky * w->dilation_height) * w->width * w->channels + first;
      float *target = patches + ky * row_count;
      if (part == w->channels && w->dilation_width == 1) {
        if (c.dx1 <= c.dx0) continue;
        memcpy(target + c.dx0 * part, line + (c.left + c.dx0) * part, (size_t)((c.dx1 - c.dx0) * part) * sizeof(float));
        continue;
      }
      for (ptrdiff_t kx = c.dx0; kx < c.dx1; kx++) {
        memcpy(target + kx * part, line + (c.left + kx * w->dilation_width) * w->channels, (size_t)part * sizeof(float));
      }
    }
    patches += w->kernel_height * row_count;
  }
}

void ck_patches_by_channel(const ck_window *w, const float *x, float *patches) {
  ptrdiff_t taps = w->kernel_height * w->kernel_width, size = w->channels * taps;
  memset(patches, 0, (size_t)(w->output_height * w->output_width * size) * sizeof(float));
  FOR_EACH_OUTPUT(w) {
    cut c = cut_to_image(w, row, column);
    for (ptrdiff_t ky = c.dy0; ky < c.dy1; ky++) {
      for (ptrdiff_t kx = c.dx0; kx < c.dx1; kx++) {
        const float *p = x + ((c.top + ky * w->dilation_height) * w->width + c.left + kx * w->dilation_width) * w->channels;
        float *target = patches + ky * w->kernel_width + kx;
        for (ptrdiff_t i = 0; i < w->channels; i++) target[i * taps] = p[i];
      }
    }
    patches += size;
  }
}

void ck_spread_pixels(ptrdiff_t height, ptrdiff_t width, ptrdiff_t line, ptrdiff_t offset, ptrdiff_t size,
                      const float *matrix, float *spread) {
  memset(spread, 0, (size_t)(size * size) * sizeof(float));
  for (ptrdiff_t r = 0; r < height; r++) {
    for (ptrdiff_t c = 0; c < width; c++) {
      float *row = spread + (offset + r * line + c) * size + offset;
      for (ptrdiff_t other = 0; other < height; other++, matrix += width) {
        memcpy(row + other * line, matrix, (size_t)width * sizeof(float));
      }
    }
  }
}

void ck_take_columns(size_t rows, size_t stride, size_t first, size_t columns, const float *matrix, float *part) {
  for (size_t i = 0; i < rows; i++) memcpy(part + i * columns, matrix + i * stride + first, columns * sizeof(float));
}
