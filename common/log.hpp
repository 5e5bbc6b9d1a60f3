/// The program's own log: one line a message on stderr, level and time first. Never on the event path.
/// No secret and no raw event goes in here.
#pragma once

#include <memory>
#include <string_view>

#include <fmt/format.h>

namespace canhgac::common {

enum class LogLevel { debug, info, warning, error };

/// Passed by reference to whatever needs to tell the operator something. Thread safe.
class Logger {
public:
    /// Writes to stderr; messages below `least` are dropped.
    explicit Logger(LogLevel least = LogLevel::info);
    ~Logger();
    Logger(const Logger&) = delete;
    Logger& operator=(const Logger&) = delete;

    void write(LogLevel level, std::string_view message) noexcept;

    template <typename... Args>
    void info(fmt::format_string<Args...> format, Args&&... args) {
        write(LogLevel::info, fmt::format(format, std::forward<Args>(args)...));
    }
    template <typename... Args>
    void warning(fmt::format_string<Args...> format, Args&&... args) {
        write(LogLevel::warning, fmt::format(format, std::forward<Args>(args)...));
    }
    template <typename... Args>
    void error(fmt::format_string<Args...> format, Args&&... args) {
        write(LogLevel::error, fmt::format(format, std::forward<Args>(args)...));
    }

private:
    struct Sink;
    std::unique_ptr<Sink> sink_;
};

} // namespace canhgac::common
