// Both ends of many calls: each line of standard input, "OWN PORT PEER PORT", is a leg that sends 50 packets of G.711 a second and counts what comes to it.
// voices SECONDS; prints as JSON what was sent and received, how often a leg heard nothing for a second, and how long packets were on their way, in µs.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

enum { legs_max = 8192, bins = 20000, bin_us = 10, packet_size = 172 };
typedef struct {
  int socket;
  struct sockaddr_in peer;
  uint32_t sent;
  int64_t due, heard;
} leg;

static leg legs[legs_max];
static long waits[bins];

static int64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static struct sockaddr_in place(const char *address, int port) {
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
  inet_aton(address, &a.sin_addr);
  return a;
}

static long at_share(long all, double share) {
  long seen = 0;
  for (int i = 0; i < bins; i++)
    if ((seen += waits[i]) >= all * share) return (long)i * bin_us;
  return (long)bins * bin_us;
}

int main(int words, char **word) {
  double seconds = words > 1 ? atof(word[1]) : 10;
  int count = 0, port, peer_port, epoll = epoll_create1(0), room = 1 << 20;
  char own[64], peer[64];
  while (count < legs_max && scanf("%63s %d %63s %d", own, &port, peer, &peer_port) == 4) {
    leg *l = &legs[count];
    struct sockaddr_in mine = place(own, port);
    l->peer = place(peer, peer_port);
    l->socket = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    setsockopt(l->socket, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    if (bind(l->socket, (struct sockaddr *)&mine, sizeof mine) < 0) return perror("bind"), 1;
    struct epoll_event wanted = {.events = EPOLLIN, .data.u32 = count++};
    epoll_ctl(epoll, EPOLL_CTL_ADD, l->socket, &wanted);
  }
  const int64_t frame = 20000000, begin = now_ns(), end = begin + (int64_t)(seconds * 1e9);
  for (int i = 0; i < count; i++) legs[i].due = begin + frame * i / count, legs[i].heard = begin;
  long sent = 0, received = 0, silences = 0, late = 0;
  unsigned char packet[packet_size], got[2048];
  struct epoll_event ready[256];
  // What is on its way at the end is waited for.
  for (int next = 0; now_ns() < end + 500000000;) {
    int64_t now = now_ns();
    while (now < end && count > 0 && legs[next].due <= now) {
      leg *l = &legs[next];
      if (now - l->due > 5000000) late++;
      memset(packet, 0xd5, sizeof packet);
      packet[0] = 0x80, packet[1] = 0;
      *(uint16_t *)(packet + 2) = htons(l->sent), *(uint32_t *)(packet + 4) = htonl(l->sent * 160), *(uint32_t *)(packet + 8) = htonl(0x10000 + next);
      memcpy(packet + 12, &now, sizeof now);
      if (sendto(l->socket, packet, sizeof packet, 0, (struct sockaddr *)&l->peer, sizeof l->peer) == packet_size) sent++;
      l->sent++, l->due += frame, next = (next + 1) % count, now = now_ns();
    }
    int64_t left = count > 0 && now < end ? (legs[next].due - now) / 1000000 : 10;
    int some = epoll_wait(epoll, ready, 256, left < 0 ? 0 : left > 0 ? (int)left : 1);
    for (int i = 0; i < some; i++) {
      leg *l = &legs[ready[i].data.u32];
      for (int size; (size = recv(l->socket, got, sizeof got, 0)) > 0;) {
        if (size != packet_size || (got[1] & 0x7f) != 0) continue;
        int64_t at, arrived = now_ns();
        memcpy(&at, got + 12, sizeof at);
        // Sound of the node's own, as music, does not tell when it left.
        if (at < begin || at > arrived) continue;
        if (arrived - l->heard > 1000000000) silences++;
        l->heard = arrived, received++;
        int64_t bin = (arrived - at) / 1000 / bin_us;
        waits[bin < bins ? bin : bins - 1]++;
      }
    }
  }
  for (int i = 0; i < count; i++)
    if (end - legs[i].heard > 1000000000) silences++;
  printf("{\"legs\":%d,\"sent\":%ld,\"received\":%ld,\"silences\":%ld,\"sentLate\":%ld,\"p50\":%ld,\"p99\":%ld,\"p999\":%ld}\n", count, sent, received, silences, late,
         at_share(received, 0.5), at_share(received, 0.99), at_share(received, 0.999));
  return 0;
}
