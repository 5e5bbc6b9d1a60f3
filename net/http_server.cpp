#include "net/http_server.hpp"

#include <utility>

#include "net/http_connection.hpp"

namespace canhgac::net {

struct HttpServer::Impl final : StreamHandler {
    Impl(IoThreads& io, StreamServerConfig config, HttpLimits limits, HttpHandler& handler, common::Logger& log)
        : shared{limits, handler}, server(io, std::move(config), *this, log) {}

    bool admit(const common::IpAddress& peer) override { return shared.handler.admit(peer); }
    void refused(const common::IpAddress& peer, RefusedConnection why) override { shared.handler.refused(peer, why); }
    boost::asio::awaitable<void> serve(std::shared_ptr<Stream> stream) override {
        return serve_http(std::move(stream), shared);
    }

    HttpShared shared;
    StreamServer server;
};

HttpServer::HttpServer(IoThreads& io, StreamServerConfig config, HttpLimits limits, HttpHandler& handler,
                       common::Logger& log)
    : impl_(std::make_unique<Impl>(io, std::move(config), limits, handler, log)) {}

HttpServer::~HttpServer() {
    stop();
}

void HttpServer::start() {
    impl_->server.start();
}

std::uint16_t HttpServer::port() const noexcept {
    return impl_->server.port();
}

std::uint32_t HttpServer::connections() const noexcept {
    return impl_->server.connections();
}

void HttpServer::stop() {
    impl_->shared.stopping.store(true);
    impl_->server.stop();
}

} // namespace canhgac::net
