#include <utility>

#include "net/http_connection.hpp"

namespace canhgac::net {

bool HttpChannel::respond(HttpResponse response) {
    const std::lock_guard lock(mutex_);
    if (gone_ || state_ != State::waiting) { return false; }
    state_ = State::answered;
    head_ = std::move(response);
    if (wake_) { wake_(); }
    return true;
}

bool HttpChannel::start_stream(HttpResponse head) {
    const std::lock_guard lock(mutex_);
    if (gone_ || state_ != State::waiting) { return false; }
    state_ = State::streaming;
    parts_ = std::exchange(head.body, {});
    head_ = std::move(head);
    if (wake_) { wake_(); }
    return true;
}

bool HttpChannel::put_part(std::string_view part) {
    parts_.append(part);
    if (wake_) { wake_(); }
    return true;
}

bool HttpChannel::write(std::string_view part) {
    std::unique_lock lock(mutex_);
    // The connection has its own stall limit; this one is for a connection that never comes back to the queue.
    drained_.wait_for(lock, 2 * stall_limit_,
                      [this] { return gone_ || state_ != State::streaming || parts_.size() < max_buffer_; });
    if (gone_ || state_ != State::streaming || parts_.size() >= max_buffer_) { return false; }
    return put_part(part);
}

bool HttpChannel::try_write(std::string_view part) {
    const std::lock_guard lock(mutex_);
    if (gone_ || state_ != State::streaming || parts_.size() >= max_buffer_) { return false; }
    return put_part(part);
}

void HttpChannel::finish(bool without_answer) {
    const std::lock_guard lock(mutex_);
    if (gone_) { return; }
    if (state_ == State::streaming) {
        state_ = State::stream_finished;
    } else if (state_ == State::waiting && without_answer) {
        state_ = State::answered;
        head_ = make_response(500, "text/plain", "internal error\n");
    } else {
        return;
    }
    if (wake_) { wake_(); }
}

bool HttpChannel::closed() const noexcept {
    const std::lock_guard lock(mutex_);
    return gone_ || stopping_.load(std::memory_order_relaxed);
}

void HttpChannel::set_wake(std::function<void()> wake) {
    const std::lock_guard lock(mutex_);
    wake_ = std::move(wake);
}

HttpChannel::Taken HttpChannel::take() {
    Taken out;
    {
        const std::lock_guard lock(mutex_);
        out.state = state_;
        out.head = std::exchange(head_, std::nullopt);
        out.parts = std::exchange(parts_, {});
    }
    drained_.notify_all();
    return out;
}

void HttpChannel::leave() {
    {
        const std::lock_guard lock(mutex_);
        gone_ = true;
        wake_ = nullptr;
        parts_.clear();
    }
    drained_.notify_all();
}

} // namespace canhgac::net
