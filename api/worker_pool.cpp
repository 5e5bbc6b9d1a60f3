#include "api/worker_pool.hpp"

#include <utility>

namespace canhgac::api {

WorkerPool::WorkerPool(std::size_t threads, std::size_t queued) : limit_(queued) {
    for (std::size_t i = 0; i < threads; ++i) {
        threads_.emplace_back([this] { run(); });
    }
}

WorkerPool::~WorkerPool() {
    stop();
}

bool WorkerPool::submit(Task task) {
    {
        const std::scoped_lock lock(mutex_);
        if (stopping_ || tasks_.size() >= limit_) { return false; }
        tasks_.push_back(std::move(task));
    }
    changed_.notify_one();
    return true;
}

void WorkerPool::stop() {
    {
        const std::scoped_lock lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    for (auto& thread : threads_) {
        if (thread.joinable()) { thread.join(); }
    }
}

void WorkerPool::run() {
    for (;;) {
        Task task;
        {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [this] { return stopping_ || !tasks_.empty(); });
            if (tasks_.empty()) { return; }
            task = std::move(tasks_.front());
            tasks_.pop_front();
        }
        task();
    }
}

} // namespace canhgac::api
