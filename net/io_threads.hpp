/// The threads that read sockets: one io_context, run by N threads. Nothing that blocks may run on them.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>

namespace canhgac::net {

/// Threads start in the constructor and end in stop() or the destructor. Stop listeners and servers first: what is
/// still pending on the context when it stops is dropped. An exception that leaves a handler is a bug and ends the
/// process.
class IoThreads {
public:
    /// `threads` >= 1; `name` (at most 15 bytes) is what `top -H` shows.
    explicit IoThreads(std::size_t threads = 2, const std::string& name = "io");
    ~IoThreads();
    IoThreads(const IoThreads&) = delete;
    IoThreads& operator=(const IoThreads&) = delete;

    [[nodiscard]] boost::asio::io_context& context() noexcept;
    /// Stops the context and joins the threads. Not from one of them. A second call does nothing.
    void stop();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace canhgac::net
