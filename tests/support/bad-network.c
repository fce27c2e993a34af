// A bad network: takes packets from a netfilter queue, loses some, holds each for a random time, so that later ones overtake it, and lets some come twice.
// bad-network QUEUE LOSS DUPLICATION DELAY_MS SPREAD_MS SEED; shares are between 0 and 1; SIGTERM ends it, and what it did is printed as JSON.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

// Marks a second copy, which is not to be queued again.
enum { mark = 0x77, held_max = 65536, packet_max = 2048, duplicate = 1 };

typedef struct {
  double due;
  uint32_t id;
  int is_copy, size;
  unsigned char bytes[packet_max];
} held;

static held *waiting[held_max];
static int waiting_count;
static long lost, passed, twice, overtaken;
static double newest_due;
static volatile sig_atomic_t over;
static uint64_t state;

static void stop(int signal) {
  (void)signal;
  over = 1;
}

static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

// xorshift64*: the same seed, the same fate.
static double draw(void) {
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  return (double)((state * 2685821657736338717ULL) >> 11) / 9007199254740992.0;
}

static void die(const char *what) {
  perror(what);
  exit(1);
}

// A heap by when they are due.
static void push(held *packet) {
  if (waiting_count == held_max) die("too many packets");
  int i = waiting_count++;
  for (; i > 0 && waiting[(i - 1) / 2]->due > packet->due; i = (i - 1) / 2) waiting[i] = waiting[(i - 1) / 2];
  waiting[i] = packet;
}

static held *pop(void) {
  held *first = waiting[0], *last = waiting[--waiting_count];
  int i = 0;
  for (;;) {
    int child = 2 * i + 1;
    if (child >= waiting_count) break;
    if (child + 1 < waiting_count && waiting[child + 1]->due < waiting[child]->due) child++;
    if (waiting[child]->due >= last->due) break;
    waiting[i] = waiting[child];
    i = child;
  }
  waiting[i] = last;
  return first;
}

typedef struct {
  struct nlmsghdr head;
  struct nfgenmsg general;
  struct nlattr attribute;
  unsigned char value[64];
} message;

static void tell(int netlink, int type, int flags, uint16_t queue, int attribute, const void *value, int size) {
  message m = {0};
  m.head.nlmsg_len = sizeof m.head + sizeof m.general + NLA_ALIGN(sizeof m.attribute + size);
  m.head.nlmsg_type = (NFNL_SUBSYS_QUEUE << 8) | type;
  m.head.nlmsg_flags = NLM_F_REQUEST | flags;
  m.general = (struct nfgenmsg){AF_UNSPEC, NFNETLINK_V0, htons(queue)};
  m.attribute = (struct nlattr){sizeof m.attribute + size, attribute};
  memcpy(m.value, value, size);
  if (send(netlink, &m, m.head.nlmsg_len, 0) < 0) die("netlink");
}

static void judge(int netlink, uint16_t queue, uint32_t id, uint32_t verdict) {
  struct nfqnl_msg_verdict_hdr header = {htonl(verdict), id};
  tell(netlink, NFQNL_MSG_VERDICT, 0, queue, NFQA_VERDICT_HDR, &header, sizeof header);
}

static held *copy_of(const unsigned char *bytes, int size, double due) {
  held *packet = calloc(1, sizeof *packet);
  packet->due = due;
  packet->size = size;
  memcpy(packet->bytes, bytes, size);
  if (due < newest_due) overtaken++;
  else newest_due = due;
  return packet;
}

int main(int count, char **words) {
  if (count != 7) die("usage: bad-network QUEUE LOSS DUPLICATION DELAY_MS SPREAD_MS SEED");
  uint16_t queue = atoi(words[1]);
  double loss = atof(words[2]), duplication = atof(words[3]), delay = atof(words[4]), spread = atof(words[5]);
  state = strtoull(words[6], NULL, 10) * 2862933555777941757ULL + 3037000493ULL;
  struct sigaction ending = {.sa_handler = stop};
  sigaction(SIGTERM, &ending, NULL);
  int netlink = socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER), raw = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
  int room = 8 << 20, copies = mark, one = 1;
  if (netlink < 0 || raw < 0) die("socket");
  setsockopt(netlink, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
  setsockopt(netlink, SOL_NETLINK, NETLINK_NO_ENOBUFS, &one, sizeof one);
  if (setsockopt(raw, SOL_SOCKET, SO_MARK, &copies, sizeof copies) < 0) die("mark");
  struct nfqnl_msg_config_cmd bind_it = {NFQNL_CFG_CMD_BIND, 0, htons(AF_INET)};
  struct nfqnl_msg_config_params whole = {htonl(packet_max), NFQNL_COPY_PACKET};
  uint32_t longest = htonl(held_max);
  tell(netlink, NFQNL_MSG_CONFIG, 0, queue, NFQA_CFG_CMD, &bind_it, sizeof bind_it);
  tell(netlink, NFQNL_MSG_CONFIG, 0, queue, NFQA_CFG_PARAMS, &whole, sizeof whole);
  tell(netlink, NFQNL_MSG_CONFIG, NLM_F_ACK, queue, NFQA_CFG_QUEUE_MAXLEN, &longest, sizeof longest);
  static unsigned char buffer[1 << 16];
  while (!over) {
    double now = now_ms();
    while (waiting_count > 0 && waiting[0]->due <= now) {
      held *packet = pop();
      if (packet->is_copy) {
        struct sockaddr_in to = {.sin_family = AF_INET};
        memcpy(&to.sin_addr, packet->bytes + 16, 4);
        sendto(raw, packet->bytes, packet->size, 0, (struct sockaddr *)&to, sizeof to);
      } else
        judge(netlink, queue, packet->id, NF_ACCEPT);
      free(packet);
    }
    double left = waiting_count > 0 ? waiting[0]->due - now_ms() : 1000;
    struct timespec patience = {(time_t)(left / 1e3), (long)((left > 0 ? left - (int)(left / 1e3) * 1e3 : 0) * 1e6)};
    struct pollfd readable = {netlink, POLLIN, 0};
    if (ppoll(&readable, 1, &patience, NULL) <= 0) continue;
    int size = recv(netlink, buffer, sizeof buffer, MSG_DONTWAIT);
    for (struct nlmsghdr *m = (struct nlmsghdr *)buffer; size > 0 && NLMSG_OK(m, (unsigned)size); m = NLMSG_NEXT(m, size)) {
      if (m->nlmsg_type == NLMSG_ERROR) {
        const struct nlmsgerr *answer = NLMSG_DATA(m);
        if (answer->error != 0) return fprintf(stderr, "netlink: %s\n", strerror(-answer->error)), 1;
        puts("ready");
        fflush(stdout);
        continue;
      }
      unsigned char *at = (unsigned char *)NLMSG_DATA(m) + sizeof(struct nfgenmsg), *end = (unsigned char *)m + m->nlmsg_len;
      const unsigned char *bytes = NULL;
      uint32_t id = 0;
      int length = 0;
      while (at + sizeof(struct nlattr) <= end) {
        const struct nlattr *attribute = (const struct nlattr *)at;
        int kind = attribute->nla_type & NLA_TYPE_MASK;
        if (kind == NFQA_PACKET_HDR) id = ((const struct nfqnl_msg_packet_hdr *)(at + NLA_HDRLEN))->packet_id;
        if (kind == NFQA_PAYLOAD) bytes = at + NLA_HDRLEN, length = attribute->nla_len - NLA_HDRLEN;
        at += NLA_ALIGN(attribute->nla_len);
      }
      if (bytes == NULL || draw() < loss) {
        lost++;
        judge(netlink, queue, id, NF_DROP);
        continue;
      }
      double due = now_ms() + delay + (2 * draw() - 1) * spread;
      held *packet = copy_of(bytes, 0, due);
      packet->id = id;
      push(packet);
      passed++;
      if (draw() >= duplication || length > packet_max || length < 28) continue;
      held *again = copy_of(bytes, length, now_ms() + delay + (2 * draw() - 1) * spread);
      again->is_copy = duplicate;
      // What stays inside a machine may carry no finished checksum; none at all is allowed over IPv4.
      memset(again->bytes + (again->bytes[0] & 15) * 4 + 6, 0, 2);
      push(again);
      twice++;
    }
  }
  printf("{\"passed\":%ld,\"lost\":%ld,\"twice\":%ld,\"overtaken\":%ld}\n", passed, lost, twice, overtaken);
  return 0;
}
