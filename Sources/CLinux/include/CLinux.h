#pragma once

// System calls that Swift's Glibc module does not import. Each returns what the call returns, or -errno.

#include <stdint.h>
#include <sys/socket.h>

// EPOLLIN, EPOLLOUT, ... as constants of one type; the header's enumerators come to Swift as several.
static const uint32_t clinux_readable = 0x001;
static const uint32_t clinux_writable = 0x004;
static const uint32_t clinux_error = 0x008;
static const uint32_t clinux_hangup = 0x010;
static const uint32_t clinux_peer_closed = 0x2000;

typedef struct {
  uint32_t events;
  uint64_t token;
} clinux_event;

int clinux_epoll_create(void);
int clinux_epoll_add(int epoll, int descriptor, uint32_t events, uint64_t token);
int clinux_epoll_modify(int epoll, int descriptor, uint32_t events, uint64_t token);
// Waits for at most timeout_ms (-1: for ever) and writes at most `capacity` events; an interruption counts as none.
int clinux_epoll_wait(int epoll, clinux_event *events, int capacity, int timeout_ms);

int clinux_eventfd(void);

// Non-blocking and close-on-exec from birth: no fork in between can inherit them.
int clinux_socket(int family);
int clinux_accept(int listener, struct sockaddr *address, socklen_t *length);
