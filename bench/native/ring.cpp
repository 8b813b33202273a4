// The yardstick: a ring between one producer and one consumer, as C++ can do it.
//
//     ring RECORD_BYTES RECORDS_PER_PUBLISH WARM_UP_COUNT COUNT
//
// The algorithm is Lamport's ("Specifying Concurrent Program Modules", 1983) with two habits of
// today's rings: each side keeps a copy of the other side's index and refreshes it only when the
// copy says full or empty, and each side publishes its own index once for several records. Records
// have one size, known at run time; there are no keys, no offsets and no second reader, nothing is
// kept, and a death of either side ends it all.
//
// Each side is bound to a core of its own. Left alone, the kernel now and then runs both in turn on
// one core, where nothing crosses between caches: that is another thing.
//
// Prints the nanoseconds from the first timed record until the last one was read, then the
// processor time in milliseconds. Ends with 1 if what arrived is not what was sent.
#ifdef __linux__
#include <sched.h>
#endif
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

// What a partition of Millrace has by default.
constexpr std::uint64_t RING_BYTES = 8 << 20;
// Two lines, since processors fetch neighbours in pairs.
constexpr std::size_t LINE_BYTES = 128;
constexpr int SPINS_BEFORE_YIELD = 1000;

// Gives the core back when there are fewer cores than threads.
void relax(int turn) {
  if (turn >= SPINS_BEFORE_YIELD) std::this_thread::yield();
}

class Ring {
 public:
  // Both are powers of two.
  Ring(std::uint64_t recordBytes, std::uint64_t recordsPerPublish)
      : recordBytes_(recordBytes),
        capacity_(RING_BYTES / recordBytes),
        recordsPerPublish_(recordsPerPublish),
        records_(RING_BYTES) {}

  // Sends records that begin with the numbers 0 to count - 1, from one buffer of the caller.
  void send(std::uint64_t count) {
    std::vector<unsigned char> record(recordBytes_);
    std::uint64_t tail = tail_.load(std::memory_order_relaxed);
    std::uint64_t published = tail;
    std::uint64_t limit = head_.load(std::memory_order_acquire) + capacity_;
    for (std::uint32_t number = 0; number < count; number++) {
      for (int turn = 0; tail == limit; relax(turn++)) {
        if (published != tail) tail_.store(published = tail, std::memory_order_release);
        limit = head_.load(std::memory_order_acquire) + capacity_;
      }
      std::memcpy(record.data(), &number, sizeof number);
      std::memcpy(slot(tail), record.data(), recordBytes_);
      tail++;
      if (tail - published >= recordsPerPublish_) {
        tail_.store(published = tail, std::memory_order_release);
      }
    }
    tail_.store(tail, std::memory_order_release);
  }

  // Reads the number of each record in place. Returns their sum.
  std::uint64_t receive(std::uint64_t count) {
    std::uint64_t head = head_.load(std::memory_order_relaxed);
    std::uint64_t published = head;
    std::uint64_t limit = tail_.load(std::memory_order_acquire);
    std::uint64_t sum = 0;
    for (std::uint64_t received = 0; received < count; received++) {
      for (int turn = 0; head == limit; relax(turn++)) {
        if (published != head) head_.store(published = head, std::memory_order_release);
        limit = tail_.load(std::memory_order_acquire);
      }
      std::uint32_t number;
      std::memcpy(&number, slot(head), sizeof number);
      sum += number;
      head++;
      if (head - published >= recordsPerPublish_) {
        head_.store(published = head, std::memory_order_release);
      }
    }
    head_.store(head, std::memory_order_release);
    return sum;
  }

 private:
  unsigned char *slot(std::uint64_t position) {
    return &records_[(position & (capacity_ - 1)) * recordBytes_];
  }

  const std::uint64_t recordBytes_;
  const std::uint64_t capacity_;
  const std::uint64_t recordsPerPublish_;
  std::vector<unsigned char> records_;
  // Records written; by the producer alone.
  alignas(LINE_BYTES) std::atomic<std::uint64_t> tail_{0};
  // Records read; by the consumer alone.
  alignas(LINE_BYTES) std::atomic<std::uint64_t> head_{0};
};

// Binds the calling thread to the first or second of the cores that the process may use.
void bindToCore(int which) {
#ifdef __linux__
  static const cpu_set_t allowed = [] {
    cpu_set_t set;
    sched_getaffinity(0, sizeof set, &set);
    return set;
  }();
  for (int core = 0; core < CPU_SETSIZE; core++) {
    if (!CPU_ISSET(core, &allowed) || which-- > 0) continue;
    cpu_set_t chosen;
    CPU_ZERO(&chosen);
    CPU_SET(core, &chosen);
    sched_setaffinity(0, sizeof chosen, &chosen);
    return;
  }
#else
  (void)which;
#endif
}

struct Run {
  Clock::time_point start;
  Clock::time_point end;
  bool isComplete;
};

Run runOnce(Ring &ring, std::uint64_t count) {
  Run run{};
  std::atomic<int> arrived{0};
  const auto meet = [&arrived] {
    arrived.fetch_add(1);
    while (arrived.load() < 2) std::this_thread::yield();
  };
  bindToCore(0);
  std::thread consumer([&] {
    bindToCore(1);
    meet();
    const std::uint64_t sum = ring.receive(count);
    run.end = Clock::now();
    run.isComplete = sum == count * (count - 1) / 2;
  });
  meet();
  run.start = Clock::now();
  ring.send(count);
  consumer.join();
  return run;
}

double processorMs() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto ms = [](const timeval &time) { return time.tv_sec * 1e3 + time.tv_usec / 1e3; };
  return ms(usage.ru_utime) + ms(usage.ru_stime);
}

}  // namespace

int main(int argumentCount, char **arguments) {
  if (argumentCount != 5) return 2;
  const auto number = [arguments](int index) {
    return std::strtoull(arguments[index], nullptr, 10);
  };
  Ring ring(number(1), number(2));
  const Run warmUp = runOnce(ring, number(3));
  const Run timed = runOnce(ring, number(4));
  const long long elapsedNs = std::chrono::nanoseconds(timed.end - timed.start).count();
  std::printf("%lld %.1f\n", elapsedNs, processorMs());
  return warmUp.isComplete && timed.isComplete ? 0 : 1;
}
