#include "pool.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

typedef struct {
  ck_pool *pool;
  pthread_t thread;
  int number;
} member;

struct ck_pool {
  pthread_mutex_t lock;
  pthread_cond_t begin, end;
  void (*work)(void *context, int member);
  void *context;
  unsigned long round;  // Counts runs; a member that sees a new number has work.
  int running;          // Members, other than the caller, that have not finished this round.
  int stopping;
  int threads;  // Started threads: members 1 ... threads.
  member members[];
};

static void *serve(void *argument) {
  member *self = argument;
  ck_pool *pool = self->pool;
  unsigned long seen = 0;
  pthread_mutex_lock(&pool->lock);
  for (;;) {
    while (pool->round == seen && !pool->stopping) pthread_cond_wait(&pool->begin, &pool->lock);
    if (pool->stopping) break;
    seen = pool->round;
    pthread_mutex_unlock(&pool->lock);
    pool->work(pool->context, self->number);
    pthread_mutex_lock(&pool->lock);
    if (--pool->running == 0) pthread_cond_signal(&pool->end);
  }
  pthread_mutex_unlock(&pool->lock);
  return NULL;
}

ck_pool *ck_pool_create(int members) {
  if (members < 1) return NULL;
  ck_pool *pool = calloc(1, sizeof(ck_pool) + (size_t)(members - 1) * sizeof(member));
  if (!pool) return NULL;
  pthread_mutex_init(&pool->lock, NULL);
  pthread_cond_init(&pool->begin, NULL);
  pthread_cond_init(&pool->end, NULL);
  // Signals are for the thread that waits for them, not for arithmetic.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int failed = 0;
  while (pool->threads < members - 1 && !failed) {
    member *next = &pool->members[pool->threads];
    *next = (member){.pool = pool, .number = pool->threads + 1};
    failed = pthread_create(&next->thread, NULL, serve, next);
    if (!failed) pool->threads += 1;
  }
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (failed) {
    ck_pool_destroy(pool);
    return NULL;
  }
  return pool;
}

void ck_pool_run(ck_pool *pool, void (*work)(void *context, int member), void *context) {
  if (pool->threads > 0) {
    pthread_mutex_lock(&pool->lock);
    pool->work = work;
    pool->context = context;
    pool->running = pool->threads;
    pool->round += 1;
    pthread_cond_broadcast(&pool->begin);
    pthread_mutex_unlock(&pool->lock);
  }
  work(context, 0);
  if (pool->threads > 0) {
    pthread_mutex_lock(&pool->lock);
    while (pool->running > 0) pthread_cond_wait(&pool->end, &pool->lock);
    pthread_mutex_unlock(&pool->lock);
  }
}

void ck_pool_destroy(ck_pool *pool) {
  if (!pool) return;
  pthread_mutex_lock(&pool->lock);
  pool->stopping = 1;
  pthread_cond_broadcast(&pool->begin);
  pthread_mutex_unlock(&pool->lock);
  for (int i = 0; i < pool->threads; i++) pthread_join(pool->members[i].thread, NULL);
  pthread_cond_destroy(&pool->begin);
  pthread_cond_destroy(&pool->end);
  pthread_mutex_destroy(&pool->lock);
  free(pool);
}
