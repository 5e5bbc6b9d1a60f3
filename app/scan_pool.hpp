/// Runs the batches of `scan` on worker threads and hands their results on in order.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "app/scan_worker.hpp"

namespace canhgac::app {

/// add() and finish() from one thread. Holds at most six jobs a thread; add() waits for room.
class ScanPool {
public:
    /// Called in the order of ScanJob::number, never by two threads at once; on a worker's thread unless there is one
    /// only.
    using Deliver = std::function<void(const ScanJob&, ScanResult&&)>;

    /// `threads` == 1: everything runs inside add().
    ScanPool(unsigned threads, const std::function<std::unique_ptr<ScanWorker>()>& workers, Deliver deliver);
    ~ScanPool();
    ScanPool(const ScanPool&) = delete;
    ScanPool& operator=(const ScanPool&) = delete;

    /// Numbers must count up from 0.
    void add(ScanJob job);
    /// Returns when every result was delivered. No add() afterwards.
    void finish();

private:
    void work(ScanWorker& worker);

    Deliver deliver_;
    std::size_t limit_;
    std::unique_ptr<ScanWorker> inline_;
    std::mutex mutex_;
    std::condition_variable ready_;
    std::condition_variable room_;
    std::deque<ScanJob> queue_;                                       ///< guarded by mutex_
    std::map<std::uint64_t, std::pair<ScanJob, ScanResult>> waiting_; ///< guarded by mutex_
    std::uint64_t next_ = 0;                                          ///< guarded by mutex_
    bool done_ = false;                                               ///< guarded by mutex_
    std::vector<std::unique_ptr<ScanWorker>> workers_;                ///< one for each thread
    std::vector<std::thread> threads_;
};

} // namespace canhgac::app
