#pragma once

#include <cstdint>

namespace pixcon {

/**
 * Runs `task(index)` for every index below `count`, on the caller's thread and on a few others. Tasks are handed out
 * one after another, so that a thread which is held up keeps nobody waiting for more than its task.
 *
 * Its threads are as many as TF_NUM_INTRAOP_THREADS says, else as run at once here.
 */
void parallelFor(int64_t count, void (*task)(void* state, int64_t index), void* state);

template <class Task>
void parallelFor(int64_t count, const Task& task) {
  parallelFor(
      count, [](void* state, int64_t index) { (*static_cast<const Task*>(state))(index); },
      const_cast<Task*>(&task));
}

/** Equal shares of `length` things, of at least `minimum` each, and `most` at most. */
struct Shares {
  Shares(int64_t length, int64_t minimum, int64_t most = 64);

  int64_t begin(int64_t index) const { return length * index / count; }
  int64_t end(int64_t index) const { return length * (index + 1) / count; }

  int64_t length;
  int64_t count;
};

}  // namespace pixcon
