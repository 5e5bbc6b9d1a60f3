#include "net/http_server.hpp"

#include <atomic>
#include <functional>
#include <future>
#include <map>
#include <mutex>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/log.hpp"
#include "tests/unit/net/test_client.hpp"

namespace canhgac::net {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using testing::TcpClient;

using Exchange = std::shared_ptr<HttpExchange>;

/// Paths to functions, and what the server reported.
class Routes final : public HttpHandler {
public:
    std::map<std::string, std::function<void(Exchange)>> paths;
    std::optional<unsigned> check_status;
    std::atomic<unsigned> refused_status{0};

    std::optional<HttpResponse> check(const HttpRequest& /*head*/) override {
        if (!check_status) { return std::nullopt; }
        return make_response(*check_status, "text/plain", "no\n");
    }
    void handle(Exchange exchange) override {
        const auto found = paths.find(exchange->request().path);
        if (found == paths.end()) {
            exchange->respond(make_response(404, "text/plain", "nothing here\n"));
            return;
        }
        found->second(std::move(exchange));
    }
    void request_refused(const common::IpAddress& /*peer*/, unsigned status) override { refused_status = status; }
    void decorate(HttpResponse& response) override { response.headers.emplace_back("X-Server", "test"); }
};

class HttpServerTest : public ::testing::Test {
protected:
    HttpServerTest() {
        limits.stall_limit = std::chrono::milliseconds(300);
        limits.header_limit = std::chrono::milliseconds(300);
        limits.answer_limit = std::chrono::milliseconds(500);
        routes.paths["/echo"] = [](const Exchange& exchange) {
            exchange->respond(make_response(200, "text/plain", exchange->take_body()));
        };
    }
    ~HttpServerTest() override {
        for (std::thread& thread : threads) {
            thread.join();
        }
    }
    void start() {
        StreamServerConfig config;
        config.name = "http";
        server = std::make_unique<HttpServer>(io, config, limits, routes, log);
        server->start();
    }
    std::string call(const std::string& request) {
        TcpClient client(server->port());
        client.send(request);
        return client.receive_all();
    }

    common::Logger log{common::LogLevel::error};
    IoThreads io{2};
    Routes routes;
    HttpLimits limits;
    std::vector<std::thread> threads;
    std::unique_ptr<HttpServer> server;
};

TEST_F(HttpServerTest, AnswersAndKeepsTheConnection) {
    routes.paths["/a b"] = [](const Exchange& exchange) {
        const HttpRequest& request = exchange->request();
        exchange->respond(make_response(201, "text/plain",
                                        request.method + " " + request.query_value("q") + " " +
                                            std::string(request.header("x-one"))));
    };
    start();
    TcpClient client(server->port());
    client.send("GET /a%20b?q=1%262+3&z HTTP/1.1\r\nHost: x\r\nX-One: 1\r\n\r\n");
    const std::string first = client.receive_until("GET 1&2 3 1");
    EXPECT_THAT(first, StartsWith("HTTP/1.1 201 Created\r\n"));
    EXPECT_THAT(first, HasSubstr("Content-Length: 11\r\n"));
    EXPECT_THAT(first, HasSubstr("Connection: keep-alive\r\n"));
    EXPECT_THAT(first, HasSubstr("X-Server: test\r\n"));
    // Two at once, pipelined; the second closes.
    client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\none"
                "POST /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 3\r\n\r\ntwo");
    const std::string rest = client.receive_all();
    EXPECT_LT(rest.find("one"), rest.find("two"));
    EXPECT_THAT(rest, EndsWith("two"));
}

TEST_F(HttpServerTest, HeadHasNoBody) {
    start();
    const std::string answer = call("HEAD /none HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(answer, HasSubstr("Content-Length: 13\r\n"));
    EXPECT_THAT(answer, EndsWith("\r\n\r\n"));
}

TEST_F(HttpServerTest, TakesChunkedBodiesAndSlowOnes) {
    start();
    EXPECT_THAT(call("POST /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
                     "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"),
                EndsWith("\r\n\r\nabcde"));
    TcpClient client(server->port());
    const std::string request = "POST /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\nab";
    for (const char c : request) {
        ASSERT_TRUE(client.send(std::string(1, c)));
    }
    EXPECT_THAT(client.receive_all(), EndsWith("\r\n\r\nab"));
    std::string big(3'000'000, 'x');
    big += "end";
    EXPECT_THAT(call("POST /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: " +
                     std::to_string(big.size()) + "\r\n\r\n" + big),
                EndsWith(big));
}

TEST_F(HttpServerTest, SaysContinueOnlyWhenTheBodyIsWanted) {
    start();
    TcpClient client(server->port());
    client.send(
        "POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nConnection: close\r\nContent-Length: 2\r\n\r\n");
    EXPECT_EQ(client.receive_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("ok");
    EXPECT_THAT(client.receive_all(), EndsWith("\r\n\r\nok"));
    routes.check_status = 401;
    EXPECT_THAT(call("POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"),
                ::testing::AllOf(StartsWith("HTTP/1.1 401 Unauthorized"), HasSubstr("Connection: close")));
}

TEST_F(HttpServerTest, RefusesWhatIsNoHttpOrTooLarge) {
    limits.max_header_bytes = 2'000;
    limits.max_body_bytes = 1'000;
    start();
    EXPECT_THAT(call("\x16\x03\x01 this is TLS\r\n\r\n"), StartsWith("HTTP/1.1 400"));
    EXPECT_EQ(routes.refused_status, 400U);
    EXPECT_THAT(call("GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(3'000, 'x') + "\r\n\r\n"),
                StartsWith("HTTP/1.1 431"));
    EXPECT_THAT(call("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n"), StartsWith("HTTP/1.1 413"));
    EXPECT_THAT(call("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n600\r\n" +
                     std::string(0x600, 'x') + "\r\n"),
                StartsWith("HTTP/1.1 413"));
    EXPECT_EQ(routes.refused_status, 413U);
    EXPECT_THAT(call("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"),
                StartsWith("HTTP/1.1 400"));
}

TEST_F(HttpServerTest, BoundsTheBodiesOfAllRequestsTogether) {
    limits.max_body_bytes_total = 100'000;
    start();
    EXPECT_THAT(call("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n" + std::string(200'000, 'x')),
                ::testing::AllOf(StartsWith("HTTP/1.1 429"), HasSubstr("Retry-After: 5")));
    EXPECT_THAT(call("POST /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"),
                EndsWith("ok"));
}

TEST_F(HttpServerTest, ClosesWhoStalls) {
    limits.idle_limit = std::chrono::milliseconds(200);
    start();
    TcpClient idle(server->port());
    TcpClient header(server->port());
    header.send("GET / HTT");
    TcpClient body(server->port());
    body.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
    EXPECT_TRUE(idle.closed_by_peer());
    EXPECT_TRUE(header.closed_by_peer());
    EXPECT_TRUE(body.closed_by_peer());
    EXPECT_EQ(routes.refused_status, 408U);
    for (int i = 0; i < 500 && server->connections() != 0; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    EXPECT_EQ(server->connections(), 0U);
}

TEST_F(HttpServerTest, AnswersLaterFromAnotherThread) {
    routes.paths["/later"] = [this](Exchange exchange) {
        threads.emplace_back([exchange = std::move(exchange)] {
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
            EXPECT_TRUE(exchange->respond(make_response(200, "text/plain", "late")));
            EXPECT_FALSE(exchange->respond(make_response(200, "text/plain", "twice")));
        });
    };
    routes.paths["/never"] = [this](Exchange exchange) {
        threads.emplace_back([exchange = std::move(exchange)] {
            std::this_thread::sleep_for(std::chrono::milliseconds(800));
            EXPECT_TRUE(exchange->closed());
        });
    };
    routes.paths["/dropped"] = [](const Exchange&) {};
    start();
    EXPECT_THAT(call("GET /later HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), EndsWith("late"));
    EXPECT_THAT(call("GET /dropped HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), StartsWith("HTTP/1.1 500"));
    TcpClient impatient(server->port());
    impatient.send("GET /never HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_THAT(impatient.receive(), StartsWith("HTTP/1.1 503"));
    EXPECT_TRUE(impatient.closed_by_peer());
}

TEST_F(HttpServerTest, StreamsInChunksAndHoldsTheWriterBack) {
    constexpr int kParts = 2'000;
    limits.max_stream_buffer = 20'000;
    limits.stall_limit = std::chrono::milliseconds(5'000);
    std::atomic<int> written{0};
    const std::string part(10'000, 'x');
    routes.paths["/stream"] = [&](Exchange exchange) {
        threads.emplace_back([&, exchange = std::move(exchange)] {
            ASSERT_TRUE(exchange->start_stream(make_response(200, "application/x-ndjson", "first\n")));
            for (int i = 0; i < kParts && exchange->write(part); ++i) {
                ++written;
            }
            exchange->finish_stream();
        });
    };
    start();
    TcpClient client(server->port());
    client.send("GET /stream HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    EXPECT_LT(written, kParts); // nobody reads yet
    const std::string answer = client.receive_all();
    EXPECT_EQ(written, kParts);
    EXPECT_THAT(answer, HasSubstr("Transfer-Encoding: chunked\r\n"));
    EXPECT_THAT(answer, EndsWith("0\r\n\r\n"));
    EXPECT_GE(answer.size(), kParts * part.size());
}

TEST_F(HttpServerTest, AStreamEndsWhenTheClientGoesOrStalls) {
    std::promise<void> ended;
    routes.paths["/live"] = [&](Exchange exchange) {
        threads.emplace_back([&, exchange = std::move(exchange)] {
            EXPECT_TRUE(exchange->start_stream(make_response(200, "text/event-stream", "")));
            const std::string part(100'000, 'e');
            while (!exchange->closed()) {
                if (!exchange->try_write(part)) { std::this_thread::sleep_for(std::chrono::milliseconds(5)); }
            }
            ended.set_value();
        });
    };
    start();
    TcpClient client(server->port());
    client.send("GET /live HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_THAT(client.receive(), StartsWith("HTTP/1.1 200 OK")); // then it reads no more: stall_limit
    EXPECT_EQ(ended.get_future().wait_for(std::chrono::seconds(5)), std::future_status::ready);
}

TEST_F(HttpServerTest, StoppingEndsStreamsAndAnswersWhatIsOpen) {
    std::promise<void> begun;
    routes.paths["/live"] = [&](Exchange exchange) {
        threads.emplace_back([&, exchange = std::move(exchange)] {
            EXPECT_TRUE(exchange->start_stream(make_response(200, "text/event-stream", ": hello\n\n")));
            begun.set_value();
            while (!exchange->closed()) {
                std::this_thread::sleep_for(std::chrono::milliseconds(5));
            }
        });
    };
    start();
    TcpClient idle(server->port());
    TcpClient client(server->port());
    client.send("GET /live HTTP/1.1\r\nHost: x\r\n\r\n");
    begun.get_future().wait();
    const auto at = std::chrono::steady_clock::now();
    server->stop();
    EXPECT_LT(std::chrono::steady_clock::now() - at, std::chrono::seconds(2));
    EXPECT_THAT(client.receive_all(), EndsWith("0\r\n\r\n"));
    EXPECT_TRUE(idle.closed_by_peer());
}

TEST_F(HttpServerTest, AnExchangeMayOutliveTheServer) {
    Exchange kept;
    std::promise<void> has;
    routes.paths["/keep"] = [&](Exchange exchange) {
        kept = std::move(exchange);
        has.set_value();
    };
    limits.answer_limit = std::chrono::milliseconds(100);
    start();
    TcpClient client(server->port());
    client.send("GET /keep HTTP/1.1\r\nHost: x\r\n\r\n");
    has.get_future().wait();
    server->stop();
    server.reset();
    EXPECT_FALSE(kept->respond(make_response(200, "text/plain", "")));
    EXPECT_FALSE(kept->write("x"));
    kept.reset();
}

TEST(HttpMessage, DecodesWhatIsEncodedAndKeepsTheRest) {
    EXPECT_EQ(percent_decode("a%20b%2Fc+d%"), "a b/c+d%");
    EXPECT_EQ(percent_decode("a+b", true), "a b");
    EXPECT_EQ(percent_decode("%zz%4"), "%zz%4");
    HttpRequest request;
    request.query = "a=1&b&c=x%26y&a=2";
    EXPECT_EQ(request.query_value("a"), "1");
    EXPECT_EQ(request.query_value("c"), "x&y");
    EXPECT_EQ(request.query_value("d"), "");
    EXPECT_TRUE(request.has_query("b"));
    EXPECT_FALSE(request.has_query("d"));
}

} // namespace
} // namespace canhgac::net
