/// One `_bulk` request on its way through the store: all of it, then one answer.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "collector/ledger.hpp"
#include "collector/protocols/elastic_bulk.hpp"
#include "event/record.hpp"
#include "net/http_server.hpp"

namespace canhgac::collector {

struct SubmissionLimits {
    std::chrono::milliseconds hold{20'000};      ///< the queue is full before anything was taken
    std::chrono::milliseconds hold_part{50'000}; ///< part of the request was taken already
    std::chrono::milliseconds retry{5};
};

/// Submits the batches in order, waits while the sink is full, answers once: 200 when everything is durable, 429 when
/// the sink stayed full or any part was refused. Keeps itself alive; needs sink, ledger and context until it ends.
class ElasticSubmission : public std::enable_shared_from_this<ElasticSubmission> {
public:
    /// `stopping` (of the listener) shortens the wait for a full sink.
    ElasticSubmission(boost::asio::io_context& context, event::RecordSink& sink, ListenerLedger& ledger,
                      SubmissionLimits limits, std::shared_ptr<const std::atomic<bool>> stopping);

    /// Counts the request as received and starts. `index` = the one of the path, or empty.
    void start(std::shared_ptr<net::HttpExchange> exchange, BulkRequest request, PeerCounters& counters,
               std::string index);

private:
    void submit_next();
    void wait();
    void give_up();
    void finished(std::size_t records, bool durable);
    void settle_one();
    void answer();

    boost::asio::steady_timer timer_;
    event::RecordSink& sink_;
    ListenerLedger& ledger_;
    const SubmissionLimits limits_;
    const std::shared_ptr<const std::atomic<bool>> stopping_;

    std::shared_ptr<net::HttpExchange> exchange_;
    BulkRequest request_;
    PeerCounters* counters_ = nullptr;
    std::string index_;
    std::chrono::steady_clock::time_point started_;
    std::size_t next_ = 0; ///< batch to submit; touched by one thread at a time
    /// Batches not settled, and one for the submitting side: whoever brings it to zero answers.
    std::atomic<std::size_t> open_{0};
    std::atomic<bool> refused_{false};
};

} // namespace canhgac::collector
