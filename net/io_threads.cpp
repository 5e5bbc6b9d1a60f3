#include "net/io_threads.hpp"

#include <pthread.h>
#include <thread>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>

namespace canhgac::net {

struct IoThreads::Impl {
    explicit Impl(std::size_t concurrency) : context(static_cast<int>(concurrency)) {}
    boost::asio::io_context context;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{context.get_executor()};
    std::vector<std::thread> threads;
};

IoThreads::IoThreads(std::size_t threads, const std::string& name) : impl_(std::make_unique<Impl>(threads)) {
    impl_->threads.reserve(threads);
    for (std::size_t i = 0; i < threads; ++i) {
        impl_->threads.emplace_back([this] { impl_->context.run(); });
        pthread_setname_np(impl_->threads.back().native_handle(), name.substr(0, 15).c_str());
    }
}

IoThreads::~IoThreads() {
    stop();
}

boost::asio::io_context& IoThreads::context() noexcept {
    return impl_->context;
}

void IoThreads::stop() {
    impl_->work.reset();
    impl_->context.stop();
    for (std::thread& thread : impl_->threads) {
        if (thread.joinable()) { thread.join(); }
    }
}

} // namespace canhgac::net
