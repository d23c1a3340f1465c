#include "window.h"

#include <math.h>
#include <string.h>

#include "clones.h"

// Channels are the inner loop: adjacent in memory, and the same for every pixel of a window. A window is cut to the
// image first, so that no loop tests for padding.

typedef struct {
  ptrdiff_t top, left;                // Of the window in the image; negative in the padding.
  ptrdiff_t dy0, dy1, dx0, dx1;       // The part of the kernel that is on the image.
} cut;

CK_INLINE cut cut_to_image(const ck_window *w, ptrdiff_t row, ptrdiff_t column) {
  ptrdiff_t top = row * w->stride_height - w->top, left = column * w->stride_width - w->left;
  ptrdiff_t below = w->height - top, right = w->width - left;
  return (cut){
      .top = top,
      .left = left,
      .dy0 = top < 0 ? -top : 0,
      .dy1 = below < w->kernel_height ? below : w->kernel_height,
      .dx0 = left < 0 ? -left : 0,
      .dx1 = right < w->kernel_width ? right : w->kernel_width,
  };
}

#define FOR_EACH_OUTPUT(w)                               \
  for (ptrdiff_t row = 0; row < (w)->output_height; row++) \
    for (ptrdiff_t column = 0; column < (w)->output_width; column++)

CK_INLINE const float *pixel(const ck_window *w, const float *x, cut c, ptrdiff_t dy, ptrdiff_t dx) {
  return x + ((c.top + dy) * w->width + c.left + dx) * w->channels;
}

CK_INLINE void max_of_window(const ck_window *w, cut c, const float *restrict x, ptrdiff_t channels,
                             float *restrict y, uint16_t *restrict winner) {
  for (ptrdiff_t i = 0; i < channels; i++) y[i] = -INFINITY;
  for (ptrdiff_t i = 0; i < channels; i++) winner[i] = 0;
  for (ptrdiff_t dy = c.dy0; dy < c.dy1; dy++) {
    for (ptrdiff_t dx = c.dx0; dx < c.dx1; dx++) {
      const float *p = pixel(w, x, c, dy, dx);
      uint16_t position = (uint16_t)(dy * w->kernel_width + dx);
      for (ptrdiff_t i = 0; i < channels; i++) {
        int greater = p[i] > y[i];
        winner[i] = greater ? position : winner[i];
        y[i] = greater ? p[i] : y[i];
      }
    }
  }
}

CK_CLONES void ck_max_pool(const ck_window *w, size_t count, const float *x, float *y, uint16_t *winners) {
  ptrdiff_t channels = w->channels;
  for (size_t n = 0; n < count; n++, x += w->height * w->width * channels) {
    FOR_EACH_OUTPUT(w) {
      cut c = cut_to_image(w, row, column);
      // A constant width lets a whole pixel stay in registers.
      ptrdiff_t i = 0;
      for (; i + 16 <= channels; i += 16) max_of_window(w, c, x + i, 16, y + i, winners + i);
      if (i < channels) max_of_window(w, c, x + i, channels - i, y + i, winners + i);
      y += channels;
      winners += channels;
    }
  }
}

CK_INLINE void spread_to_winner(const ck_window *w, cut c, const float *restrict dy, ptrdiff_t channels,
                                const uint16_t *restrict winner, float *restrict dx) {
  for (ptrdiff_t ky = c.dy0; ky < c.dy1; ky++) {
    for (ptrdiff_t kx = c.dx0; kx < c.dx1; kx++) {
      float *p = dx + ((c.top + ky) * w->width + c.left + kx) * w->channels;
      uint16_t position = (uint16_t)(ky * w->kernel_width + kx);
      for (ptrdiff_t i = 0; i < channels; i++) p[i] += winner[i] == position ? dy[i] : 0;
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
      for (; i + 16 <= channels; i += 16) spread_to_winner(w, c, dy + i, 16, winners + i, dx + i);
      if (i < channels) spread_to_winner(w, c, dy + i, channels - i, winners + i, dx + i);
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
          float *p = dx + ((c.top + ky) * w->width + c.left + kx) * channels;
          for (ptrdiff_t i = 0; i < channels; i++) p[i] += share * dy[i];
        }
      }
      dy += channels;
    }
  }
}

void ck_patches(const ck_window *w, const float *x, float *patches) {
  ptrdiff_t channels = w->channels, row_count = w->kernel_width * channels;
  memset(patches, 0, (size_t)(w->output_height * w->output_width * w->kernel_height * row_count) * sizeof(float));
  FOR_EACH_OUTPUT(w) {
    cut c = cut_to_image(w, row, column);
    for (ptrdiff_t ky = c.dy0; ky < c.dy1; ky++) {
      memcpy(patches + ky * row_count + c.dx0 * channels, pixel(w, x, c, ky, c.dx0),
             (size_t)((c.dx1 - c.dx0) * channels) * sizeof(float));
    }
    patches += w->kernel_height * row_count;
  }
}
