// Framing must not touch the heap once its list of records has grown: every allocation of the process is counted.
#include <cstdlib>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "collector/protocols/syslog_framing.hpp"
#include "tests/support/allocation_count.hpp"

namespace canhgac::collector {
namespace {

TEST(SyslogFraming, TakesNothingFromTheHeapOnceWarm) {
    std::string stream;
    for (int i = 0; i < 1'000; ++i) {
        const std::string message = "<13>message " + std::to_string(i);
        stream += i % 3 == 0 ? std::to_string(message.size()) + " " + message : message + "\r\n";
        if (i % 100 == 99) { stream += "5 <13>a-lie"; }
    }
    SyslogFramer framer;
    std::vector<event::Record> records;
    const auto run = [&] {
        records.clear();
        std::size_t at = 0;
        for (std::size_t end = 0; end < stream.size();) {
            end = std::min(end + 1'000, stream.size());
            at = framer.feed(std::string_view(stream).substr(0, end), at, event::PeerId{0}, records);
        }
        return records.size();
    };
    const std::size_t frames = run();
    EXPECT_GE(frames, 1'000U);
    const std::size_t before = support::allocation_count();
    for (int round = 0; round < 5; ++round) {
        EXPECT_GE(run(), 1'000U);
    }
    EXPECT_EQ(support::allocation_count() - before, 0U);
}

} // namespace
} // namespace canhgac::collector
