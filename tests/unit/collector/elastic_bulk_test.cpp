#include "collector/protocols/elastic_bulk.hpp"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "event/schema.hpp"

namespace canhgac::collector {
namespace {

using testing::HasSubstr;

struct Got {
    std::string text;
    std::string meta;
    std::uint16_t flags = 0;
    friend bool operator==(const Got&, const Got&) = default;
};

std::vector<Got> records(const BulkRequest& request) {
    std::vector<Got> out;
    for (const auto& batch : request.batches) {
        for (const event::Record& record : batch->records) {
            out.push_back({std::string(batch->text(record)), std::string(batch->meta(record)), record.flags});
        }
    }
    return out;
}

BulkRequest parse(std::string body) {
    return parse_bulk(std::move(body), event::PeerId{3}, 5);
}

TEST(ElasticBulk, PairsActionsAndSources) {
    const BulkRequest got = parse("{\"create\":{\"_index\":\"logs-x\",\"_id\":\"a1\"}}\n{\"m\":1}\n"
                                  "\n{ \"index\" : { } }\r\n{\"m\":2}\r\n{\"update\":{\"_id\":\"7\"}}\n{\"doc\":{}}");
    EXPECT_THAT(records(got),
                testing::ElementsAre(Got{"{\"m\":1}", "{\"create\":{\"_index\":\"logs-x\",\"_id\":\"a1\"}}"},
                                     Got{"{\"m\":2}", "{ \"index\" : { } }"},
                                     Got{"{\"doc\":{}}", "{\"update\":{\"_id\":\"7\"}}"}));
    ASSERT_EQ(got.batches.size(), 1U);
    EXPECT_EQ(got.batches[0]->protocol, event::Protocol::elastic_bulk);
    EXPECT_EQ(got.batches[0]->received, 5);
    EXPECT_EQ(got.batches[0]->records[0].peer, event::PeerId{3});
    EXPECT_EQ(
        bulk_answer(got, 3, "def", "id"),
        R"({"took":3,"errors":false,"items":[{"create":{"_index":"logs-x","_id":"a1","status":201,"result":"created"}},)"
        R"({"index":{"_index":"def","_id":"id1","status":201,"result":"created"}},)"
        R"({"update":{"_index":"def","_id":"7","status":200,"result":"updated"}}]})");
}

TEST(ElasticBulk, DeleteHasNoSourceLine) {
    const BulkRequest got = parse("{\"delete\":{\"_index\":\"x\",\"_id\":\"1\"}}\n{\"index\":{}}\n{\"m\":1}\n");
    const std::string action = R"({"delete":{"_index":"x","_id":"1"}})";
    EXPECT_THAT(records(got), testing::ElementsAre(Got{action, action}, Got{"{\"m\":1}", "{\"index\":{}}"}));
    EXPECT_THAT(bulk_answer(got, 0, "", ""),
                HasSubstr(R"({"delete":{"_index":"x","_id":"1","status":200,"result":"deleted"}})"));
}

TEST(ElasticBulk, ABrokenSourceLineConcernsNobodyElse) {
    std::string body;
    for (int i = 0; i < 1000; ++i) {
        body += "{\"index\":{\"_id\":\"" + std::to_string(i) + "\"}}\n";
        if (i == 400) {
            body += "{\"message\": broken\n";
        } else if (i == 500) {
            body += "{\"message\":\"\xff\"}\n";
        } else if (i == 600) {
            body += "{\"message\":\"\\ud800\"}\n";
        } else {
            body += "{\"message\":\"" + std::to_string(i) + "\"}\n";
        }
    }
    const BulkRequest got = parse(body);
    EXPECT_EQ(got.items.size(), 1000U);
    const auto all = records(got);
    ASSERT_EQ(all.size(), 1000U);
    EXPECT_EQ(all[400].text, "{\"message\": broken");
    EXPECT_EQ(all[500].text, "{\"message\":\"\xff\"}");
    EXPECT_EQ(all[999].text, "{\"message\":\"999\"}");
    EXPECT_EQ(got.unparsed, 0U);
}

TEST(ElasticBulk, BehindAnUnreadableActionEverythingIsKeptLineByLine) {
    for (const std::string bad : {"{\"explode\":{\"_index\":\"x\"}}", "nonsense", "{\"index\":", "{\"index\":[]}",
                                  "{\"index\":{}} x", "\xff", "{\"index\":{\"_id\":\"\x01\"}}"}) {
        const BulkRequest got = parse("{\"index\":{}}\n{\"m\":1}\n" + bad + "\n{\"m\":2}\n{\"index\":{}}\n{\"m\":3}\n");
        EXPECT_EQ(got.items.size(), 3U) << bad;
        EXPECT_EQ(got.unparsed, 4U) << bad;
        EXPECT_THAT(records(got),
                    testing::ElementsAre(Got{"{\"m\":1}", "{\"index\":{}}", 0}, Got{bad, "", event::flag::kUnparsed},
                                         Got{"{\"m\":2}", "", event::flag::kUnparsed},
                                         Got{"{\"index\":{}}", "", event::flag::kUnparsed},
                                         Got{"{\"m\":3}", "", event::flag::kUnparsed}));
    }
}

TEST(ElasticBulk, AnActionWithoutSourceIsKept) {
    const BulkRequest got = parse("{\"index\":{}}");
    EXPECT_EQ(got.items.size(), 1U);
    EXPECT_THAT(records(got), testing::ElementsAre(Got{"{\"index\":{}}", "", event::flag::kUnparsed}));
    EXPECT_TRUE(parse("").batches.empty());
    EXPECT_TRUE(parse("\n \n").batches.empty());
}

TEST(ElasticBulk, SplitsBigRequestsIntoBoundedBatches) {
    std::string body;
    const std::string big(event::kBatchBytes + 10, 'b');
    for (int i = 0; i < 1000; ++i) {
        body += "{\"index\":{}}\n{\"m\":\"" + std::string(1000, 'x') + "\"}\n";
    }
    body += "{\"index\":{}}\n" + big + "\n{\"index\":{}}\n{}\n";
    const BulkRequest got = parse(body);
    EXPECT_EQ(got.records, 1002U);
    EXPECT_GT(got.batches.size(), 4U);
    std::size_t larger = 0;
    for (const auto& batch : got.batches) {
        if (batch->bytes.size() > event::kBatchBytes) {
            ++larger;
            EXPECT_EQ(batch->records.size(), 1U);
        }
    }
    EXPECT_EQ(larger, 1U);
    const auto all = records(got);
    EXPECT_EQ(all[1000].text, big);
    EXPECT_EQ(all[1001], (Got{"{}", "{\"index\":{}}"}));
}

TEST(ElasticBulk, EchoesNamesAsValidJson) {
    const BulkRequest got =
        parse("{\"index\":{\"_index\":\"a\\\"b\",\"_id\":\"x\xffy\",\"_type\":null,\"n\":[1,{\"q\":-1.5e3}]}}\n{}\n");
    EXPECT_EQ(
        bulk_answer(got, 1, "", ""),
        R"({"took":1,"errors":false,"items":[{"index":{"_index":"a\"b","_id":"x?y","status":201,"result":"created"}}]})");
}

} // namespace
} // namespace canhgac::collector
