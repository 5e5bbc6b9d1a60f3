/// HTTP/1.1 server: answers at once, later from another thread, or as a stream with back-pressure.
/// Keep-alive, HEAD, Expect: 100-continue, chunked requests; TLS by StreamServerConfig::tls. RFC 9110, RFC 9112.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/log.hpp"
#include "net/http_message.hpp"
#include "net/stream_server.hpp"

namespace canhgac::net {

struct HttpLimits {
    std::size_t max_header_bytes = 32 * 1024;
    std::size_t max_body_bytes = 100 * 1024 * 1024;
    std::size_t max_body_bytes_total = 512 * 1024 * 1024; ///< of all requests being received; above: 429 + Retry-After
    std::size_t max_stream_buffer = 1024 * 1024;          ///< queued bytes at which a streaming writer waits
    std::chrono::milliseconds header_limit{10'000};       ///< from the first byte of a request to its last header
    std::chrono::milliseconds idle_limit{75'000};         ///< between requests of a connection
    std::chrono::milliseconds stall_limit{30'000};        ///< no byte of a body read, or of a response written
    std::chrono::milliseconds answer_limit{120'000};      ///< for the handler: then 503 (not for streams)
};

/// One request and the way to answer it. Thread safe; keep it by shared_ptr for as long as needed. Destroyed without an
/// answer, 500 is sent. It may outlive its connection: then everything here does nothing and returns false.
class HttpExchange {
public:
    virtual ~HttpExchange() = default;

    [[nodiscard]] virtual const HttpRequest& request() const noexcept = 0;
    /// Takes the body out of the request (to move it on without a copy). Once, before answering.
    [[nodiscard]] virtual std::string take_body() = 0;

    /// The whole answer. Once; false if answered before or the client is gone.
    virtual bool respond(HttpResponse response) = 0;

    /// Starts a streamed answer (chunked; `head.body` is its first part).
    virtual bool start_stream(HttpResponse head) = 0;
    /// Queues a part; waits while max_stream_buffer bytes are queued. False when the client is gone or has stalled for
    /// stall_limit. Never from an I/O thread.
    virtual bool write(std::string_view part) = 0;
    /// As write(), but never waits: false also when the buffer is full (the part is then not taken).
    virtual bool try_write(std::string_view part) = 0;
    /// Ends the stream. Also done by the destructor.
    virtual void finish_stream() = 0;
    /// The client has gone, or the server is stopping: a stream should end.
    [[nodiscard]] virtual bool closed() const noexcept = 0;
};

/// Called on I/O threads, from several at once; must not block (no long work either: hand it to another thread).
class HttpHandler {
public:
    virtual ~HttpHandler() = default;
    /// Once the headers are read, before the body is: an answer here (401, 404, 413, 415...) spares both sides the
    /// body. The connection is closed after it unless there was no body.
    [[nodiscard]] virtual std::optional<HttpResponse> check(const HttpRequest& /*head*/) { return std::nullopt; }
    virtual void handle(std::shared_ptr<HttpExchange> exchange) = 0;
    /// The server itself answered a request it could not take: 400, 413, 429, 431, 501, 505; or 408 for one that never
    /// came to its end.
    virtual void request_refused(const common::IpAddress& /*peer*/, unsigned /*status*/) {}
    /// A connection the server itself turned away.
    virtual void refused(const common::IpAddress& /*peer*/, RefusedConnection /*why*/) {}
    [[nodiscard]] virtual bool admit(const common::IpAddress& /*peer*/) { return true; }
    /// Changes or adds headers of every answer, the server's own error pages included.
    virtual void decorate(HttpResponse& /*response*/) {}
};

class HttpServer {
public:
    /// Binds; throws std::runtime_error (see StreamServer). `handler` must outlive the server.
    HttpServer(IoThreads& io, StreamServerConfig config, HttpLimits limits, HttpHandler& handler, common::Logger& log);
    ~HttpServer(); ///< stop()
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    void start();
    [[nodiscard]] std::uint16_t port() const noexcept;
    [[nodiscard]] std::uint32_t connections() const noexcept;
    /// Idle connections close at once, requests being handled are answered first, streams see closed(). Blocks.
    void stop();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace canhgac::net
