// What the tests of listeners share: the services around a listener, and looks into the ledger.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "collector/listeners/services.hpp"
#include "common/clock.hpp"
#include "common/log.hpp"
#include "net/io_threads.hpp"
#include "tests/unit/collector/fake_sink.hpp"

namespace canhgac::collector {

class ListenerTest : public testing::Test {
protected:
    [[nodiscard]] ListenerServices services() { return {sink, peers, ledger, clock, log}; }

    /// The sum over all peers.
    [[nodiscard]] PeerLine totals() const {
        PeerLine sum;
        for (const PeerLine& line : ledger.snapshot().peers) {
            sum.received += line.received;
            sum.bytes += line.bytes;
            sum.committed += line.committed;
            sum.in_flight += line.in_flight;
            sum.truncated += line.truncated;
            for (std::size_t i = 0; i < kRejectedReasons; ++i) {
                sum.rejected[i] += line.rejected[i];
            }
        }
        return sum;
    }
    [[nodiscard]] std::uint64_t rejected(Rejected why) const {
        return totals().rejected[static_cast<std::size_t>(why)];
    }
    [[nodiscard]] std::uint64_t refused(Refused why) const {
        std::uint64_t sum = 0;
        for (const RefusedLine& line : ledger.snapshot().refused) {
            if (line.reason == why) { sum += line.count; }
        }
        return sum;
    }
    /// True once `holds` does; false after five seconds.
    [[nodiscard]] static bool eventually(const std::function<bool()>& holds) {
        for (int i = 0; i < 1000; ++i) {
            if (holds()) { return true; }
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
        return false;
    }

    FakeSink sink;
    PeerTable peers;
    common::SystemClock clock;
    common::Logger log{common::LogLevel::error};
    Ledger ledger{peers, clock};
    net::IoThreads io{2};
};

} // namespace canhgac::collector
