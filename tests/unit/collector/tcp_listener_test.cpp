#include "collector/listeners/tcp_listener.hpp"

#include <stdexcept>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "event/schema.hpp"
#include "tests/unit/collector/listener_fixture.hpp"
#include "tests/unit/net/test_client.hpp"

namespace canhgac::collector {
namespace {

using net::testing::TcpClient;
using testing::ElementsAre;
using testing::HasSubstr;

class TcpListenerTest : public ListenerTest {
protected:
    TcpListenerConfig config() {
        TcpListenerConfig out;
        out.server.name = "syslog-tcp";
        out.stall_limit = std::chrono::milliseconds(200);
        return out;
    }
};

TEST_F(TcpListenerTest, TakesBothFramings) {
    TcpListener listener(io, config(), services());
    listener.start();
    ASSERT_NE(listener.port(), 0);
    TcpClient client(listener.port());
    ASSERT_TRUE(client.send("<13>one\n5 <13>2<13>three\r\n"));
    ASSERT_TRUE(sink.wait_for(3));
    EXPECT_THAT(sink.texts(), ElementsAre("<13>one", "<13>2", "<13>three"));
    const auto first = sink.taken().front();
    EXPECT_EQ(first.protocol, event::Protocol::syslog_tcp);
    EXPECT_EQ(peers.info(first.peer).name, "127.0.0.1");
    EXPECT_EQ(totals().received, 3U);
    EXPECT_EQ(totals().bytes, 7U + 5U + 9U);
    EXPECT_TRUE(eventually([&] { return totals().committed == 3; }));
}

TEST_F(TcpListenerTest, ManyLinesArriveOnceAndInOrderInBoundedBatches) {
    TcpListener listener(io, config(), services());
    listener.start();
    TcpClient client(listener.port());
    constexpr std::size_t kLines = 50'000;
    std::string all;
    for (std::size_t i = 0; i < kLines; ++i) {
        all += "<13>line " + std::to_string(i) + " " + std::string(i % 300, 'x') + "\n";
    }
    ASSERT_TRUE(client.send(all));
    client.close();
    ASSERT_TRUE(sink.wait_for(kLines));
    const auto texts = sink.texts();
    ASSERT_EQ(texts.size(), kLines);
    for (std::size_t i = 0; i < kLines; ++i) {
        ASSERT_EQ(texts[i], "<13>line " + std::to_string(i) + " " + std::string(i % 300, 'x'));
    }
    for (const std::size_t bytes : sink.batch_bytes()) {
        EXPECT_LE(bytes, event::kBatchBytes);
    }
}

TEST_F(TcpListenerTest, AFullSinkStopsTheSenderAndNothingIsLost) {
    sink.set_full(true);
    TcpListener listener(io, config(), services());
    listener.start();
    TcpClient client(listener.port());
    const std::string block(64 * 1024, 'x');
    std::size_t sent_lines = 0;
    // Until the kernel's buffers are full as well.
    for (int idle = 0; idle < 20;) {
        const std::string line = "<13>" + std::to_string(sent_lines) + " " + block + "\n";
        const std::size_t went = client.send_some(line);
        if (went == 0) {
            ++idle;
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
            continue;
        }
        idle = 0;
        if (went < line.size()) {
            EXPECT_TRUE(eventually([&] { return sink.attempts() > 1; }));
            sink.set_full(false);
            ASSERT_TRUE(client.send(std::string_view(line).substr(went)));
            ++sent_lines;
            break;
        }
        ++sent_lines;
        ASSERT_LT(sent_lines, 5'000U) << "nothing holds the sender back";
    }
    EXPECT_TRUE(eventually([&] { return sink.attempts() > 1; }));
    sink.set_full(false);
    ASSERT_TRUE(sink.wait_for(sent_lines));
    EXPECT_EQ(sink.taken().size(), sent_lines);
    EXPECT_TRUE(eventually([&] { return totals().committed == sent_lines && totals().in_flight == 0; }));
}

TEST_F(TcpListenerTest, ALineOfAMebibyteIsCutFlaggedAndFollowedByTheNext) {
    TcpListener listener(io, config(), services());
    listener.start();
    TcpClient client(listener.port());
    std::string line(event::kMaxRecordBytes + 5000, 'a');
    line += "\n<13>next\n";
    ASSERT_TRUE(client.send(line));
    ASSERT_TRUE(sink.wait_for(2));
    const auto taken = sink.taken();
    EXPECT_EQ(taken[0].text.size(), event::kMaxRecordBytes);
    EXPECT_EQ(taken[0].flags, event::flag::kTruncated);
    EXPECT_EQ(taken[1].text, "<13>next");
    EXPECT_EQ(totals().truncated, 1U);
    EXPECT_TRUE(eventually([&] { return ledger.snapshot().listeners[0].discarded_bytes == 5000; }));
}

TEST_F(TcpListenerTest, AClientThatStallsMidFrameIsCutOffAndWhatItSaidIsKept) {
    TcpListener listener(io, config(), services());
    listener.start();
    TcpClient stalled(listener.port());
    ASSERT_TRUE(stalled.send("500 <13>half a mess"));
    TcpClient other(listener.port());
    ASSERT_TRUE(other.send("<13>fine\n"));
    ASSERT_TRUE(sink.wait_for(2));
    EXPECT_TRUE(stalled.closed_by_peer());
    EXPECT_THAT(sink.texts(), testing::UnorderedElementsAre("<13>half a mess", "<13>fine"));
    EXPECT_EQ(refused(Refused::stalled), 1U);
    ASSERT_TRUE(other.send("<13>still here\n")); // quiet between frames is not a stall
    ASSERT_TRUE(sink.wait_for(3));
}

TEST_F(TcpListenerTest, AnIdleConnectionIsClosedWhenAskedFor) {
    TcpListenerConfig idle = config();
    idle.idle_limit = std::chrono::milliseconds(100);
    TcpListener listener(io, idle, services());
    listener.start();
    TcpClient client(listener.port());
    EXPECT_TRUE(client.closed_by_peer());
    EXPECT_EQ(refused(Refused::stalled), 0U);
}

TEST_F(TcpListenerTest, RefusesConnectionsAboveItsLimit) {
    TcpListenerConfig small = config();
    small.server.max_connections = 2;
    TcpListener listener(io, small, services());
    listener.start();
    TcpClient first(listener.port());
    TcpClient second(listener.port());
    ASSERT_TRUE(eventually([&] { return listener.connections() == 2; }));
    TcpClient third(listener.port());
    EXPECT_TRUE(third.closed_by_peer());
    EXPECT_EQ(refused(Refused::too_many_connections), 1U);
    ASSERT_TRUE(first.send("<13>a\n"));
    EXPECT_TRUE(sink.wait_for(1));
}

TEST_F(TcpListenerTest, StoppingTakesWhatHasArrived) {
    TcpListener listener(io, config(), services());
    listener.start();
    TcpClient client(listener.port());
    ASSERT_TRUE(client.send("<13>first\n"));
    ASSERT_TRUE(sink.wait_for(1));
    ASSERT_TRUE(client.send("<13>second\n<13>unfinished"));
    listener.stop();
    EXPECT_THAT(sink.texts(), ElementsAre("<13>first", "<13>second", "<13>unfinished"));
    EXPECT_EQ(totals().in_flight, 0U);
    EXPECT_TRUE(client.closed_by_peer());
    TcpClient late(listener.port());
    EXPECT_FALSE(late.connected());
}

TEST_F(TcpListenerTest, StoppingWithAFullSinkCountsWhatItCouldNotHandOver) {
    sink.set_full(true);
    TcpListenerConfig quick = config();
    quick.max_sink_wait = std::chrono::milliseconds(50);
    TcpListener listener(io, quick, services());
    listener.start();
    TcpClient client(listener.port());
    ASSERT_TRUE(client.send("<13>a\n<13>b\n"));
    ASSERT_TRUE(eventually([&] { return totals().received == 2; }));
    listener.stop();
    EXPECT_EQ(rejected(Rejected::stopping), 2U);
    EXPECT_EQ(totals().in_flight, 0U);
}

TEST_F(TcpListenerTest, ARefusingStoreIsInTheLedger) {
    sink.set_durable(false);
    TcpListener listener(io, config(), services());
    listener.start();
    TcpClient client(listener.port());
    ASSERT_TRUE(client.send("<13>a\n"));
    EXPECT_TRUE(eventually([&] { return rejected(Rejected::store_refused) == 1 && totals().in_flight == 0; }));
}

TEST_F(TcpListenerTest, LeavesLoopbackOnlyWithNamedSenders) {
    TcpListenerConfig open = config();
    open.server.address = "0.0.0.0";
    EXPECT_THROW(TcpListener(io, open, services()), std::invalid_argument);
}

TEST_F(TcpListenerTest, SaysWhichPortIsTaken) {
    TcpListener listener(io, config(), services());
    TcpListenerConfig same = config();
    same.server.port = listener.port();
    try {
        TcpListener second(io, same, services());
        FAIL() << "two listeners on one port";
    } catch (const std::runtime_error& e) {
        EXPECT_THAT(e.what(),
                    HasSubstr("syslog-tcp: cannot listen on 127.0.0.1 port " + std::to_string(same.server.port)));
        EXPECT_THAT(e.what(), HasSubstr("in use"));
    }
}

TEST(PlaintextPolicy, LoopbackAlwaysOthersByNetwork) {
    const PlaintextPolicy policy("x", *common::parse_ip("0.0.0.0"), false, {*common::parse_cidr("10.1.0.0/16")});
    EXPECT_TRUE(policy.allows(*common::parse_ip("127.0.0.1")));
    EXPECT_TRUE(policy.allows(*common::parse_ip("::ffff:10.1.2.3")));
    EXPECT_FALSE(policy.allows(*common::parse_ip("10.2.0.1")));
    const PlaintextPolicy tls("x", *common::parse_ip("0.0.0.0"), true, {});
    EXPECT_TRUE(tls.allows(*common::parse_ip("10.2.0.1")));
}

} // namespace
} // namespace canhgac::collector
