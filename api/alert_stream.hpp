/// Live alerts as Server-Sent Events (WHATWG HTML, section 9.2): one thread serves every client.
///
///   id: SEQUENCE          of the change; give it back as Last-Event-ID to go on after it
///   event: alert
///   data: {...}           alert_codec.hpp
///
/// A client that was away or is slow gets the newest state of each alert that changed meanwhile, in order of their
/// newest change; states in between are skipped. A comment line every 15 seconds keeps the connection.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "alerting/alert_book.hpp"
#include "common/clock.hpp"
#include "net/http_server.hpp"

namespace canhgac::api {

class AlertStream {
public:
    /// Also watches searches: see watch().
    AlertStream(alerting::AlertBook& book, std::size_t max_clients);
    ~AlertStream(); ///< stop()
    AlertStream(const AlertStream&) = delete;
    AlertStream& operator=(const AlertStream&) = delete;

    /// Answers the request with a stream, or with 503 when there are too many. Thread safe, does not block.
    void add(std::shared_ptr<net::HttpExchange> exchange);
    /// Sets `cancelled` once the client of `exchange` has gone, until `cancelled` has no other owner.
    void watch(std::shared_ptr<net::HttpExchange> exchange, std::shared_ptr<std::atomic<bool>> cancelled);
    [[nodiscard]] std::size_t clients() const noexcept;
    /// Ends the streams, joins. A second call does nothing.
    void stop();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace canhgac::api
