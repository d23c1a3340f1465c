#define _GNU_SOURCE
#include "COneDNN.h"

#include <dlfcn.h>
#include <pthread.h>

// libdnnl brings an OpenMP runtime into the process. It is looked up by name: linking to it would need its own
// development files, and a oneDNN built without OpenMP has none and needs no call.
static void (*set_thread_count)(int);
static pthread_once_t looked_up = PTHREAD_ONCE_INIT;

static void look_up(void) { *(void **)&set_thread_count = dlsym(RTLD_DEFAULT, "omp_set_num_threads"); }

void onednn_use_one_thread(void) {
  pthread_once(&looked_up, look_up);
  if (set_thread_count) set_thread_count(1);
}
