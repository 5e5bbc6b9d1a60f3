/// Threads for what must not run on I/O threads: a bounded queue and N workers.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace canhgac::api {

/// Thread safe. A task that throws ends the process.
class WorkerPool {
public:
    using Task = std::function<void()>;
    WorkerPool(std::size_t threads, std::size_t queued);
    ~WorkerPool(); ///< stop()
    WorkerPool(const WorkerPool&) = delete;
    WorkerPool& operator=(const WorkerPool&) = delete;

    /// False when the queue is full or the pool is stopped: the task is not taken.
    [[nodiscard]] bool submit(Task task);
    /// Finishes what is queued, joins. A second call does nothing.
    void stop();

private:
    void run();

    std::size_t limit_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Task> tasks_; ///< guarded by mutex_
    bool stopping_ = false;  ///< guarded by mutex_
    std::vector<std::thread> threads_;
};

} // namespace canhgac::api
