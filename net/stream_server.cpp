#include "net/stream_server.hpp"

#include <condition_variable>
#include <exception>
#include <map>
#include <mutex>
#include <set>
#include <stdexcept>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>

#include "net/address.hpp"
#include "net/awaitable.hpp"

namespace canhgac::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using ErrorCode = boost::system::error_code;

constexpr std::chrono::milliseconds kAcceptPause{100};
constexpr std::chrono::milliseconds kCloseLimit{1'000};
constexpr std::chrono::milliseconds kCloseLimitStopping{100};
constexpr std::chrono::milliseconds kAbortLimit{5'000};

tcp::endpoint endpoint_of(const StreamServerConfig& config) {
    const common::IpAddress address = parse_bind_address(config.address);
    return {asio::ip::make_address(common::to_string(address)), config.port};
}

} // namespace

struct StreamServer::State : std::enable_shared_from_this<StreamServer::State> {
    State(IoThreads& io, StreamServerConfig settings, StreamHandler& connection_handler, common::Logger& logger)
        : config(std::move(settings)), handler(connection_handler), log(logger), context(io.context()),
          acceptor(asio::make_strand(io.context())) {}

    void listen();
    void spawn_accept();
    [[nodiscard]] asio::awaitable<void> accept();
    void take(tcp::socket socket);
    [[nodiscard]] asio::awaitable<void> serve(std::shared_ptr<Stream> stream);
    [[nodiscard]] bool enter(const std::shared_ptr<Stream>& stream);
    void leave(const std::shared_ptr<Stream>& stream, const std::exception_ptr& problem);
    [[nodiscard]] bool wait_empty(std::chrono::milliseconds limit);

    const StreamServerConfig config;
    StreamHandler& handler;
    common::Logger& log;
    asio::io_context& context;
    tcp::acceptor acceptor;
    std::uint16_t port = 0;

    mutable std::mutex mutex;
    std::condition_variable empty;
    std::set<std::shared_ptr<Stream>> streams; ///< guarded by mutex, as are those below
    std::map<common::IpAddress, std::uint32_t> by_address;
    bool accepting = false;
    bool stopping = false;
};

void StreamServer::State::listen() {
    ErrorCode error;
    const tcp::endpoint endpoint = endpoint_of(config);
    const auto check = [&](const char* what) {
        if (!error) { return; }
        throw std::runtime_error(config.name + ": cannot " + what + " " + config.address + " port " +
                                 std::to_string(config.port) + ": " + error.message());
    };
    acceptor.open(endpoint.protocol(), error);
    check("open a socket for");
    acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (endpoint.address().is_v6()) { acceptor.set_option(asio::ip::v6_only(false), error); }
    acceptor.bind(endpoint, error);
    check("listen on");
    acceptor.listen(tcp::acceptor::max_listen_connections, error);
    check("listen on");
    port = acceptor.local_endpoint(error).port();
}

void StreamServer::State::spawn_accept() {
    {
        const std::lock_guard lock(mutex);
        accepting = true;
    }
    asio::co_spawn(acceptor.get_executor(), accept(),
                   [self = shared_from_this()](const std::exception_ptr& problem) { self->leave(nullptr, problem); });
}

asio::awaitable<void> StreamServer::State::accept() {
    asio::steady_timer pause(acceptor.get_executor());
    while (acceptor.is_open()) {
        auto [error, socket] =
            co_await acceptor.async_accept(asio::any_io_executor(asio::make_strand(context)), kTuple);
        if (error == asio::error::operation_aborted) { co_return; }
        if (!error) {
            take(std::move(socket));
            continue;
        }
        log.warning("{}: accepting failed: {}", config.name, error.message());
        pause.expires_after(kAcceptPause); // e.g. out of descriptors: accepting again at once would spin
        if (auto [stopped] = co_await pause.async_wait(kTuple); stopped) { co_return; }
    }
}

void StreamServer::State::take(tcp::socket socket) {
    ErrorCode error;
    const tcp::endpoint peer = socket.remote_endpoint(error);
    if (error) { return; }
    const common::IpAddress address = common::unmapped(to_ip(peer.address()));
    if (!handler.admit(address)) {
        handler.refused(address, RefusedConnection::not_admitted);
        return;
    }
    socket.set_option(tcp::no_delay(true), error);
    socket.set_option(asio::socket_base::keep_alive(true), error);
    const auto executor = socket.get_executor();
    const std::shared_ptr<Stream> stream =
        config.tls ? make_tls_stream(std::move(socket), config.tls) : make_plain_stream(std::move(socket));
    if (!enter(stream)) { return; }
    asio::co_spawn(executor, serve(stream), [self = shared_from_this(), stream](const std::exception_ptr& problem) {
        self->leave(stream, problem);
    });
}

bool StreamServer::State::enter(const std::shared_ptr<Stream>& stream) {
    RefusedConnection why{};
    {
        const std::lock_guard lock(mutex);
        std::uint32_t& same_address = by_address[stream->peer_address()];
        if (streams.size() < config.max_connections && same_address < config.max_connections_per_address) {
            ++same_address;
            streams.insert(stream);
            if (stopping) { stream->request_stop(config.drain_limit); }
            return true;
        }
        why = same_address >= config.max_connections_per_address ? RefusedConnection::too_many_from_address
                                                                 : RefusedConnection::too_many;
        if (same_address == 0) { by_address.erase(stream->peer_address()); }
    }
    handler.refused(stream->peer_address(), why);
    return false;
}

asio::awaitable<void> StreamServer::State::serve(std::shared_ptr<Stream> stream) {
    const IoResult greeted = co_await stream->handshake(config.handshake_limit);
    if (greeted.error) {
        if (!stream->stopping()) { handler.refused(stream->peer_address(), RefusedConnection::tls_failed); }
        stream->abort();
        co_return;
    }
    co_await handler.serve(stream);
    co_await stream->close(stream->stopping() ? kCloseLimitStopping : kCloseLimit);
}

void StreamServer::State::leave(const std::shared_ptr<Stream>& stream, const std::exception_ptr& problem) {
    if (problem) {
        try {
            std::rethrow_exception(problem);
        } catch (const std::exception& e) { log.error("{}: a connection ended with: {}", config.name, e.what()); }
    }
    const std::lock_guard lock(mutex);
    if (stream == nullptr) {
        accepting = false;
    } else {
        streams.erase(stream);
        const auto found = by_address.find(stream->peer_address());
        if (found != by_address.end() && --found->second == 0) { by_address.erase(found); }
    }
    if (streams.empty() && !accepting) { empty.notify_all(); }
}

bool StreamServer::State::wait_empty(std::chrono::milliseconds limit) {
    std::unique_lock lock(mutex);
    return empty.wait_for(lock, limit, [this] { return streams.empty() && !accepting; });
}

StreamServer::StreamServer(IoThreads& io, StreamServerConfig config, StreamHandler& handler, common::Logger& log)
    : state_(std::make_shared<State>(io, std::move(config), handler, log)) {
    state_->listen();
}

StreamServer::~StreamServer() {
    stop();
}

void StreamServer::start() {
    state_->spawn_accept();
}

std::uint16_t StreamServer::port() const noexcept {
    return state_->port;
}

std::uint32_t StreamServer::connections() const noexcept {
    const std::lock_guard lock(state_->mutex);
    return static_cast<std::uint32_t>(state_->streams.size());
}

void StreamServer::stop() {
    {
        const std::lock_guard lock(state_->mutex);
        if (state_->stopping) { return; }
        state_->stopping = true;
        for (const std::shared_ptr<Stream>& stream : state_->streams) {
            stream->request_stop(state_->config.drain_limit);
        }
        if (!state_->accepting) {
            ErrorCode error;
            state_->acceptor.close(error);
        }
    }
    asio::post(state_->acceptor.get_executor(), [state = state_] {
        ErrorCode error;
        state->acceptor.close(error);
    });
    if (state_->wait_empty(state_->config.stop_limit)) { return; }
    {
        const std::lock_guard lock(state_->mutex);
        state_->log.warning("{}: {} connections did not end in time and are cut", state_->config.name,
                            state_->streams.size());
        for (const std::shared_ptr<Stream>& stream : state_->streams) {
            stream->abort();
        }
    }
    static_cast<void>(state_->wait_empty(kAbortLimit));
}

} // namespace canhgac::net
