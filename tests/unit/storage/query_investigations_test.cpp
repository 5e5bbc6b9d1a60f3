// docs/reference/query.md run over a sample day, and the examples the language was made for.
#include <cstdlib>
#include <fstream>

#include "tests/unit/storage/investigation_samples.hpp"
#include "tests/unit/storage/query_store.hpp"

namespace canhgac::storage {
namespace {

class SampleTable final : public event::LookupTable {
public:
    std::optional<event::LookupHit> find(std::string_view value) const override {
        if (value.find(kSampleMd5) == std::string_view::npos) { return std::nullopt; }
        return event::LookupHit{kSampleMd5, "md5", "malware", "high"};
    }
};
class SampleTables final : public event::LookupSource {
public:
    std::vector<std::string> names() const override { return {"ioc_hashes"}; }
    std::shared_ptr<const event::LookupTable> table(std::string_view name) const override {
        if (name != "ioc_hashes") { return nullptr; }
        return std::make_shared<SampleTable>();
    }
};

/// The rule "Office starts a shell".
class SampleRules final : public event::PredicateSource {
public:
    std::unique_ptr<event::EventPredicate> find(std::string_view reference) const override {
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
    std::optional<event::EventSet> find(std::string_view id) const override {
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
    enum class In { prose, query, result } state = In::prose;
    std::string fresh;
    int count = 0;
    for (std::string line; std::getline(in, line);) {
        const bool fence = line.starts_with("```");
        if (state == In::prose && line == "```kql") {
            state = In::query;
            query.clear();
        } else if (state == In::prose && line == "```text") {
            state = In::result;
            result.clear();
        } else if (state == In::query && !fence) {
            query += line + "\n";
        } else if (state == In::result && !fence) {
            result += line + "\n";
            continue;
        } else if (state == In::result) {
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

} // namespace
} // namespace canhgac::storage
