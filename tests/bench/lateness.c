// What this machine itself does to a timer of 20 ms: a plain loop without any work. Prints how late it woke, in µs, one line for each tick, until SIGTERM.
#include <signal.h>
#include <stdio.h>
#include <time.h>

static volatile sig_atomic_t over;

static void stop(int signal) {
  (void)signal;
  over = 1;
}

int main(void) {
  struct sigaction ending = {.sa_handler = stop};
  sigaction(SIGTERM, &ending, NULL);
  struct timespec due, now;
  clock_gettime(CLOCK_MONOTONIC, &due);
  while (!over) {
    due.tv_nsec += 20000000;
    if (due.tv_nsec >= 1000000000) due.tv_nsec -= 1000000000, due.tv_sec++;
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
    clock_gettime(CLOCK_MONOTONIC, &now);
    printf("%ld\n", (now.tv_sec - due.tv_sec) * 1000000 + (now.tv_nsec - due.tv_nsec) / 1000);
  }
  return 0;
}
