// GET /api/v1/tail over a store in memory: what is followed, where it goes on, what a slow client costs.
#include <boost/asio.hpp>

#include "api/tail_client.hpp"
#include "tests/unit/api/stream_reader.hpp"

namespace canhgac::api {
namespace {

using test::kMorning;
using test::StreamReader;

class TailStreamTest : public test::ApiTest {
protected:
    void commit(const std::string& raw, common::Nanos time = kMorning) {
        events.commit({time, raw, {{"host", {"h-" + raw, event::ValueType::string}}}});
    }
    static std::size_t count(const std::string& text, std::string_view what) {
        std::size_t found = 0;
        for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) {
            ++found;
        }
        return found;
    }
};

TEST(TailPlace, IsABatchOrARowInOne) {
    for (const char* text : {"0", "17", "17.0", "17.4"}) {
        const auto place = TailPlace::parse(text);
        ASSERT_TRUE(place) << text;
        EXPECT_EQ(place->text(), text);
    }
    for (const char* text : {"", "x", "17.", "17.x", "17.4.", "-1", "0.1", "17 ", ".4", "99999999999999999999999"}) {
        EXPECT_FALSE(TailPlace::parse(text)) << text;
    }
}

TEST_F(TailStreamTest, GivesWhatComesWithinASecond) {
    commit("error before");
    start();
    StreamReader live(url("/api/v1/tail?q=error"), {});
    ASSERT_TRUE(live.wait_for("retry: 2000\nid: 1\n\n"));
    const auto before = std::chrono::steady_clock::now();
    commit("all is well");
    commit("error after");
    ASSERT_TRUE(live.wait_for("\nid: 3.0\n\n"));
    EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(1));
    const std::string text = live.text();
    EXPECT_NE(text.find("event: row\ndata: {\"_id\":\"3.0\","), std::string::npos) << text;
    EXPECT_NE(text.find("\"event.original\":\"error after\"}"), std::string::npos) << text;
    EXPECT_EQ(count(text, "event: row"), 1U) << text;
    EXPECT_EQ(get("/api/v1/status").json().at("live_streams").as_int64(), 1);
    server->stop();
    EXPECT_TRUE(live.wait_for_end());
}

TEST_F(TailStreamTest, StepsThatLookAtOneRowWorkAndATableHasColumns) {
    start();
    StreamReader events_of(url("/api/v1/tail?q=*%20%7C%20where%20host%20endswith%20'2'%20%7C%20extend%20n%3D1%2B1"),
                           {});
    StreamReader table(url("/api/v1/tail?q=*%20%7C%20project%20host%20%7C%20take%202%20%7C%20tail"), {});
    ASSERT_TRUE(events_of.wait_for("retry"));
    ASSERT_TRUE(
        table.wait_for("event: columns\ndata: {\"columns\":[{\"name\":\"host.name\",\"type\":\"dynamic\"}]}\n\n"));
    for (const char* raw : {"1", "2", "3"}) {
        events.commit({kMorning, raw, {{"host.name", {std::string("h") + raw, event::ValueType::string}}}});
    }
    ASSERT_TRUE(events_of.wait_for("\"n\":2}\nid: 2.0\n"));
    EXPECT_EQ(count(events_of.text(), "event: row"), 1U);
    ASSERT_TRUE(table.wait_for_end()) << "take 2 is the end";
    EXPECT_NE(table.text().find("data: {\"row\":[\"h1\"]}\nid: 1.0\n\nevent: row\ndata: {\"row\":[\"h2\"]}\nid: 2.0\n\n"
                                "event: end\ndata: {\"stats\":{\"rows\":2}}\n\n"),
              std::string::npos)
        << table.text();
}

TEST_F(TailStreamTest, GoesOnBehindTheLastId) {
    for (int i = 1; i <= 5; ++i) {
        commit("line " + std::to_string(i));
    }
    start();
    StreamReader by_header(url("/api/v1/tail?q=line"), {{"Last-Event-ID", "3.0"}});
    StreamReader by_query(url("/api/v1/tail?q=line&last_event_id=0"), {});
    StreamReader behind_batch(url("/api/v1/tail?q=line"), {{"Last-Event-ID", "4"}});
    ASSERT_TRUE(by_header.wait_for("id: 5.0\n"));
    ASSERT_TRUE(by_query.wait_for("id: 5.0\n"));
    ASSERT_TRUE(behind_batch.wait_for("id: 5.0\n"));
    EXPECT_EQ(count(by_header.text(), "event: row"), 2U) << by_header.text();
    EXPECT_EQ(count(by_query.text(), "event: row"), 5U);
    EXPECT_EQ(count(behind_batch.text(), "event: row"), 1U);
    EXPECT_NE(call("GET", "/api/v1/tail?q=line", {}, {{"Last-Event-ID", "6"}}).detail().find("the newest batch is 5"),
              std::string::npos);
    EXPECT_EQ(call("GET", "/api/v1/tail?q=line", {}, {{"Last-Event-ID", "x"}}).status, 400);
}

TEST_F(TailStreamTest, LastLeavesOutWhatComesLateByTheClockOfItsSender) {
    start();
    StreamReader live(url("/api/v1/tail?q=last%201h"), {});
    ASSERT_TRUE(live.wait_for("retry"));
    commit("two hours old", kMorning - 2 * common::kHour);
    commit("of now", kMorning);
    ASSERT_TRUE(live.wait_for("id: 2.0\n"));
    EXPECT_EQ(count(live.text(), "event: row"), 1U);
}

TEST_F(TailStreamTest, RefusesWhatCannotBeFollowed) {
    start({.max_query_bytes = 256});
    EXPECT_EQ(get("/api/v1/tail?q=x%20%7C%20count").detail(),
              "query, line:column 1:5: \"count\" needs more than one row: before \"tail\" stand steps that look at one "
              "row: where, project, project-away, extend, take, mv-expand, parse, lookup");
    EXPECT_EQ(get("/api/v1/tail?q=(x").json().at("column").as_int64(), 3);
    EXPECT_EQ(get("/api/v1/tail?q=" + std::string(300, 'x')).detail(), "a query has at most 256 bytes");
    EXPECT_EQ(post("/api/v1/search", R"({"query":"x | where a == 1\n| tail"})").detail(),
              "query, line:column 2:3: this answer has an end: follow with \"canhgac tail\" or GET /api/v1/tail");
    EXPECT_EQ(call("GET", "/api/v1/tail?q=x", {}, {}, "").status, 401);
    EXPECT_EQ(call("HEAD", "/api/v1/tail?q=x").status, 200);
}

TEST_F(TailStreamTest, LimitsClientsAndTellsWhenTheStoreFails) {
    start({.tails = 1});
    {
        StreamReader one(url("/api/v1/tail?q=x"), {});
        ASSERT_TRUE(one.wait_for("retry"));
        EXPECT_EQ(get("/api/v1/tail?q=x").status, 503);
        events.failing_tail = true;
        commit("x");
        ASSERT_TRUE(one.wait_for("event: problem\ndata: {\"error\":{"));
        EXPECT_TRUE(one.wait_for_end());
    }
    events.failing_tail = false;
    StreamReader next(url("/api/v1/tail?q=x"), {});
    EXPECT_TRUE(next.wait_for("retry")) << "the place of the one that left is free";
}

/// A client that reads when it is told to.
class SlowReader {
public:
    SlowReader(std::uint16_t port, const std::string& target) : socket_(io_) {
        socket_.open(boost::asio::ip::tcp::v4());
        socket_.set_option(boost::asio::socket_base::receive_buffer_size(16 * 1024));
        socket_.connect({boost::asio::ip::address_v4::loopback(), port});
        boost::asio::write(socket_,
                           boost::asio::buffer("GET " + target + " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " +
                                               std::string(test::kToken) + "\r\n\r\n"));
    }
    /// Reads until `what` has come.
    std::string until(const std::string& what) {
        boost::system::error_code error;
        boost::asio::read_until(socket_, boost::asio::dynamic_buffer(text_), what, error);
        EXPECT_FALSE(error) << error.message();
        return text_;
    }

private:
    boost::asio::io_context io_;
    boost::asio::ip::tcp::socket socket_;
    std::string text_;
};

TEST_F(TailStreamTest, ASlowClientIsToldThatItLagsMissesNothingAndHoldsUpNobody) {
    start({.tail_lag = std::chrono::milliseconds(200)});
    SlowReader slow(server->port(), "/api/v1/tail?q=line");
    StreamReader quick(url("/api/v1/tail?q=line"), {});
    static_cast<void>(slow.until("retry"));
    ASSERT_TRUE(quick.wait_for("retry"));
    const std::string filler(64 * 1024, 'x'); // 10 MiB: more than all the buffers between us
    std::vector<std::string> wanted = {"0"};
    for (int i = 1; i <= 160; ++i) {
        commit("line " + filler);
        wanted.push_back(std::to_string(i) + ".0");
    }
    ASSERT_TRUE(quick.wait_for("id: 160.0\n"));
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    const std::string text = slow.until("\nid: 160.0\n");
    EXPECT_NE(text.find("event: lag\ndata: {\"batches\":"), std::string::npos);
    std::vector<std::string> ids;
    for (auto at = text.find("\nid: "); at != std::string::npos; at = text.find("\nid: ", at + 1)) {
        ids.push_back(text.substr(at + 5, text.find('\n', at + 5) - at - 5));
    }
    EXPECT_EQ(ids, wanted) << "each once, in order";
    EXPECT_NE(slow.until("{\"batches\":0,\"seconds\":0}").find("\"batches\":0"), std::string::npos);
}

} // namespace
} // namespace canhgac::api
