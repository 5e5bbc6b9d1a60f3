#include "app/scan_pool.hpp"

#include <utility>

namespace canhgac::app {

ScanPool::ScanPool(unsigned threads, const std::function<std::unique_ptr<ScanWorker>()>& workers, Deliver deliver)
    : deliver_(std::move(deliver)), limit_(2 * std::size_t{threads}) {
    if (threads == 1) {
        inline_ = workers();
        return;
    }
    for (unsigned i = 0; i < threads; ++i) {
        workers_.push_back(workers());
        threads_.emplace_back([this, worker = workers_.back().get()] { work(*worker); });
    }
}

ScanPool::~ScanPool() {
    finish();
}

void ScanPool::add(ScanJob job) {
    if (inline_) {
        auto result = inline_->run(job);
        deliver_(job, std::move(result));
        return;
    }
    std::unique_lock lock(mutex_);
    room_.wait(lock, [this] { return queue_.size() < limit_ && waiting_.size() < 2 * limit_; });
    queue_.push_back(std::move(job));
    ready_.notify_one();
}

void ScanPool::finish() {
    {
        const std::lock_guard lock(mutex_);
        done_ = true;
    }
    ready_.notify_all();
    for (std::thread& thread : threads_) {
        thread.join();
    }
    threads_.clear();
}

void ScanPool::work(ScanWorker& worker) {
    std::unique_lock lock(mutex_);
    for (;;) {
        ready_.wait(lock, [this] { return done_ || !queue_.empty(); });
        if (queue_.empty()) { return; }
        ScanJob job = std::move(queue_.front());
        queue_.pop_front();
        lock.unlock();
        room_.notify_one();
        ScanResult result = worker.run(job);
        lock.lock();
        const std::uint64_t number = job.number;
        waiting_.emplace(number, std::pair(std::move(job), std::move(result)));
        while (!waiting_.empty() && waiting_.begin()->first == next_) {
            auto& [its_job, its_result] = waiting_.begin()->second;
            deliver_(its_job, std::move(its_result));
            waiting_.erase(waiting_.begin());
            ++next_;
        }
        room_.notify_one();
    }
}

} // namespace canhgac::app
