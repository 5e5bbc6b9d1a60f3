/// Inside of the HTTP server: one connection, and the hand-over of answers to it from other threads.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>

#include "net/http_server.hpp"
#include "net/stream.hpp"

namespace canhgac::net {

/// What the connections of a server share. Outlives them.
struct HttpShared {
    HttpLimits limits;
    HttpHandler& handler;
    std::atomic<std::size_t> body_bytes{0}; ///< of requests being received or answered
    std::atomic<bool> stopping{false};
};

/// The exchange and the connection meet here. Thread safe.
class HttpChannel {
public:
    enum class State { waiting, answered, streaming, stream_finished };
    struct Taken {
        State state = State::waiting;
        std::optional<HttpResponse> head; ///< of an answer or a stream, once
        std::string parts;                ///< of a stream: what was queued
    };

    HttpChannel(std::size_t max_buffer, std::chrono::milliseconds stall_limit, const std::atomic<bool>& stopping)
        : max_buffer_(max_buffer), stall_limit_(stall_limit), stopping_(stopping) {}

    // For the exchange.
    bool respond(HttpResponse response);
    bool start_stream(HttpResponse head);
    bool write(std::string_view part);
    bool try_write(std::string_view part);
    void finish(bool without_answer);
    [[nodiscard]] bool closed() const noexcept;

    // For the connection.
    void set_wake(std::function<void()> wake);
    [[nodiscard]] Taken take();
    /// The connection has ended: from now on the exchange talks to nobody.
    void leave();

private:
    bool put_part(std::string_view part);

    const std::size_t max_buffer_;
    const std::chrono::milliseconds stall_limit_;
    const std::atomic<bool>& stopping_; ///< of the server; read only before leave()
    mutable std::mutex mutex_;
    std::condition_variable drained_;
    std::function<void()> wake_; ///< guarded by mutex_, as are those below; empty after leave()
    State state_ = State::waiting;
    std::optional<HttpResponse> head_;
    std::string parts_;
    bool gone_ = false;
};

/// Serves requests until the peer or a limit ends it.
[[nodiscard]] boost::asio::awaitable<void> serve_http(std::shared_ptr<Stream> stream, HttpShared& shared);

} // namespace canhgac::net
