#include "collector/ledger.hpp"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace canhgac::collector {
namespace {

class LedgerTest : public testing::Test {
protected:
    PeerTable peers;
    common::ManualClock clock{1'000};
    common::MetricsRegistry metrics;
    Ledger ledger{peers, clock, &metrics};
};

TEST_F(LedgerTest, EveryRecordIsInOnePlace) {
    ListenerLedger& page = ledger.listener("syslog-udp");
    EXPECT_EQ(&page, &ledger.listener("syslog-udp"));
    PeerCounters& peer = page.peer(peers.intern(*common::parse_ip("192.0.2.1")));
    page.received(peer, 10, 3'000);
    page.settle(peer, 4)(true);
    page.settle(peer, 3)(false);
    page.rejected(peer, Rejected::empty, 1);
    const LedgerSnapshot snapshot = ledger.snapshot();
    ASSERT_EQ(snapshot.peers.size(), 1U);
    const PeerLine& line = snapshot.peers[0];
    EXPECT_EQ(line.listener, "syslog-udp");
    EXPECT_EQ(line.peer, "192.0.2.1");
    EXPECT_EQ(line.received, 10U);
    EXPECT_EQ(line.committed, 4U);
    EXPECT_EQ(line.rejected[static_cast<std::size_t>(Rejected::store_refused)], 3U);
    EXPECT_EQ(line.rejected[static_cast<std::size_t>(Rejected::empty)], 1U);
    EXPECT_EQ(line.in_flight, 2U);
    EXPECT_EQ(line.last_seen, 1'000);
    const std::string text = metrics.text();
    EXPECT_THAT(text, testing::HasSubstr("canhgac_received_records_total{listener=\"syslog-udp\"} 10"));
    EXPECT_THAT(text, testing::HasSubstr("canhgac_in_flight_records{listener=\"syslog-udp\"} 2"));
    EXPECT_THAT(
        text, testing::HasSubstr("canhgac_rejected_records_total{listener=\"syslog-udp\",reason=\"store_refused\"} 3"));
}

TEST_F(LedgerTest, InFlightNeverGoesBelowZeroWhileCounting) {
    ListenerLedger& page = ledger.listener("x");
    PeerCounters& peer = page.peer(peers.intern_local("a"));
    std::atomic<bool> end{false};
    std::thread counting([&] {
        for (int i = 0; i < 100'000; ++i) {
            page.received(peer, 1, 1);
            page.settle(peer, 1)(i % 2 == 0);
        }
        end = true;
    });
    while (!end) {
        for (const PeerLine& line : ledger.snapshot().peers) {
            ASSERT_LT(line.in_flight, 1'000'000U);
        }
    }
    counting.join();
    EXPECT_EQ(ledger.snapshot().peers.at(0).in_flight, 0U);
    EXPECT_EQ(ledger.snapshot().peers.at(0).received, 100'000U);
}

TEST_F(LedgerTest, RefusalsAreBoundedByAddress) {
    ListenerLedger& page = ledger.listener("x");
    for (unsigned i = 0; i < ListenerLedger::kMaxRefusedAddresses + 50; ++i) {
        common::IpAddress address;
        address.bytes = {10, static_cast<std::uint8_t>(i >> 16U), static_cast<std::uint8_t>(i >> 8U),
                         static_cast<std::uint8_t>(i)};
        page.refused(address, Refused::bad_credential);
    }
    page.refused(*common::parse_ip("10.0.0.0"), Refused::bad_credential);
    const LedgerSnapshot snapshot = ledger.snapshot();
    EXPECT_EQ(snapshot.refused.size(), ListenerLedger::kMaxRefusedAddresses + 1);
    EXPECT_EQ(snapshot.listeners.at(0).refused[static_cast<std::size_t>(Refused::bad_credential)],
              ListenerLedger::kMaxRefusedAddresses + 51);
    for (const RefusedLine& line : snapshot.refused) {
        if (line.address == "other") { EXPECT_EQ(line.count, 50U); }
        if (line.address == "10.0.0.0") { EXPECT_EQ(line.count, 2U); }
    }
}

} // namespace
} // namespace canhgac::collector
