#include "api/tail_stream.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <sys/resource.h>

#include "api/problem.hpp"
#include "api/tail_client.hpp"

namespace canhgac::api {

namespace {

constexpr std::chrono::milliseconds kFullTick{50}; ///< a client reads slowly
constexpr std::chrono::milliseconds kNewsTick{100};
constexpr int kTailPriority = 10; ///< nice value of the thread

/// Last-Event-ID, as a header or (for the first connection of a browser) a query parameter.
std::string last_event_id(const net::HttpRequest& request) {
    std::string id(request.header("Last-Event-ID"));
    return id.empty() ? request.query_value("last_event_id") : id;
}

} // namespace

struct TailStream::Impl {
    Impl(const Services& given, const ApiLimits& limit) : services(given), limits(limit), alerts(given.alerts) {}

    const Services& services;
    ApiLimits limits;
    AlertEvents alerts;
    std::atomic<std::size_t> client_count{0};
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<std::unique_ptr<TailClient>> arrived; ///< guarded by mutex
    bool stopping = false;                            ///< guarded by mutex
    std::vector<std::unique_ptr<TailClient>> clients; ///< of the thread
    std::thread thread;

    void run();
    /// Waits for new clients, `tick` at most if there are some. False: stop.
    bool wait(std::chrono::milliseconds tick);
    /// Nothing, and the answer was given.
    [[nodiscard]] std::unique_ptr<TailClient> make_client(const std::shared_ptr<net::HttpExchange>& exchange) const;
};

bool TailStream::Impl::wait(std::chrono::milliseconds tick) {
    std::unique_lock lock(mutex);
    const auto called = [this] { return stopping || !arrived.empty(); };
    if (clients.empty()) {
        changed.wait(lock, called);
    } else {
        changed.wait_for(lock, tick, called);
    }
    for (auto& client : arrived) {
        clients.push_back(std::move(client));
    }
    arrived.clear();
    return !stopping;
}

void TailStream::Impl::run() {
    if (::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kTailPriority) != 0) {
        services.logger.warning("live tails: the thread keeps its priority");
    }
    for (auto tick = kNewsTick; wait(tick);) {
        tick = kNewsTick;
        std::erase_if(clients, [&](const std::unique_ptr<TailClient>& client) {
            const TailClient::Served served = client->serve();
            if (served == TailClient::Served::more) { tick = std::chrono::milliseconds(0); }
            if (served == TailClient::Served::full) { tick = std::min(tick, kFullTick); }
            if (served != TailClient::Served::gone) { return false; }
            --client_count;
            return true;
        });
    }
    clients.clear(); // destroying an exchange ends its stream
}

std::unique_ptr<TailClient> TailStream::Impl::make_client(const std::shared_ptr<net::HttpExchange>& exchange) const {
    const net::HttpRequest& request = exchange->request();
    const std::string query = request.query_value("q");
    if (query.size() > limits.max_query_bytes) {
        exchange->respond(problem(400, fmt::format("a query has at most {} bytes", limits.max_query_bytes)));
        return nullptr;
    }
    TailPlace place{services.events.committed(), 0, 0};
    if (const std::string id = last_event_id(request); !id.empty()) {
        const auto given = TailPlace::parse(id);
        if (!given || given->batch > place.batch || given->partly > place.batch) {
            exchange->respond(problem(400, fmt::format("Last-Event-ID must be a place in the store, such as {}.0; the "
                                                       "newest batch is {}",
                                                       place.batch, place.batch)));
            return nullptr;
        }
        place = *given;
    }
    auto client = TailClient::make({services, alerts, limits.tail_lag}, exchange, query, place);
    if (!client) {
        const storage::QueryError& error = client.error();
        exchange->respond(problem_at("query, line:column " + storage::describe(error), error.line, error.column));
        return nullptr;
    }
    return std::move(*client);
}

TailStream::TailStream(const Services& services, const ApiLimits& limits)
    : impl_(std::make_unique<Impl>(services, limits)) {
    impl_->thread = std::thread([impl = impl_.get()] { impl->run(); });
}

TailStream::~TailStream() {
    stop();
}

void TailStream::add(std::shared_ptr<net::HttpExchange> exchange) {
    if (impl_->client_count.fetch_add(1) >= impl_->limits.tails) {
        --impl_->client_count;
        exchange->respond(problem(503, "too many live tails are open"));
        return;
    }
    auto client = impl_->make_client(exchange);
    if (client == nullptr ||
        !exchange->start_stream(net::make_response(200, "text/event-stream", client->greeting()))) {
        --impl_->client_count;
        return;
    }
    {
        const std::scoped_lock lock(impl_->mutex);
        impl_->arrived.push_back(std::move(client));
    }
    impl_->changed.notify_one();
}

std::size_t TailStream::clients() const noexcept {
    return impl_->client_count;
}

void TailStream::stop() {
    {
        const std::scoped_lock lock(impl_->mutex);
        impl_->stopping = true;
    }
    impl_->changed.notify_all();
    if (impl_->thread.joinable()) { impl_->thread.join(); }
}

} // namespace canhgac::api
