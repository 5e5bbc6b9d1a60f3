#include "common/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace canhgac::common {

struct Logger::Sink {
    std::shared_ptr<spdlog::logger> logger;
};

namespace {

spdlog::level::level_enum to_spdlog(LogLevel level) noexcept {
    switch (level) {
    case LogLevel::debug:
        return spdlog::level::debug;
    case LogLevel::info:
        return spdlog::level::info;
    case LogLevel::warning:
        return spdlog::level::warn;
    case LogLevel::error:
        break;
    }
    return spdlog::level::err;
}

} // namespace

Logger::Logger(LogLevel least) : sink_(std::make_unique<Sink>()) {
    auto target = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    sink_->logger = std::make_shared<spdlog::logger>("canhgac", std::move(target));
    sink_->logger->set_level(to_spdlog(least));
    sink_->logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
    sink_->logger->flush_on(spdlog::level::trace);
}

Logger::~Logger() = default;

void Logger::write(LogLevel level, std::string_view message) noexcept {
    sink_->logger->log(to_spdlog(level), spdlog::string_view_t(message.data(), message.size()));
}

} // namespace canhgac::common
