#include "collector/listeners/elastic_submission.hpp"

#include <utility>

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include "collector/listeners/elastic_startup.hpp"
#include "net/digest.hpp"

namespace canhgac::collector {
namespace {

constexpr std::chrono::milliseconds kHoldWhileStopping{2'000};
constexpr const char* kRetryAfterSeconds = "10";

} // namespace

ElasticSubmission::ElasticSubmission(boost::asio::io_context& context, event::RecordSink& sink, ListenerLedger& ledger,
                                     SubmissionLimits limits, std::shared_ptr<const std::atomic<bool>> stopping)
    : timer_(context), sink_(sink), ledger_(ledger), limits_(limits), stopping_(std::move(stopping)) {}

void ElasticSubmission::start(std::shared_ptr<net::HttpExchange> exchange, BulkRequest request, PeerCounters& counters,
                              std::string index) {
    exchange_ = std::move(exchange);
    request_ = std::move(request);
    counters_ = &counters;
    index_ = index.empty() ? std::string("logs") : json_text(index);
    started_ = std::chrono::steady_clock::now();
    ledger_.received(counters, request_.records, request_.bytes);
    open_.store(request_.batches.size() + 1, std::memory_order_relaxed);
    submit_next();
}

void ElasticSubmission::submit_next() {
    while (next_ < request_.batches.size()) {
        std::unique_ptr<event::RecordBatch>& batch = request_.batches[next_];
        if (!batch->done) {
            batch->done = [self = shared_from_this(), records = batch->records.size()](bool durable) {
                self->finished(records, durable);
            };
        }
        if (!sink_.try_submit(batch)) {
            wait();
            return;
        }
        ++next_;
    }
    settle_one();
}

void ElasticSubmission::wait() {
    std::chrono::milliseconds hold = next_ == 0 ? limits_.hold : limits_.hold_part;
    if (stopping_->load(std::memory_order_relaxed)) { hold = std::min(hold, kHoldWhileStopping); }
    // A part refused already decides the fate of the whole.
    if (refused_.load(std::memory_order_relaxed) || std::chrono::steady_clock::now() - started_ >= hold) {
        give_up();
        return;
    }
    timer_.expires_after(limits_.retry);
    timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
        if (!error) { self->submit_next(); }
    });
}

void ElasticSubmission::give_up() {
    refused_.store(true);
    std::uint64_t records = 0;
    std::size_t batches = 0;
    for (; next_ < request_.batches.size(); ++next_) {
        records += request_.batches[next_]->records.size();
        request_.batches[next_]->done = nullptr; // holds this object
        ++batches;
    }
    ledger_.rejected(*counters_, Rejected::overload, records);
    // The last of the open ones is ours.
    open_.fetch_sub(batches, std::memory_order_acq_rel);
    settle_one();
}

void ElasticSubmission::finished(std::size_t records, bool durable) {
    if (durable) {
        ledger_.committed(*counters_, records);
    } else {
        ledger_.rejected(*counters_, Rejected::store_refused, records);
        refused_.store(true);
    }
    settle_one();
}

void ElasticSubmission::settle_one() {
    if (open_.fetch_sub(1, std::memory_order_acq_rel) != 1) { return; }
    // We may be on the committing thread: making the answer is work for an I/O thread.
    boost::asio::post(timer_.get_executor(), [self = shared_from_this()] { self->answer(); });
}

void ElasticSubmission::answer() {
    if (refused_.load()) {
        net::HttpResponse response = elastic_error(429, "es_rejected_execution_exception",
                                                   "the store cannot take the request now; send all of it again");
        response.headers.emplace_back("Retry-After", kRetryAfterSeconds);
        exchange_->respond(std::move(response));
    } else {
        const auto took =
            std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - started_);
        exchange_->respond(net::make_response(
            200, "application/json",
            bulk_answer(request_, static_cast<std::uint64_t>(took.count()), index_, net::random_hex(8))));
    }
    exchange_.reset();
}

} // namespace canhgac::collector
