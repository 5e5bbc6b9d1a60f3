// docs/reference/query.md run over a sample day, and the examples the language was made for.
#include <cstdlib>
#include <fstream>

#include "tests/unit/storage/investigation_samples.hpp"
#include "tests/unit/storage/query_store.hpp"

namespace canhgac::storage {
namespace {

class SampleTable final : public event::LookupTable {
public:
    [[nodiscard]] std::optional<event::LookupHit> find(std::string_view value) const override {
        if (value.find(kSampleMd5) == std::string_view::npos) { return std::nullopt; }
        return event::LookupHit{kSampleMd5, "md5", "malware", "high"};
    }
};
class SampleTables final : public event::LookupSource {
public:
    [[nodiscard]] std::vector<std::string> names() const override { return {"ioc_hashes"}; }
    [[nodiscard]] std::shared_ptr<const event::LookupTable> table(std::string_view name) const override {
        if (name != "ioc_hashes") { return nullptr; }
        return std::make_shared<SampleTable>();
    }
};

/// The rule "Office starts a shell".
class SampleRules final : public event::PredicateSource {
public:
    [[nodiscard]] std::unique_ptr<event::EventPredicate> find(std::string_view reference) const override {
        class ShellOfOffice final : public event::EventPredicate {
        public:
            bool matches(const event::StoredEvent& event) override {
                bool parent = false;
                bool child = false;
                for (const auto& [name, field] : event.fields) {
                    parent = parent || (name == "ParentImage" && field.text().ends_with("\\WINWORD.EXE"));
                    child = child || (name == "Image" && field.text().ends_with("\\cmd.exe"));
                }
                return parent && child;
            }
        };
        if (reference != "Office starts a shell") { return nullptr; }
        return std::make_unique<ShellOfOffice>();
    }
};

/// The alert A-20261122-17: about the shell that Word started.
class SampleAlerts final : public event::EventSetSource {
public:
    event::EventSet set;
    [[nodiscard]] std::optional<event::EventSet> find(std::string_view id) const override {
        if (id != "A-20261122-17") { return std::nullopt; }
        return set;
    }
};

class InvestigationTest : public QueryStoreTest {
protected:
    void SetUp() override {
        QueryStoreTest::SetUp();
        const std::vector<SampleEvent> events = InvestigationDay::events();
        const auto half = events.begin() + static_cast<std::ptrdiff_t>(events.size() / 2);
        store({events.begin(), half}, true);
        store({half, events.end()});
        now_ = kSampleNow;
        sources_.tables = &tables_;
        sources_.rules = &rules_;
        sources_.suffixes = &suffixes_;
        const auto& all = store_->events();
        event::QueryPlan shell;
        shell.filter = parse_query("EventID:1 ParentImage:*\\\\WINWORD.EXE")->filter;
        ASSERT_TRUE(const_cast<event::EventStore&>(all).query(shell, [this](const event::StoredEvent& event) {
            alerts_.set = {{event.id}, event.time, event.time};
            return true;
        }));
        sources_.alerts = &alerts_;
    }

    /// Columns and rows of a table, at most `most` rows.
    std::string table(std::string_view text) {
        const auto prepared = prepare_query(text, sources_);
        if (!prepared) { return describe(prepared.error()); }
        std::string header;
        for (const PlannedColumn& column : prepared->program.columns) {
            header += (header.empty() ? "" : "|") + column.name;
        }
        return header + "\n" + ask(text) + "\n";
    }

    SampleTables tables_;
    SampleRules rules_;
    SampleAlerts alerts_;
    text::PublicSuffixes suffixes_ = text::PublicSuffixes::read("vn\ngov.vn\nexample\n");
};

std::string page_path() {
    return CANHGAC_SOURCE_DIR "/docs/reference/query.md";
}

TEST_F(InvestigationTest, ThePageSaysWhatQueriesAnswer) {
    std::ifstream in(page_path());
    std::string page;
    std::string query;
    std::string result;
    enum class In { prose, asked, answered } state = In::prose;
    std::string fresh;
    int count = 0;
    for (std::string line; std::getline(in, line);) {
        const bool fence = line.starts_with("```");
        if (state == In::prose && line == "```kql") {
            state = In::asked;
            query.clear();
        } else if (state == In::prose && line == "```text") {
            state = In::answered;
            result.clear();
        } else if (state == In::asked && !fence) {
            query += line + "\n";
        } else if (state == In::answered && !fence) {
            result += line + "\n";
            continue;
        } else if (state == In::answered) {
            const std::string answer = table(query);
            EXPECT_EQ(answer, result) << query;
            EXPECT_GT(std::count(answer.begin(), answer.end(), '\n'), 1) << "nothing found: " << query;
            ++count;
            fresh += answer;
            state = In::prose;
        } else if (fence) {
            state = In::prose;
        }
        fresh += line + "\n";
    }
    EXPECT_EQ(count, 25);
    if (std::getenv("CANHGAC_UPDATE_GOLDEN") != nullptr) { std::ofstream(page_path()) << fresh; }
}

/// The fifteen examples by which the language was chosen, as they were written then.
TEST_F(InvestigationTest, TheFirstExamplesOfTheLanguage) {
    EXPECT_EQ(
        ask("EventID:4625 last 24h | summarize n=count(), users=dcount(TargetUserName), src=make_set(IpAddress,5) by "
            "Computer | top 20 by n"),
        "DC01|24|17|[\"198.51.100.7\",\"203.0.113.9\"]\nWS1|1|1|[\"10.0.0.21\"]");
    EXPECT_EQ(
        ask("EventID:4625 last 6h | summarize u=dcount(TargetUserName), n=count() by IpAddress, w=bin(_time,10m) | "
            "where u >= 15"),
        "203.0.113.9|2026-11-22T20:00:00Z|16|16");
    EXPECT_EQ(
        ask("sequence by TargetUserName, IpAddress maxspan 10m [EventID:4625] with runs 8 [EventID:4624 LogonType:(3 "
            "OR 10)]")
            .substr(0, 67),
        "an|198.51.100.7|2026-11-22T21:00:00Z|2026-11-22T21:04:00Z|00:04:00|");
    EXPECT_EQ(
        ask("Channel:*Sysmon* EventID:1 last 30d | extend p=tolower(basename(ParentImage)), c=tolower(basename(Image)) "
            "| rare p, c hosts <= 2 | project p, c, hosts | where p == 'winword.exe' or c == 'chrome.exe'"),
        "winword.exe|cmd.exe|1");
    EXPECT_EQ(ask("EventID:(1 OR 4688) ParentImage:/(winword|excel|outlook)\\.exe$/ "
                  "Image:/(cmd|powershell|wscript|mshta)\\.exe$/ | project CommandLine"),
              "cmd.exe /c start.cmd");
    EXPECT_EQ(
        ask("powershell CommandLine:/-e(nc|ncodedcommand)?\\s+[A-Za-z0-9+\\/=]{60,}/ | project _time, Computer, User, "
            "CommandLine")
            .substr(0, 62),
        "2026-11-22T09:01:02Z|WS1|UBND\\an|powershell.exe -nop -enc JABj");
    EXPECT_EQ(ask("EventID:10 TargetImage:*\\\\lsass.exe -SourceImage:*\\\\MsMpEng.exe | where GrantedAccess in~ "
                  "(\"0x1010\",\"0x1410\",\"0x1438\",\"0x143a\") | summarize count() by SourceImage, Computer"),
              "C:\\Users\\Public\\up.exe|WS1|2");
    EXPECT_EQ(ask("EventID:4624 LogonType:3 last 1h -TargetUserName:*$ | summarize hosts=dcount(Computer), "
                  "make_set(Computer,10) by TargetUserName, IpAddress | where hosts > 10")
                  .substr(0, 30),
              "svc_backup|10.0.0.5|11|[\"SRV10");
    EXPECT_EQ(ask("sequence by Computer maxspan 2m [EventID:7045] [EventID:4688 ParentImage:*\\\\services.exe]")
                  .substr(0, 56),
              "FS01|2026-11-22T22:30:00Z|2026-11-22T22:30:20Z|00:00:20|");
    EXPECT_EQ(
        ask("EventID:3 last 24h | sort by _time | extend gap=_time-prev(_time) by Computer, Image, DestinationIp | "
            "summarize n=count(), m=avg(gap), s=stdev(gap) by Computer, Image, DestinationIp | where n > 50 and s/m < "
            "0.1 | project Computer, Image, n"),
        "WS1|C:\\Users\\Public\\up.exe|60");
    EXPECT_EQ(ask("last 7d | proctree root=\"{94ec1569-bfff-11e1-9b48-b23c307236c8}\" id=ProcessGuid "
                  "parent=ParentProcessGuid depth=6 up=3 | project level, basename = basename(Image)"),
              "-1|WINWORD.EXE\n0|cmd.exe\n1|powershell.exe\n2|up.exe\n1|whoami.exe");
    EXPECT_EQ(ask("last 90d | lookup ioc_hashes on Hashes | where isnotnull(ioc.name) | summarize first=min(_time), "
                  "make_set(Computer,20) by ioc.name"),
              std::string(kSampleMd5) + "|2026-11-22T09:01:30Z|[\"WS1\"]");
    EXPECT_EQ(ask("EventID:(1102 OR 104) | around 15m by Computer | summarize count() by Computer, Channel, EventID"),
              "DC01|Security|1102|1\nDC01|Security|4672|2");
    EXPECT_EQ(ask("dns last 24h | extend d=registered_domain(QueryName) | summarize n=count(), u=dcount(QueryName), "
                  "l=avg(strlen(QueryName)) by Computer, d | where u > 500 and l > 40"),
              "WS2|tunnel.example|520|520|49");
    EXPECT_EQ(
        ask("alert \"A-20261122-17\" | around 30m by host, user, ProcessGuid | facets EventID, Image, DestinationIp"),
        "EventID|3|1\nEventID|1|1\nImage|C:\\Windows\\System32\\cmd.exe|2\nDestinationIp|203.0.113.50|1");
    const auto followed = parse_query("host:HOST-0042 | tail"); // run against the program: tail_test.py
    ASSERT_TRUE(followed);
    EXPECT_TRUE(is_followed(followed->pipes));
}

} // namespace
} // namespace canhgac::storage
