#include "api/alert_stream.hpp"

#include <charconv>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "alerting/alert_codec.hpp"
#include "api/problem.hpp"

namespace canhgac::api {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kBusyTick{50};  ///< a client is behind, or a search is watched
constexpr std::chrono::milliseconds kIdleTick{500}; ///< to notice clients that have gone
constexpr std::chrono::seconds kHeartbeat{15};

/// Last-Event-ID, as a header or (for the first connection of a browser) a query parameter; `now` without one.
std::uint64_t first_position(const net::HttpRequest& request, std::uint64_t now) {
    std::string id(request.header("Last-Event-ID"));
    if (id.empty()) { id = request.query_value("last_event_id"); }
    std::uint64_t position = 0;
    const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), position);
    const bool good = !id.empty() && error == std::errc{} && end == id.data() + id.size();
    return good ? position : now;
}

} // namespace

struct AlertStream::Impl {
    struct Client {
        std::shared_ptr<net::HttpExchange> exchange;
        std::uint64_t position = 0;
        SteadyClock::time_point last_write;
    };
    struct Watched {
        std::shared_ptr<net::HttpExchange> exchange;
        std::shared_ptr<std::atomic<bool>> cancelled;
    };

    Impl(alerting::AlertBook& alerts, std::size_t limit) : book(alerts), max_clients(limit) {}

    alerting::AlertBook& book;
    std::size_t max_clients;
    std::atomic<std::size_t> client_count{0};
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<Client> arrived;   ///< guarded by mutex
    std::vector<Watched> to_watch; ///< guarded by mutex
    bool news = false;             ///< guarded by mutex
    bool stopping = false;         ///< guarded by mutex
    std::vector<Client> clients;   ///< of the thread
    std::vector<Watched> watched;  ///< of the thread
    std::unique_ptr<alerting::AlertBook::Subscription> subscription;
    std::thread thread;

    void run();
    bool serve(Client& client, bool& behind) const;
    void look_after_searches();
};

/// Sends what is new; false when the client has gone.
bool AlertStream::Impl::serve(Client& client, bool& behind) const {
    if (client.exchange->closed()) { return false; }
    const auto send = [&client](std::string_view text) {
        if (!client.exchange->try_write(text)) { return false; }
        client.last_write = SteadyClock::now();
        return true;
    };
    if (client.position < book.sequence()) {
        const auto read = book.changes_after(client.position, [&](const alerting::Alert& alert) {
            if (!send(fmt::format("id: {}\nevent: alert\ndata: {}\n\n", alert.sequence, encode_alert(alert)))) {
                behind = true;
                return false;
            }
            client.position = alert.sequence;
            return true;
        });
        if (!read) { behind = true; }
    }
    if (SteadyClock::now() - client.last_write >= kHeartbeat) {
        common::ignore(send(": still here\n\n"), "a full buffer has news enough");
    }
    return !client.exchange->closed();
}

void AlertStream::Impl::look_after_searches() {
    std::erase_if(watched, [](const Watched& search) {
        if (search.exchange->closed()) { search.cancelled->store(true); }
        return search.cancelled.use_count() == 1;
    });
}

void AlertStream::Impl::run() {
    bool behind = false;
    for (;;) {
        {
            std::unique_lock lock(mutex);
            const auto tick = behind || !watched.empty() ? kBusyTick : kIdleTick;
            changed.wait_for(lock, tick, [this] { return news || stopping || !arrived.empty() || !to_watch.empty(); });
            if (stopping) { break; }
            news = false;
            for (auto& client : arrived) {
                clients.push_back(std::move(client));
            }
            arrived.clear();
            for (auto& search : to_watch) {
                watched.push_back(std::move(search));
            }
            to_watch.clear();
        }
        behind = false;
        std::erase_if(clients, [&](Client& client) {
            if (serve(client, behind)) { return false; }
            --client_count;
            return true;
        });
        look_after_searches();
    }
    for (const auto& search : watched) {
        search.cancelled->store(true);
    }
    watched.clear();
    clients.clear(); // destroying an exchange ends its stream
}

AlertStream::AlertStream(alerting::AlertBook& book, std::size_t max_clients)
    : impl_(std::make_unique<Impl>(book, max_clients)) {
    impl_->subscription = book.subscribe([impl = impl_.get()](const alerting::Alert& /*alert*/, bool /*opened*/) {
        {
            const std::scoped_lock lock(impl->mutex);
            impl->news = true;
        }
        impl->changed.notify_one();
    });
    impl_->thread = std::thread([impl = impl_.get()] { impl->run(); });
}

AlertStream::~AlertStream() {
    stop();
}

void AlertStream::add(std::shared_ptr<net::HttpExchange> exchange) {
    if (impl_->client_count.fetch_add(1) >= impl_->max_clients) {
        --impl_->client_count;
        exchange->respond(problem(503, "too many live streams are open"));
        return;
    }
    const std::uint64_t position = first_position(exchange->request(), impl_->book.sequence());
    net::HttpResponse head = net::make_response(200, "text/event-stream", "retry: 2000\n\n");
    if (!exchange->start_stream(std::move(head))) {
        --impl_->client_count;
        return;
    }
    {
        const std::scoped_lock lock(impl_->mutex);
        impl_->arrived.push_back({std::move(exchange), position, SteadyClock::now()});
    }
    impl_->changed.notify_one();
}

void AlertStream::watch(std::shared_ptr<net::HttpExchange> exchange, std::shared_ptr<std::atomic<bool>> cancelled) {
    {
        const std::scoped_lock lock(impl_->mutex);
        impl_->to_watch.push_back({std::move(exchange), std::move(cancelled)});
    }
    impl_->changed.notify_one();
}

std::size_t AlertStream::clients() const noexcept {
    return impl_->client_count;
}

void AlertStream::stop() {
    impl_->subscription.reset();
    {
        const std::scoped_lock lock(impl_->mutex);
        impl_->stopping = true;
    }
    impl_->changed.notify_all();
    if (impl_->thread.joinable()) { impl_->thread.join(); }
}

} // namespace canhgac::api
