#pragma once

/// A fixed set of threads that runs one function on each of its members at a time.
///
/// The caller is member 0. Work is assigned by member number alone, never by who is free, so that results do not depend
/// on timing. Between runs the other members sleep.
typedef struct ck_pool ck_pool;

/// Makes a pool of `members` threads, the caller included; NULL if the system refuses.
ck_pool *ck_pool_create(int members);

/// Calls `work(context, member)` once for each member and returns when all have returned. From one thread at a time.
void ck_pool_run(ck_pool *pool, void (*work)(void *context, int member), void *context);

/// Ends the threads and frees the pool. NULL is allowed.
void ck_pool_destroy(ck_pool *pool);
