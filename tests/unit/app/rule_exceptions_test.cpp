#include "app/rule_exceptions.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <unistd.h>

#include <gtest/gtest.h>

#include "rules/reader.hpp"

namespace canhgac::app {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kRule = "title: Failed\nid: r-1\nlogsource: {product: windows, service: security}\n"
                                   "detection: {s: {EventID: 4625}, condition: s}\n";

class RuleExceptions : public testing::Test {
protected:
    RuleExceptions()
        : folder_(fs::temp_directory_path() / ("canhgac_exceptions_" + std::to_string(::getpid()) +
                                               testing::UnitTest::GetInstance()->current_test_info()->name())) {
        fs::create_directories(folder_);
        std::ofstream(folder_ / "rule.yml") << kRule;
        options_.rule = "r-1";
        options_.field = "IpAddress";
        options_.values = {"10.0.0.5"};
        options_.until = "2026-12-31";
        options_.reason = "the scanner's address, it's known";
        options_.who = "Lan";
        options_.paths = {(folder_ / "rule.yml").string()};
        options_.client.data = folder_.string();
        options_.now = 1'795'309'200 * common::kSecond; // 2026-11-22
    }
    void TearDown() override { fs::remove_all(folder_); }
    [[nodiscard]] std::string run(int (*what)(const RuleExceptionOptions&, std::ostream&), int status = 0) {
        std::ostringstream out;
        EXPECT_EQ(what(options_, out), status) << out.str();
        return out.str();
    }
    [[nodiscard]] std::string problem() {
        std::ostringstream out;
        try {
            static_cast<void>(add_rule_exception(options_, out));
        } catch (const std::runtime_error& error) { return error.what(); }
        return "accepted";
    }
    [[nodiscard]] fs::path only_file() const {
        for (const auto& entry : fs::directory_iterator(folder_ / "exceptions")) {
            return entry.path();
        }
        return {};
    }

    fs::path folder_;
    RuleExceptionOptions options_;
};

TEST_F(RuleExceptions, WritesAFilterThatTheReaderTakes) {
    EXPECT_NE(run(add_rule_exception).find("wrote "), std::string::npos);
    rules::ReadOptions options;
    options.now = options_.now;
    const auto read = rules::read_paths({options_.paths[0], only_file()}, options);
    ASSERT_TRUE(read.rejected.empty()) << rules::to_string(read.rejected[0]);
    ASSERT_EQ(read.filters.size(), 1U);
    EXPECT_EQ(read.filters[0].rule_ids, std::vector<std::string>{"r-1"});
    EXPECT_EQ(read.filters[0].who, "Lan");
    EXPECT_EQ(read.filters[0].reason, "the scanner's address, it's known");
    EXPECT_EQ(read.filters[0].id.size(), 36U);
    EXPECT_EQ(read.rules[0].filters.size(), 1U);
    EXPECT_EQ(fs::status(only_file()).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(RuleExceptions, ListsAndRemoves) {
    static_cast<void>(run(add_rule_exception));
    const std::string listed = run(list_rule_exceptions);
    EXPECT_NE(listed.find("in force until 01/01/2027 00:00:00"), std::string::npos) << listed;
    EXPECT_NE(listed.find("rules: r-1"), std::string::npos) << listed;
    EXPECT_NE(listed.find("(Lan)"), std::string::npos) << listed;
    EXPECT_NE(listed.find("1 in force, 0 ended\n"), std::string::npos) << listed;
    options_.now += 60 * common::kDay;
    EXPECT_NE(run(list_rule_exceptions).find("0 in force, 1 ended\n"), std::string::npos);
    options_.id = only_file().stem().string().substr(std::string("exception-").size());
    EXPECT_NE(run(remove_rule_exception).find("removed "), std::string::npos);
    EXPECT_TRUE(only_file().empty());
    EXPECT_THROW(static_cast<void>(run(remove_rule_exception)), std::runtime_error);
}

TEST_F(RuleExceptions, ActsOnTheRulesThatACorrelationCounts) {
    std::ofstream(folder_ / "rule.yml")
        << kRule
        << "---\ntitle: Many\nid: c-1\ncorrelation: {type: event_count, rules: [r-1], group-by: [IpAddress], "
           "timespan: 1m, condition: {gte: 5}}\n";
    options_.rule = "Many";
    static_cast<void>(run(add_rule_exception));
    const std::string listed = run(list_rule_exceptions);
    EXPECT_NE(listed.find("rules: r-1"), std::string::npos) << listed;
}

TEST_F(RuleExceptions, RefusesWhatIsWrong) {
    options_.rule = "other";
    EXPECT_EQ(problem(), "there is no rule 'other' in the pack; --rules PATH names other places");
    options_.rule = "r-1";
    options_.until = "2026-11-21";
    EXPECT_EQ(problem(), "--until has passed already");
    options_.until = "soon";
    EXPECT_EQ(problem(), "--until must be a day like 2027-01-31 or a time like 2027-01-31T18:00:00+07:00");
    options_.until = "2026-12-31T18:00:00+07:00";
    options_.values = {"a\nb"};
    EXPECT_EQ(problem(), "--value must be one line of 1 to 1000 bytes");
    options_.values = {"10.0.0.0/33"};
    options_.modifier = "cidr";
    EXPECT_NE(problem(), "accepted"); // the reader's words
    options_.values = {"10.0.0.0/8"};
    EXPECT_EQ(problem(), "accepted");
    options_.client.data.clear();
    EXPECT_EQ(problem(), "give --data FOLDER (of the server) or --folder FOLDER");
}

TEST_F(RuleExceptions, EitherPolarityKeepsTheSameEventsQuiet) {
    const auto rules = rules::read_text("r", kRule).rules;
    const std::string pysigma = exception_document(options_, rules, "f-1");
    EXPECT_NE(pysigma.find("condition: not excepted\n"), std::string::npos) << pysigma;
    options_.polarity = "specification";
    const std::string specification = exception_document(options_, rules, "f-1");
    EXPECT_NE(specification.find("condition: excepted\n"), std::string::npos) << specification;
}

} // namespace
} // namespace canhgac::app
