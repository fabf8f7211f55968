#include "parallel.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <thread>

namespace pixcon {
namespace {

int threadCount() {
  const char* setting = std::getenv("TF_NUM_INTRAOP_THREADS");
  const int asked = setting ? std::atoi(setting) : 0;
  return asked > 0 ? asked : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

/** Threads that wait for work. Lives as long as the process: threads cannot be joined while libraries unload. */
class Pool {
 public:
  static Pool& get() {
    static Pool* pool = new Pool(threadCount());
    return *pool;
  }

  void run(int64_t count, void (*task)(void*, int64_t), void* state) {
    std::unique_lock<std::mutex> turn(turn_, std::try_to_lock);
    // Another thread of this process has the pool: its caller waits for nobody.
    if (helpers_ == 0 || count == 1 || !turn.owns_lock()) {
      for (int64_t index = 0; index < count; index++) task(state, index);
      return;
    }
    {
      std::lock_guard<std::mutex> lock(mutex_);
      task_ = task;
      state_ = state;
      count_ = count;
      next_.store(0, std::memory_order_relaxed);
      open_ = true;
      generation_.fetch_add(1, std::memory_order_release);
    }
    wake_.notify_all();
    work();
    std::unique_lock<std::mutex> lock(mutex_);
    // Who comes late finds no work, and must not see the next one's state half written.
    open_ = false;
    done_.wait(lock, [this] { return working_ == 0; });
  }

 private:
  explicit Pool(int threads) : helpers_(threads - 1) {
    for (int index = 0; index < helpers_; index++) std::thread([this] { help(); }).detach();
  }

  void help() {
    uint64_t seen = 0;
    for (;;) {
      // The second half of an operation follows at once; sleeping takes longer than that.
      for (int spin = 0; spin < 2000 && generation_.load(std::memory_order_acquire) == seen; spin++) pause();
      std::unique_lock<std::mutex> lock(mutex_);
      wake_.wait(lock, [&] { return generation_.load(std::memory_order_relaxed) != seen; });
      seen = generation_.load(std::memory_order_relaxed);
      if (!open_) continue;
      working_++;
      lock.unlock();
      work();
      lock.lock();
      if (--working_ == 0) done_.notify_one();
    }
  }

  void work() {
    for (;;) {
      const int64_t index = next_.fetch_add(1, std::memory_order_relaxed);
      if (index >= count_) return;
      task_(state_, index);
    }
  }

  static void pause() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
  }

  const int helpers_;
  std::mutex turn_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable done_;
  std::atomic<uint64_t> generation_{0};
  std::atomic<int64_t> next_{0};
  void (*task_)(void*, int64_t) = nullptr;
  void* state_ = nullptr;
  int64_t count_ = 0;
  int working_ = 0;
  bool open_ = false;
};

}  // namespace

void parallelFor(int64_t count, void (*task)(void* state, int64_t index), void* state) {
  if (count > 0) Pool::get().run(count, task, state);
}

Shares::Shares(int64_t length, int64_t minimum, int64_t most)
    : length(length), count(std::max<int64_t>(1, std::min(most, length / std::max<int64_t>(1, minimum)))) {}

}  // namespace pixcon
