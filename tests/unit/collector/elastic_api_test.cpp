#include "collector/listeners/elastic_api.hpp"

#include <future>
#include <stdexcept>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collector/listeners/elastic_startup.hpp"
#include "net/gzip.hpp"
#include "tests/unit/collector/listener_fixture.hpp"
#include "tests/unit/net/test_client.hpp"

namespace canhgac::collector {
namespace {

using net::testing::TcpClient;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::string_view kOneItem = "{\"create\":{\"_index\":\"x\",\"_id\":\"1\"}}\n{\"message\":\"hello\"}\n";

class ElasticApiTest : public ListenerTest {
protected:
    ElasticApiConfig config() {
        ElasticApiConfig out;
        out.server.name = "elastic";
        out.hold_limit = std::chrono::milliseconds(300);
        out.hold_limit_part = std::chrono::milliseconds(600);
        return out;
    }
    void start(ElasticApiConfig with) {
        api = std::make_unique<ElasticApi>(io, std::move(with), services());
        api->start();
    }
    std::string call(const std::string& head, std::string_view body = {}) {
        TcpClient client(api->port());
        std::string request = head + "\r\nHost: x\r\nConnection: close\r\n";
        if (!body.empty()) { request += "Content-Length: " + std::to_string(body.size()) + "\r\n"; }
        request += "\r\n";
        request.append(body);
        client.send(request);
        return client.receive_all();
    }
    std::string bulk(std::string_view body, const std::string& headers = "Content-Type: application/x-ndjson",
                     const std::string& path = "/_bulk") {
        return call("POST " + path + " HTTP/1.1\r\n" + headers, body);
    }
    static std::string body_of(const std::string& answer) { return answer.substr(answer.find("\r\n\r\n") + 4); }

    std::unique_ptr<ElasticApi> api;
};

TEST_F(ElasticApiTest, AnswersWhatShippersAskFirst) {
    start(config());
    const std::string root = call("GET / HTTP/1.1");
    EXPECT_THAT(root, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(root, HasSubstr("X-Elastic-Product: Elasticsearch\r\n"));
    EXPECT_THAT(root, HasSubstr(R"("version":{"number":"8.19.0","build_flavor":"default")"));
    EXPECT_THAT(root, HasSubstr(R"("tagline":"You Know, for Search"})"));
    EXPECT_THAT(call("HEAD / HTTP/1.1"), testing::AllOf(StartsWith("HTTP/1.1 200 OK"), testing::EndsWith("\r\n\r\n")));
    EXPECT_THAT(call("GET /_license?human=false HTTP/1.1"), HasSubstr(R"("status":"active")"));
    EXPECT_THAT(call("GET /_cluster/health HTTP/1.1"), HasSubstr(R"("status":"green")"));
    EXPECT_THAT(call("GET /_nodes/ingest HTTP/1.1"), HasSubstr(R"({"nodes":{}})"));
    EXPECT_THAT(call("GET /_nodes/http HTTP/1.1"), HasSubstr("127.0.0.1:" + std::to_string(api->port())));
    for (const std::string path :
         {"/_index_template/logs", "/_template/x", "/_data_stream/y", "/_ilm/policy/p", "/_ingest/pipeline/z",
          "/_xpack", "/_logstash/pipeline", "/.kibana", "/_cat/health"}) {
        EXPECT_THAT(call("GET " + path + " HTTP/1.1"),
                    testing::AllOf(StartsWith("HTTP/1.1 200 OK"), HasSubstr("X-Elastic-Product: Elasticsearch")))
            << path;
    }
    EXPECT_THAT(call("PUT /_index_template/x HTTP/1.1\r\nContent-Type: application/json", "{}"),
                HasSubstr(R"({"acknowledged":true})"));
    EXPECT_THAT(call("HEAD /filebeat-8 HTTP/1.1"), StartsWith("HTTP/1.1 200 OK"));
    EXPECT_THAT(call("GET /_search HTTP/1.1"),
                testing::AllOf(StartsWith("HTTP/1.1 404"), HasSubstr("X-Elastic-Product: Elasticsearch")));
}

TEST_F(ElasticApiTest, ANewerBeatsSeesItsOwnVersion) {
    EXPECT_EQ(reported_version("8.19.0", "Elastic-Filebeat/8.30.1 (linux; amd64)"), "8.30.1");
    EXPECT_EQ(reported_version("8.19.0", "Elastic-Filebeat/9.1.0 (linux)"), "9.1.0");
    EXPECT_EQ(reported_version("8.19.0", "Elastic-Winlogbeat/7.17.3 (windows)"), "8.19.0");
    EXPECT_EQ(reported_version("8.19.0", "Elastic-Filebeat/10.0.0"), "8.19.0");
    EXPECT_EQ(reported_version("8.19.0", "Elastic-Filebeat/nonsense"), "8.19.0");
    EXPECT_EQ(reported_version("8.19.0", "curl/8.30.0"), "8.19.0");
    start(config());
    EXPECT_THAT(call("GET / HTTP/1.1\r\nUser-Agent: Elastic-Filebeat/8.30.1 (linux)"),
                HasSubstr(R"("number":"8.30.1")"));
}

TEST_F(ElasticApiTest, AnswersABulkRequestByteForByte) {
    start(config());
    const std::string answer = bulk(kOneItem);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(
        body_of(answer),
        testing::MatchesRegex("\\{\"took\":[0-9]+,\"errors\":false,\"items\":\\[\\{\"create\":\\{\"_index\":\"x\","
                              "\"_id\":\"1\",\"status\":201,\"result\":\"created\"\\}\\}\\]\\}"));
    ASSERT_EQ(sink.taken().size(), 1U);
    EXPECT_EQ(sink.taken()[0].text, "{\"message\":\"hello\"}");
    EXPECT_EQ(sink.taken()[0].meta, "{\"create\":{\"_index\":\"x\",\"_id\":\"1\"}}");
    EXPECT_EQ(totals().committed, 1U);
    const std::string by_path =
        bulk("{\"index\":{}}\n{}\n", "Content-Type: application/json; charset=UTF-8", "/my-logs/_bulk/");
    EXPECT_THAT(by_path, HasSubstr(R"({"index":{"_index":"my-logs","_id":")"));
}

TEST_F(ElasticApiTest, AnswersOnlyOnceEverythingIsDurable) {
    sink.set_hold(true);
    start(config());
    std::string body;
    for (int i = 0; i < 2000; ++i) {
        body += "{\"index\":{}}\n{\"m\":\"" + std::string(300, 'x') + "\"}\n"; // three batches
    }
    auto answer = std::async(std::launch::async, [&] { return bulk(body); });
    ASSERT_TRUE(sink.wait_for(2000));
    EXPECT_GT(sink.batch_bytes().size(), 1U);
    EXPECT_EQ(answer.wait_for(std::chrono::milliseconds(100)), std::future_status::timeout);
    EXPECT_EQ(totals().in_flight, 2000U);
    sink.release(true);
    EXPECT_THAT(answer.get(), StartsWith("HTTP/1.1 200 OK"));
    EXPECT_EQ(totals().committed, 2000U);
}

TEST_F(ElasticApiTest, AFullSinkHoldsTheRequestAndThenRefusesAllOfIt) {
    sink.set_full(true);
    start(config());
    const auto begun = std::chrono::steady_clock::now();
    const std::string answer = bulk(kOneItem);
    EXPECT_GE(std::chrono::steady_clock::now() - begun, std::chrono::milliseconds(290));
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 429 Too Many Requests\r\n"));
    EXPECT_THAT(answer, HasSubstr("Retry-After: "));
    EXPECT_THAT(answer, HasSubstr("es_rejected_execution_exception"));
    EXPECT_EQ(rejected(Rejected::overload), 1U);
    EXPECT_EQ(totals().in_flight, 0U);
    // Room again while it waits: taken.
    auto second = std::async(std::launch::async, [&] { return bulk(kOneItem); });
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    sink.set_full(false);
    EXPECT_THAT(second.get(), StartsWith("HTTP/1.1 200 OK"));
}

TEST_F(ElasticApiTest, ARefusingStoreIsA429ForTheWhole) {
    sink.set_durable(false);
    start(config());
    EXPECT_THAT(bulk(kOneItem), StartsWith("HTTP/1.1 429"));
    EXPECT_EQ(rejected(Rejected::store_refused), 1U);
    EXPECT_EQ(totals().in_flight, 0U);
}

TEST_F(ElasticApiTest, BrokenLinesAreStillAccepted) {
    start(config());
    std::string body;
    for (int i = 0; i < 1000; ++i) {
        body += "{\"create\":{}}\n";
        body += i == 500 ? "{\"message\":\"\xff" : (i == 501 ? "{\"m\":\"\\ud800\"}" : "{\"m\":1}");
        body += "\n";
    }
    const std::string answer = body_of(bulk(body));
    EXPECT_THAT(answer, HasSubstr("\"errors\":false"));
    std::size_t created = 0;
    for (std::size_t at = answer.find("\"status\":201"); at != std::string::npos;
         at = answer.find("\"status\":201", at + 1)) {
        ++created;
    }
    EXPECT_EQ(created, 1000U);
    EXPECT_EQ(totals().committed, 1000U);
    EXPECT_THAT(bulk("{\"explode\":{}}\n{\"m\":1}\n"), HasSubstr("\"errors\":false,\"items\":[{"));
    EXPECT_THAT(bulk("\n"), StartsWith("HTTP/1.1 400"));
}

TEST_F(ElasticApiTest, UnpacksGzipAndRefusesBombs) {
    ElasticApiConfig small = config();
    small.http.max_body_bytes = 8 * 1024 * 1024;
    start(small);
    const std::string headers = "Content-Type: application/json\r\nContent-Encoding: gzip";
    EXPECT_THAT(bulk(net::gzip(kOneItem), headers), StartsWith("HTTP/1.1 200 OK"));
    EXPECT_EQ(sink.taken().size(), 1U);
    EXPECT_THAT(bulk("no gzip at all", headers), StartsWith("HTTP/1.1 400"));
    EXPECT_THAT(bulk(net::gzip(std::string(6 * 1024 * 1024, 'x')), headers), StartsWith("HTTP/1.1 413")); // ratio
    EXPECT_THAT(bulk(net::gzip(std::string(9 * 1024 * 1024, 'x')), headers), StartsWith("HTTP/1.1 413"));
    EXPECT_THAT(call("POST /_bulk HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 99999999"),
                StartsWith("HTTP/1.1 413"));
    EXPECT_EQ(refused(Refused::too_large), 3U);
    EXPECT_EQ(sink.taken().size(), 1U);
}

TEST_F(ElasticApiTest, SaysWhichTypesItTakes) {
    start(config());
    EXPECT_THAT(bulk(kOneItem, "Content-Type: text/plain"),
                testing::AllOf(StartsWith("HTTP/1.1 406 Not Acceptable"), HasSubstr("Content-Type [text/plain]")));
    EXPECT_THAT(bulk(kOneItem, "X: y"), StartsWith("HTTP/1.1 406"));
    EXPECT_THAT(bulk(kOneItem, "Content-Type: application/json\r\nContent-Encoding: br"),
                testing::AllOf(StartsWith("HTTP/1.1 415"), HasSubstr("Content-Encoding [br]")));
    EXPECT_THAT(call("GET /_bulk HTTP/1.1"), testing::AllOf(StartsWith("HTTP/1.1 405"), HasSubstr("Allow: POST, PUT")));
    EXPECT_EQ(refused(Refused::wrong_type), 3U);
    EXPECT_TRUE(sink.taken().empty());
}

TEST_F(ElasticApiTest, AsksForCredentialsAndCountsWrongOnes) {
    ElasticApiConfig closed = config();
    closed.tokens = {{"web01", net::sha256("s3cret")}, {"db01", net::sha256("other")}};
    start(closed);
    const std::string type = "Content-Type: application/json\r\n";
    // "web01:s3cret", "db01:other", "web01:wrong", "web01:other"
    EXPECT_THAT(bulk(kOneItem, type + "Authorization: Basic d2ViMDE6czNjcmV0"), StartsWith("HTTP/1.1 200 OK"));
    EXPECT_EQ(peers.info(sink.taken().at(0).peer).name, "web01");
    EXPECT_THAT(bulk(kOneItem, type + "Authorization: ApiKey ZGIwMTpvdGhlcg=="), StartsWith("HTTP/1.1 200 OK"));
    EXPECT_EQ(peers.info(sink.taken().at(1).peer).name, "db01");
    EXPECT_THAT(bulk(kOneItem, type + "Authorization: Basic d2ViMDE6d3Jvbmc="),
                testing::AllOf(StartsWith("HTTP/1.1 401 Unauthorized"), HasSubstr("X-Elastic-Product: Elasticsearch"),
                               HasSubstr("WWW-Authenticate: Basic")));
    EXPECT_THAT(bulk(kOneItem, type + "Authorization: Basic d2ViMDE6b3RoZXI="), StartsWith("HTTP/1.1 401"));
    EXPECT_THAT(bulk(kOneItem, type + "Authorization: Bearer x"), StartsWith("HTTP/1.1 401"));
    EXPECT_THAT(call("GET / HTTP/1.1"), StartsWith("HTTP/1.1 401"));
    EXPECT_EQ(refused(Refused::bad_credential), 4U);
    EXPECT_EQ(ledger.snapshot().refused.at(0).address, "127.0.0.1");
    EXPECT_EQ(sink.taken().size(), 2U);
}

TEST_F(ElasticApiTest, LeavesLoopbackOnlyWithTlsAndAuthentication) {
    ElasticApiConfig open = config();
    open.server.address = "0.0.0.0";
    EXPECT_THAT([&] { ElasticApi(io, open, services()); },
                testing::ThrowsMessage<std::invalid_argument>(HasSubstr("needs TLS")));
}

TEST_F(ElasticApiTest, StoppingAnswersWhatIsInFlight) {
    sink.set_hold(true);
    start(config());
    auto answer = std::async(std::launch::async, [&] { return bulk(kOneItem); });
    ASSERT_TRUE(sink.wait_for(1));
    auto stopped = std::async(std::launch::async, [&] { api->stop(); });
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    sink.release(true);
    EXPECT_THAT(answer.get(), StartsWith("HTTP/1.1 200 OK"));
    EXPECT_EQ(stopped.wait_for(std::chrono::seconds(3)), std::future_status::ready);
}

TEST_F(ElasticApiTest, AClientThatGoesAwayBeforeTheCommitHarmsNobody) {
    sink.set_hold(true);
    start(config());
    {
        TcpClient client(api->port());
        client.send("POST /_bulk HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: " +
                    std::to_string(kOneItem.size()) + "\r\n\r\n" + std::string(kOneItem));
        ASSERT_TRUE(sink.wait_for(1));
    }
    sink.release(true);
    EXPECT_TRUE(eventually([&] { return totals().committed == 1; }));
    sink.set_hold(false);
    EXPECT_THAT(bulk(kOneItem), StartsWith("HTTP/1.1 200 OK"));
}

} // namespace
} // namespace canhgac::collector
