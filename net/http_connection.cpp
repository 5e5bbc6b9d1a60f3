#include "net/http_connection.hpp"

#include <ctime>
#include <utility>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "net/awaitable.hpp"

namespace canhgac::net {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using ErrorCode = boost::system::error_code;
using Parser = http::request_parser<http::string_body>;

constexpr std::size_t kReadBytes = 64 * 1024;
constexpr std::size_t kWriteBytes = 256 * 1024;
constexpr std::chrono::milliseconds kStreamTick{250};

class Exchange final : public HttpExchange {
public:
    Exchange(HttpRequest request, std::shared_ptr<HttpChannel> channel)
        : request_(std::move(request)), channel_(std::move(channel)) {}
    ~Exchange() override { channel_->finish(true); }
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;

    [[nodiscard]] const HttpRequest& request() const noexcept override { return request_; }
    std::string take_body() override { return std::exchange(request_.body, {}); }
    bool respond(HttpResponse response) override { return channel_->respond(std::move(response)); }
    bool start_stream(HttpResponse head) override { return channel_->start_stream(std::move(head)); }
    bool write(std::string_view part) override { return channel_->write(part); }
    bool try_write(std::string_view part) override { return channel_->try_write(part); }
    void finish_stream() override { channel_->finish(false); }
    [[nodiscard]] bool closed() const noexcept override { return channel_->closed(); }

private:
    HttpRequest request_;
    std::shared_ptr<HttpChannel> channel_;
};

/// Counts body bytes against the server's total; gives them back at the end.
class BodyBudget {
public:
    explicit BodyBudget(HttpShared& shared) noexcept : shared_(shared) {}
    ~BodyBudget() { shared_.body_bytes.fetch_sub(held_, std::memory_order_relaxed); }
    BodyBudget(const BodyBudget&) = delete;
    BodyBudget& operator=(const BodyBudget&) = delete;
    [[nodiscard]] bool take(std::size_t bytes) noexcept {
        held_ += bytes;
        return shared_.body_bytes.fetch_add(bytes, std::memory_order_relaxed) + bytes <=
               shared_.limits.max_body_bytes_total;
    }

private:
    HttpShared& shared_;
    std::size_t held_ = 0;
};

HttpResponse error_page(unsigned status, std::string_view text) {
    return make_response(status, "text/plain; charset=utf-8", std::string(text) + "\n");
}

HttpResponse parse_failure(const ErrorCode& error) {
    if (error == http::error::header_limit) { return error_page(431, "the header is too large"); }
    if (error == http::error::body_limit) { return error_page(413, "the body is too large"); }
    if (error == http::error::bad_version) { return error_page(505, "HTTP/1.0 or HTTP/1.1, please"); }
    if (error == http::error::bad_transfer_encoding) { return error_page(501, "unknown transfer encoding"); }
    return error_page(400, "not an HTTP request: " + error.message());
}

HttpRequest make_request(Parser& parser, const Stream& stream) {
    HttpRequest out;
    const auto& message = parser.get();
    out.method = std::string_view(message.method_string());
    out.target = std::string_view(message.target());
    const std::string_view target = out.target;
    const std::size_t question = std::min(target.find('?'), target.size());
    out.path = percent_decode(target.substr(0, question));
    out.query = target.substr(std::min(question + 1, target.size()));
    for (const auto& field : message) {
        out.headers.emplace_back(std::string(std::string_view(field.name_string())),
                                 std::string(std::string_view(field.value())));
    }
    out.peer_address = stream.peer_address();
    out.peer_port = stream.peer_port();
    out.peer_subject = stream.peer_subject();
    out.is_tls = stream.is_tls();
    return out;
}

std::string http_date() {
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
    gmtime_r(&now, &parts);
    char text[40];
    const std::size_t size = std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    return {text, size};
}

/// A connection's state between coroutines of this file. Lives in serve_http's frame.
class Connection {
public:
    Connection(std::shared_ptr<Stream> stream, HttpShared& shared)
        : stream_(std::move(stream)), shared_(shared),
          timer_(std::make_shared<asio::steady_timer>(stream_->executor())) {}

    [[nodiscard]] asio::awaitable<void> run();

private:
    enum class Outcome : std::uint8_t { done, early_answer, closed };

    [[nodiscard]] asio::awaitable<Outcome> read_header(Parser& parser);
    [[nodiscard]] asio::awaitable<Outcome> read_body(Parser& parser, BodyBudget& budget);
    [[nodiscard]] asio::awaitable<bool> fill(Stream::Duration limit);
    [[nodiscard]] asio::awaitable<bool> answer(Parser& parser, HttpRequest request);
    [[nodiscard]] asio::awaitable<HttpChannel::Taken> next(HttpChannel& channel, Stream::Duration limit);
    [[nodiscard]] asio::awaitable<bool> stream_parts(HttpChannel& channel, HttpChannel::Taken taken, bool chunked);
    [[nodiscard]] asio::awaitable<bool> send(HttpResponse response, bool keep_alive);
    [[nodiscard]] asio::awaitable<bool> send_bytes(std::string_view bytes);
    [[nodiscard]] std::string head_text(HttpResponse& response, bool keep_alive, const char* framing) const;

    std::shared_ptr<Stream> stream_;
    HttpShared& shared_;
    std::shared_ptr<asio::steady_timer> timer_; ///< shared with wake-ups that are still posted when this is gone
    std::vector<char> buffer_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    bool is_head_ = false;
    bool timed_out_ = false;
    std::optional<HttpResponse> early_;
};

asio::awaitable<bool> Connection::fill(Stream::Duration limit) {
    if (begin_ != 0) {
        std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_),
                  buffer_.begin() + static_cast<std::ptrdiff_t>(end_), buffer_.begin());
        end_ -= begin_;
        begin_ = 0;
    }
    if (buffer_.size() - end_ < kReadBytes / 4) { buffer_.resize(end_ + kReadBytes); }
    const IoResult got = co_await stream_->read_some({buffer_.data() + end_, buffer_.size() - end_}, limit);
    end_ += got.bytes;
    timed_out_ = got.error == asio::error::timed_out;
    co_return !got.error;
}

asio::awaitable<Connection::Outcome> Connection::read_header(Parser& parser) {
    if (begin_ == end_ && !co_await fill(shared_.limits.idle_limit)) { co_return Outcome::closed; }
    const auto until = std::chrono::steady_clock::now() + shared_.limits.header_limit;
    while (!parser.is_header_done()) {
        ErrorCode error;
        begin_ += parser.put(asio::const_buffer(buffer_.data() + begin_, end_ - begin_), error);
        if (error == http::error::need_more) {
            if (end_ - begin_ > shared_.limits.max_header_bytes) {
                error = http::error::header_limit;
            } else if (!co_await fill(until - std::chrono::steady_clock::now())) {
                co_return Outcome::closed;
            } else {
                continue;
            }
        }
        if (error) {
            early_ = parse_failure(error);
            co_return Outcome::early_answer;
        }
    }
    co_return Outcome::done;
}

asio::awaitable<Connection::Outcome> Connection::read_body(Parser& parser, BodyBudget& budget) {
    parser.eager(true);
    if (http::token_list(parser.get()[http::field::expect]).exists("100-continue") && !parser.is_done() &&
        !co_await send_bytes("HTTP/1.1 100 Continue\r\n\r\n")) {
        co_return Outcome::closed;
    }
    while (!parser.is_done()) {
        ErrorCode error = http::error::need_more;
        if (begin_ != end_) {
            const std::size_t used = parser.put(asio::const_buffer(buffer_.data() + begin_, end_ - begin_), error);
            begin_ += used;
            if (!budget.take(used)) {
                early_ = error_page(429, "too many request bodies at once");
                early_->headers.emplace_back("Retry-After", "5");
                co_return Outcome::early_answer;
            }
        }
        if (error == http::error::need_more || (!error && begin_ == end_ && !parser.is_done())) {
            if (!co_await fill(shared_.limits.stall_limit)) { co_return Outcome::closed; }
        } else if (error) {
            early_ = parse_failure(error);
            co_return Outcome::early_answer;
        }
    }
    co_return Outcome::done;
}

std::string Connection::head_text(HttpResponse& response, bool keep_alive, const char* framing) const {
    shared_.handler.decorate(response);
    std::string out = "HTTP/1.1 " + std::to_string(response.status) + " ";
    out.append(reason_phrase(response.status)).append("\r\nDate: ").append(http_date()).append("\r\n");
    for (const auto& header : response.headers) {
        // A line end inside a value would let it add headers of its own.
        if (header.second.find_first_of("\r\n") != std::string::npos) { continue; }
        out.append(header.first).append(": ").append(header.second).append("\r\n");
    }
    out.append(framing).append(keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n");
    return out;
}

asio::awaitable<bool> Connection::send_bytes(std::string_view bytes) {
    while (!bytes.empty()) {
        const std::string_view slice = bytes.substr(0, kWriteBytes);
        const IoResult sent = co_await stream_->write_all(slice, shared_.limits.stall_limit);
        if (sent.error) { co_return false; }
        bytes.remove_prefix(slice.size());
    }
    co_return true;
}

asio::awaitable<bool> Connection::send(HttpResponse response, bool keep_alive) {
    const bool bodiless = response.status == 204 || response.status == 304 || response.status < 200;
    const std::string length =
        bodiless ? std::string() : "Content-Length: " + std::to_string(response.body.size()) + "\r\n";
    std::string text = head_text(response, keep_alive, length.c_str());
    if (is_head_ || bodiless) { co_return co_await send_bytes(text); }
    if (response.body.size() < kReadBytes) {
        text.append(response.body);
        co_return co_await send_bytes(text);
    }
    co_return co_await send_bytes(text) && co_await send_bytes(response.body);
}

/// Waits until the channel has something new, or the time is up.
asio::awaitable<HttpChannel::Taken> Connection::next(HttpChannel& channel, Stream::Duration limit) {
    HttpChannel::Taken taken = channel.take();
    const bool idle = taken.state == HttpChannel::State::waiting ||
                      (taken.state == HttpChannel::State::streaming && !taken.head && taken.parts.empty());
    if (idle) {
        // Wake-ups are posted to this strand: none can slip in between take() and the wait.
        timer_->expires_after(limit);
        auto [error] = co_await timer_->async_wait(kTuple);
        static_cast<void>(error);
        taken = channel.take();
    }
    co_return taken;
}

asio::awaitable<bool> Connection::stream_parts(HttpChannel& channel, HttpChannel::Taken taken, bool chunked) {
    if (!co_await send_bytes(head_text(*taken.head, chunked, chunked ? "Transfer-Encoding: chunked\r\n" : ""))) {
        co_return false;
    }
    if (is_head_) { co_return true; }
    for (;;) {
        if (!taken.parts.empty()) {
            if (chunked) {
                char size[24];
                const int digits = std::snprintf(size, sizeof size, "%zx\r\n", taken.parts.size());
                taken.parts.insert(0, size, static_cast<std::size_t>(digits));
                taken.parts.append("\r\n");
            }
            if (!co_await send_bytes(taken.parts)) { co_return false; }
        }
        if (taken.state == HttpChannel::State::stream_finished) { break; }
        taken = co_await next(channel, kStreamTick);
        if (stream_->stopping() && taken.parts.empty()) { break; }
        if (taken.parts.empty() && taken.state == HttpChannel::State::streaming && stream_->peer_gone()) {
            co_return false;
        }
    }
    co_return !chunked || co_await send_bytes("0\r\n\r\n");
}

/// Hands the request over and sends what comes back. False: the connection ends.
asio::awaitable<bool> Connection::answer(Parser& parser, HttpRequest request) {
    const bool keep_alive = parser.keep_alive();
    const bool chunked = parser.get().version() >= 11;
    const auto channel =
        std::make_shared<HttpChannel>(shared_.limits.max_stream_buffer, shared_.limits.stall_limit, shared_.stopping);
    channel->set_wake([timer = timer_] { asio::post(timer->get_executor(), [timer] { timer->cancel(); }); });
    struct Leave {
        HttpChannel& channel;
        ~Leave() { channel.leave(); }
    } leave{*channel};

    shared_.handler.handle(std::make_shared<Exchange>(std::move(request), channel));
    const auto until = std::chrono::steady_clock::now() + shared_.limits.answer_limit;
    HttpChannel::Taken taken;
    while (!taken.head) {
        if (std::chrono::steady_clock::now() >= until) {
            static_cast<void>(co_await send(error_page(503, "the request took too long"), false));
            co_return false;
        }
        taken = co_await next(*channel, until - std::chrono::steady_clock::now());
    }
    if (taken.state == HttpChannel::State::answered) {
        const bool stay = keep_alive && !stream_->stopping();
        co_return co_await send(std::move(*taken.head), stay) && stay;
    }
    co_return co_await stream_parts(*channel, std::move(taken), chunked) && chunked&& keep_alive;
}

asio::awaitable<void> Connection::run() {
    for (;;) {
        Parser parser;
        parser.header_limit(static_cast<std::uint32_t>(shared_.limits.max_header_bytes));
        parser.body_limit(shared_.limits.max_body_bytes);
        BodyBudget budget(shared_);
        early_.reset();
        is_head_ = false;
        Outcome outcome = co_await read_header(parser);
        if (outcome == Outcome::closed) {
            if (timed_out_ && begin_ != end_) { shared_.handler.request_refused(stream_->peer_address(), 408); }
            co_return;
        }
        HttpRequest request;
        if (outcome == Outcome::done) {
            request = make_request(parser, *stream_);
            is_head_ = request.method == "HEAD";
            early_ = shared_.handler.check(request);
            if (early_) {
                const bool stay = parser.is_done() && parser.keep_alive() && !stream_->stopping();
                if (!co_await send(std::move(*early_), stay) || !stay) { co_return; }
                continue;
            }
            outcome = co_await read_body(parser, budget);
        }
        if (outcome == Outcome::closed) {
            if (timed_out_) { shared_.handler.request_refused(stream_->peer_address(), 408); }
            co_return;
        }
        if (outcome == Outcome::early_answer) {
            shared_.handler.request_refused(stream_->peer_address(), early_->status);
            static_cast<void>(co_await send(std::move(*early_), false));
            co_return;
        }
        request.body = std::move(parser.get().body());
        if (!co_await answer(parser, std::move(request))) { co_return; }
    }
}

} // namespace

asio::awaitable<void> serve_http(std::shared_ptr<Stream> stream, HttpShared& shared) {
    Connection connection(std::move(stream), shared);
    co_await connection.run();
}

} // namespace canhgac::net
