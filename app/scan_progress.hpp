/// The progress bar of `scan` on standard error: on a terminal only, never in a pipe.
#pragma once

#include <atomic>
#include <cstdint>

namespace canhgac::app {

/// show() from the reading thread, clear() from whoever prints: the caller keeps them apart or accepts a torn line.
class ScanProgress {
public:
    /// `total`: bytes on disk, 0 when unknown. `enabled` false: nothing is ever written.
    ScanProgress(bool enabled, std::uint64_t total) noexcept;
    ~ScanProgress() { clear(); }
    ScanProgress(const ScanProgress&) = delete;
    ScanProgress& operator=(const ScanProgress&) = delete;

    /// At most five times a second.
    void show(std::uint64_t done, std::uint64_t events, std::uint64_t matches);
    /// Takes the bar away, before something else is written to the terminal.
    void clear();

private:
    bool enabled_;
    std::uint64_t total_;
    std::uint64_t started_;
    std::uint64_t shown_ = 0;
    std::atomic<bool> visible_ = false;
};

} // namespace canhgac::app
