#include "app/bench_generator.hpp"

#include <set>
#include <simdjson.h>
#include <string>

#include <gtest/gtest.h>

namespace canhgac::app {
namespace {

constexpr std::string_view kRecording =
    R"({"EventID":1,"Channel":"Microsoft-Windows-Sysmon/Operational","UtcTime":"2020-09-22 08:11:16.328","Image":"C:\\Windows\\System32\\cmd.exe","CommandLine":"cmd.exe /c whoami","Hostname":"WS5.theshire.local","User":"THESHIRE\\pgustavo","ProcessId":"908","ExecutionProcessID":3172,"ProcessGuid":"{b34bc01c-a92a-5f69-7e02-000000000900}","SourceIp":"172.18.39.5","Message":"at 2020-09-22 08:11:16.328 by {b34bc01c-a92a-5f69-7e02-000000000900}\\"})"
    "\nnot json\n"
    R"({"EventID":12,"Channel":"Microsoft-Windows-Sysmon/Operational","TargetObject":"HKU\\S-1-5-21\\"})"
    "\n";

std::string generate(const GeneratorOptions& options, int events) {
    EventGenerator generator(options);
    EXPECT_EQ(generator.add_recording(kRecording), 2U);
    std::string out;
    for (int i = 0; i < events; ++i) {
        generator.append(out);
    }
    return out;
}

TEST(EventGenerator, EveryLineIsJsonOfTheSameKind) {
    simdjson::dom::parser parser;
    for (const bool unique : {false, true}) {
        GeneratorOptions options;
        options.unique = unique;
        const std::string text = generate(options, 2'000);
        std::size_t lines = 0;
        for (std::size_t at = 0; at < text.size(); ++lines) {
            const std::size_t end = text.find('\n', at);
            simdjson::dom::element event;
            ASSERT_EQ(parser.parse(text.data() + at, end - at).get(event), simdjson::SUCCESS)
                << text.substr(at, end - at);
            const std::int64_t id = event["EventID"];
            EXPECT_TRUE(id == 1 || id == 12);
            EXPECT_EQ(std::string_view(event["Channel"]), "Microsoft-Windows-Sysmon/Operational");
            at = end + 1;
        }
        EXPECT_EQ(lines, 2'000U);
    }
}

TEST(EventGenerator, SameSeedSameEvents) {
    EXPECT_EQ(generate({.seed = 7}, 100), generate({.seed = 7}, 100));
    EXPECT_NE(generate({.seed = 7}, 100), generate({.seed = 8}, 100));
}

TEST(EventGenerator, UniqueValuesDoNotRepeat) {
    GeneratorOptions options;
    options.unique = true;
    const std::string text = generate(options, 3'000);
    simdjson::dom::parser parser;
    std::set<std::string> seen;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = text.find('\n', at);
        simdjson::dom::element event = parser.parse(text.data() + at, end - at);
        for (const char* key : {"Image", "CommandLine", "TargetObject", "User", "Hostname", "ProcessGuid"}) {
            std::string_view value;
            if (event[key].get(value) != simdjson::SUCCESS) { continue; }
            EXPECT_TRUE(seen.insert(std::string(value)).second) << value;
        }
        at = end + 1;
    }
}

} // namespace
} // namespace canhgac::app
