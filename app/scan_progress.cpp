#include "app/scan_progress.hpp"

#include <algorithm>
#include <cstdio>
#include <string>

#include <fmt/format.h>

#include "app/bench_support.hpp"
#include "common/bytes.hpp"

namespace canhgac::app {

namespace {

constexpr std::uint64_t kBetween = 200'000'000; // ns
constexpr std::size_t kWidth = 24;

} // namespace

ScanProgress::ScanProgress(bool enabled, std::uint64_t total) noexcept
    : enabled_(enabled), total_(total), started_(wall_clock()) {}

void ScanProgress::show(std::uint64_t done, std::uint64_t events, std::uint64_t matches) {
    if (!enabled_) { return; }
    const std::uint64_t now = wall_clock();
    if (now - shown_ < kBetween) { return; }
    shown_ = now;
    std::string bar;
    if (total_ != 0) {
        const double part = std::min(1.0, static_cast<double>(done) / static_cast<double>(total_));
        const auto full = static_cast<std::size_t>(part * static_cast<double>(kWidth));
        bar = fmt::format("[{}{}] {:3.0f} % ", std::string(full, '#'), std::string(kWidth - full, ' '), 100 * part);
    }
    const std::string line = fmt::format("\r{}{} MiB, {} events, {} matches, {} s\x1b[K", bar, done / common::kMiB,
                                         events, matches, (now - started_) / 1'000'000'000);
    std::fputs(line.c_str(), stderr);
    std::fflush(stderr);
    visible_ = true;
}

void ScanProgress::clear() {
    if (!visible_.exchange(false)) { return; }
    std::fputs("\r\x1b[K", stderr);
    std::fflush(stderr);
}

} // namespace canhgac::app
