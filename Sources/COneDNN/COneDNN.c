#include "COneDNN.h"

// libdnnl is linked to an OpenMP runtime, which thereby is in the process; a weak reference avoids a build dependency
// on that runtime's own development files. A oneDNN built without OpenMP needs no call.
extern void omp_set_num_threads(int count) __attribute__((weak));

void onednn_use_one_thread(void) {
  if (omp_set_num_threads) omp_set_num_threads(1);
}
