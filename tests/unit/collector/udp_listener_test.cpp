#include "collector/listeners/udp_listener.hpp"

#include <stdexcept>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collector/listeners/udp_socket.hpp"
#include "tests/unit/collector/listener_fixture.hpp"
#include "tests/unit/net/test_client.hpp"

namespace canhgac::collector {
namespace {

using namespace std::string_literals;
using net::testing::UdpClient;
using testing::ElementsAre;

class UdpListenerTest : public ListenerTest {
protected:
    UdpListenerConfig config() {
        UdpListenerConfig out;
        out.port = 0;
        out.receive_buffer_bytes = 4 * 1024 * 1024;
        return out;
    }
    [[nodiscard]] std::uint64_t kernel_drops() const { return ledger.snapshot().listeners.at(0).kernel_drops; }
};

TEST_F(UdpListenerTest, OneDatagramOneRecord) {
    UdpListener listener(config(), services());
    listener.start();
    const UdpClient client(listener.port());
    client.send("<13>one");
    client.send("<13>two\nwith a second line\r\n\0"s);
    client.send(std::string(60'000, 'x'));
    ASSERT_TRUE(sink.wait_for(3));
    EXPECT_THAT(sink.texts(), ElementsAre("<13>one", "<13>two\nwith a second line", std::string(60'000, 'x')));
    EXPECT_EQ(sink.taken()[0].protocol, event::Protocol::syslog_udp);
    EXPECT_EQ(peers.info(sink.taken()[0].peer).name, "127.0.0.1");
    EXPECT_TRUE(eventually([&] { return totals().committed == 3; }));
    EXPECT_EQ(totals().received, 3U);
}

TEST_F(UdpListenerTest, EmptyDatagramsAreCountedAsRejected) {
    UdpListener listener(config(), services());
    listener.start();
    const UdpClient client(listener.port());
    client.send("");
    client.send("\r\n");
    client.send("<13>x");
    ASSERT_TRUE(sink.wait_for(1));
    EXPECT_TRUE(eventually([&] { return totals().received == 3 && totals().in_flight == 0; }));
    EXPECT_EQ(rejected(Rejected::empty), 2U);
}

TEST_F(UdpListenerTest, ReceivedIsStoredPlusDropped) {
    UdpListenerConfig small = config();
    small.receive_buffer_bytes = 16 * 1024;
    sink.set_full(true);
    UdpListener listener(small, services());
    listener.start();
    const UdpClient client(listener.port());
    constexpr std::uint64_t kSent = 2'000;
    for (std::uint64_t i = 0; i < kSent; ++i) {
        client.send("<13>" + std::to_string(i) + std::string(500, 'x'));
    }
    EXPECT_TRUE(eventually([&] { return sink.attempts() > 3; }));
    EXPECT_TRUE(sink.taken().empty());
    sink.set_full(false);
    EXPECT_TRUE(eventually([&] { return totals().received + kernel_drops() == kSent && totals().in_flight == 0; }))
        << totals().received << " + " << kernel_drops();
    EXPECT_GT(kernel_drops(), 0U);
    EXPECT_EQ(sink.taken().size(), totals().received);
}

TEST_F(UdpListenerTest, SeveralThreadsShareAPort) {
    UdpListenerConfig two = config();
    two.threads = 2;
    UdpListener listener(two, services());
    listener.start();
    constexpr std::size_t kClients = 16;
    constexpr std::size_t kEach = 200;
    for (std::size_t c = 0; c < kClients; ++c) {
        const UdpClient client(listener.port());
        for (std::size_t i = 0; i < kEach; ++i) {
            client.send("<13>" + std::to_string(c) + "/" + std::to_string(i));
        }
    }
    ASSERT_TRUE(sink.wait_for(kClients * kEach));
    EXPECT_TRUE(eventually([&] { return totals().received == kClients * kEach && totals().in_flight == 0; }));
}

TEST_F(UdpListenerTest, StoppingTakesWhatTheSocketHolds) {
    UdpListener listener(config(), services());
    const UdpClient client(listener.port());
    for (int i = 0; i < 300; ++i) {
        client.send("<13>" + std::to_string(i));
    }
    listener.start();
    listener.stop();
    EXPECT_EQ(sink.taken().size(), 300U);
    EXPECT_EQ(totals().in_flight, 0U);
}

TEST_F(UdpListenerTest, LeavesLoopbackOnlyWithNamedSenders) {
    UdpListenerConfig open = config();
    open.address = "0.0.0.0";
    EXPECT_THROW(UdpListener(open, services()), std::invalid_argument);
}

TEST(UdpSocket, SaysWhyItCannotListen) {
    EXPECT_THAT([] { const UdpSocket socket("syslog-udp", *common::parse_ip("192.0.2.77"), 5514, 4096); },
                testing::ThrowsMessage<std::runtime_error>(
                    testing::HasSubstr("syslog-udp: cannot listen on 192.0.2.77 port 5514: Cannot assign")));
}

} // namespace
} // namespace canhgac::collector
