#include <stdexcept>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collector/listeners/elastic_api.hpp"
#include "collector/listeners/tcp_listener.hpp"
#include "tests/unit/collector/listener_fixture.hpp"
#include "tests/unit/net/test_client.hpp"

namespace canhgac::collector {
namespace {

using net::testing::TcpClient;
using net::testing::TestAuthority;
using net::testing::TlsClient;
using testing::ElementsAre;

class TlsListenerTest : public ListenerTest {
protected:
    net::StreamServerConfig server(net::ClientCertificates clients) {
        net::TlsServerOptions options{own.certificate, own.key, authority.file(), clients};
        net::StreamServerConfig out;
        out.name = "syslog-tls";
        out.tls = std::make_shared<net::TlsContext>(options, clock.now());
        out.handshake_limit = std::chrono::milliseconds(300);
        return out;
    }
    TcpListenerConfig config(net::ClientCertificates clients) {
        TcpListenerConfig out;
        out.server = server(clients);
        return out;
    }

    net::testing::TemporaryFolder folder;
    TestAuthority authority{folder, "real"};
    TestAuthority::Files own = authority.issue("server");
};

TEST_F(TlsListenerTest, TakesCountedFramesAndAnswersCloseNotify) {
    TcpListener listener(io, config(net::ClientCertificates::none), services());
    listener.start();
    TlsClient client(listener.port(), {authority.file(), {}, {}});
    ASSERT_TRUE(client.established());
    ASSERT_TRUE(client.send("7 <13>one7 <13>two"));
    ASSERT_TRUE(sink.wait_for(2));
    EXPECT_THAT(sink.texts(), ElementsAre("<13>one", "<13>two"));
    EXPECT_EQ(sink.taken()[0].protocol, event::Protocol::syslog_tls);
    EXPECT_EQ(peers.info(sink.taken()[0].peer).name, "127.0.0.1");
    EXPECT_TRUE(client.shutdown_tls());
}

TEST_F(TlsListenerTest, ManyRecordsStayInOrder) {
    TcpListener listener(io, config(net::ClientCertificates::none), services());
    listener.start();
    TlsClient client(listener.port(), {authority.file(), {}, {}});
    std::string all;
    constexpr std::size_t kLines = 20'000;
    for (std::size_t i = 0; i < kLines; ++i) {
        const std::string message = "<13>" + std::to_string(i) + std::string(i % 200, 'x');
        all += std::to_string(message.size()) + " " + message;
    }
    ASSERT_TRUE(client.send(all));
    ASSERT_TRUE(sink.wait_for(kLines));
    const auto texts = sink.texts();
    for (std::size_t i = 0; i < kLines; ++i) {
        ASSERT_EQ(texts[i], "<13>" + std::to_string(i) + std::string(i % 200, 'x'));
    }
}

TEST_F(TlsListenerTest, TheCertificateNamesThePeer) {
    TcpListener listener(io, config(net::ClientCertificates::required), services());
    listener.start();
    const TestAuthority::Files files = authority.issue("tường-lửa-01");
    TlsClient client(listener.port(), {authority.file(), files.certificate, files.key});
    ASSERT_TRUE(client.send("5 <13>a"));
    ASSERT_TRUE(sink.wait_for(1));
    const PeerInfo& peer = peers.info(sink.taken()[0].peer);
    EXPECT_EQ(peer.subject, "CN=tường-lửa-01,O=Canh Gac Test");
    EXPECT_EQ(peer.name, peer.subject);
    EXPECT_EQ(peer.address, "127.0.0.1");
}

TEST_F(TlsListenerTest, RequiredMeansRequiredAndValid) {
    TcpListener listener(io, config(net::ClientCertificates::required), services());
    listener.start();
    const auto try_with = [&](const TestAuthority::Files& files) {
        TlsClient client(listener.port(), {authority.file(), files.certificate, files.key});
        client.send("5 <13>a");
        return client.receive(); // the alert ends it
    };
    const TestAuthority stranger(folder, "stranger");
    EXPECT_EQ(try_with({}), "");
    EXPECT_EQ(try_with(stranger.issue("web")), "");
    EXPECT_EQ(try_with(authority.issue("old", -7200, -3600)), "");
    EXPECT_TRUE(eventually([&] { return refused(Refused::tls_failed) == 3; })) << refused(Refused::tls_failed);
    EXPECT_TRUE(sink.taken().empty());
}

TEST_F(TlsListenerTest, OptionalTakesBoth) {
    TcpListener listener(io, config(net::ClientCertificates::optional), services());
    listener.start();
    const TestAuthority::Files files = authority.issue("web");
    TlsClient with(listener.port(), {authority.file(), files.certificate, files.key});
    TlsClient without(listener.port(), {authority.file(), {}, {}});
    ASSERT_TRUE(with.send("5 <13>a"));
    ASSERT_TRUE(sink.wait_for(1));
    ASSERT_TRUE(without.send("5 <13>b"));
    ASSERT_TRUE(sink.wait_for(2));
    EXPECT_EQ(peers.info(sink.taken()[0].peer).name, "CN=web,O=Canh Gac Test");
    EXPECT_EQ(peers.info(sink.taken()[1].peer).name, "127.0.0.1");
}

TEST_F(TlsListenerTest, GarbageSilenceAndOldVersionsAreRefusedAndTheOthersLive) {
    TcpListener listener(io, config(net::ClientCertificates::none), services());
    listener.start();
    TlsClient good(listener.port(), {authority.file(), {}, {}});
    ASSERT_TRUE(good.established());
    TcpClient garbage(listener.port());
    garbage.send("<13>plain text where TLS should be\n");
    EXPECT_TRUE(garbage.closed_by_peer());
    TcpClient silent(listener.port());
    EXPECT_TRUE(silent.closed_by_peer()); // handshake_limit
    constexpr int kTls11 = 0x0302;
    EXPECT_FALSE(TlsClient(listener.port(), {authority.file(), {}, {}, kTls11}).established());
    EXPECT_TRUE(eventually([&] { return refused(Refused::tls_failed) == 3; })) << refused(Refused::tls_failed);
    ASSERT_TRUE(good.send("5 <13>a"));
    EXPECT_TRUE(sink.wait_for(1));
}

TEST_F(TlsListenerTest, StoppingSaysCloseNotify) {
    TcpListener listener(io, config(net::ClientCertificates::none), services());
    listener.start();
    TlsClient client(listener.port(), {authority.file(), {}, {}});
    ASSERT_TRUE(client.send("5 <13>a"));
    ASSERT_TRUE(sink.wait_for(1));
    ASSERT_TRUE(client.send("5 <13>b"));
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    listener.stop();
    EXPECT_THAT(sink.texts(), ElementsAre("<13>a", "<13>b"));
    EXPECT_TRUE(client.shutdown_tls());
}

TEST_F(TlsListenerTest, TheBulkApiSpeaksTlsAndKnowsCertificates) {
    ElasticApiConfig with_tls;
    with_tls.server = server(net::ClientCertificates::required);
    with_tls.server.name = "elastic";
    with_tls.server.address = "0.0.0.0"; // TLS and certificates: may leave loopback
    with_tls.client_certificates_required = true;
    ElasticApi api(io, with_tls, services());
    api.start();
    const TestAuthority::Files files = authority.issue("beat");
    TlsClient client(api.port(), {authority.file(), files.certificate, files.key});
    const std::string body = "{\"index\":{}}\n{\"m\":1}\n";
    ASSERT_TRUE(client.send("POST /_bulk HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: " +
                            std::to_string(body.size()) + "\r\n\r\n" + body));
    EXPECT_THAT(client.receive(), testing::StartsWith("HTTP/1.1 200 OK"));
    EXPECT_EQ(peers.info(sink.taken().at(0).peer).name, "CN=beat,O=Canh Gac Test");
}

} // namespace
} // namespace canhgac::collector
