#pragma once

#include <oneapi/dnnl/dnnl.h>

/// Makes the calling thread run oneDNN's loops alone, without OpenMP helper threads.
///
/// The setting belongs to the thread (OpenMP's nthreads-var) and costs a store. We split work over our own threads by
/// example; OpenMP's helpers would spin on the same cores.
void onednn_use_one_thread(void);
