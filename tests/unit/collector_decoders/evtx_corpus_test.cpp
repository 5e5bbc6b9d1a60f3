// SigmaHQ's regression samples come twice: as EVTX and as the JSON that evtx_dump made of it. Both must give the same
// events. Needs the corpus: CANHGAC_CORPUS.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <set>

#include <gtest/gtest.h>

#include "decoder_harness.hpp"
#include "tests/support/event_samples.hpp"

namespace canhgac::collector {
namespace {

namespace fs = std::filesystem;

using Fields = std::multiset<std::pair<std::string, std::string>>;

/// The one value that differs otherwise: in the JSON of this rule's sample somebody wrote "Explorer.exe" for the
/// "Explorer.EXE" that the EVTX file has.
constexpr std::string_view kEdited = "ad691d92-15f2-4181-9aa4-723c74f9ddc3";

/// A value without what the two renderings are known to differ in: blanks at the end, braces around GUIDs, and digits
/// of the fraction of a second beyond six.
std::string normal(std::string text) {
    while (!text.empty() && (text.back() == ' ' || text.back() == '\n' || text.back() == '\r' || text.back() == '\t')) {
        text.pop_back();
    }
    if (text.size() == 38 && text.front() == '{' && text.back() == '}') { return text.substr(1, 36); }
    if (text.size() > 26 && text.back() == 'Z' && text[10] == 'T' && text[19] == '.') { text.resize(26); }
    return text;
}

Fields fields_of(const event::EventBatch& batch, const event::Event& event, const event::FieldTable& table) {
    Fields fields;
    for (const event::Field& field : batch.fields(event)) {
        std::string name(table.name(field.name()));
        if (field.is_null()) { name += "#null"; }
        fields.emplace(std::move(name), normal(std::string(field.text())));
    }
    return fields;
}

/// What only one of both has.
std::string difference(const Fields& evtx, const Fields& json) {
    std::vector<Fields::value_type> only_evtx;
    std::vector<Fields::value_type> only_json;
    std::set_difference(evtx.begin(), evtx.end(), json.begin(), json.end(), std::back_inserter(only_evtx));
    std::set_difference(json.begin(), json.end(), evtx.begin(), evtx.end(), std::back_inserter(only_json));
    std::string text;
    for (const auto& [name, value] : only_evtx) {
        ((((text += "\nEVTX ") += name) += " = [") += value) += ']';
    }
    for (const auto& [name, value] : only_json) {
        ((((text += "\nJSON ") += name) += " = [") += value) += ']';
    }
    return text;
}

TEST(EvtxCorpus, EveryRegressionSampleGivesTheEventsOfItsJson) {
    const char* place = std::getenv("CANHGAC_CORPUS");
    if (place == nullptr) { GTEST_SKIP() << "CANHGAC_CORPUS is not set: EVTX and JSON samples NOT compared"; }
    std::size_t pairs = 0;
    std::size_t events = 0;
    for (const auto& entry : fs::recursive_directory_iterator(fs::path(place) / "sigmahq" / "regression_data")) {
        if (entry.path().extension() != ".evtx") { continue; }
        ++pairs;
        event::FieldTable table;
        PeerTable peers;
        const event::PeerId peer = peers.intern_local("test");
        RecordDecoder decoder(table, peers, nullptr);
        std::vector<std::uint64_t> keys;
        event::RecordBatch evtx = support::evtx_batch(support::read_whole(entry.path()), peer);
        event::EventBatch from_evtx;
        decoder.decode(evtx, from_evtx, keys);
        std::string text = support::read_whole(fs::path(entry.path()).replace_extension(".json"));
        if (entry.path().stem() == kEdited) {
            const std::size_t at = text.find("Explorer.exe");
            ASSERT_NE(at, std::string::npos);
            text.replace(at, 12, "Explorer.EXE");
        }
        event::RecordBatch json = support::json_batch(text, peer);
        event::EventBatch from_json;
        decoder.decode(json, from_json, keys);
        ASSERT_EQ(from_evtx.size(), from_json.size()) << entry.path();
        for (std::size_t i = 0; i < from_evtx.size(); ++i) {
            const event::Event& one = from_evtx.events()[i];
            const event::Event& other = from_json.events()[i];
            EXPECT_EQ(difference(fields_of(from_evtx, one, table), fields_of(from_json, other, table)), "")
                << entry.path();
            EXPECT_EQ(one.time / common::kMicrosecond, other.time / common::kMicrosecond) << entry.path();
            EXPECT_EQ(one.format, event::Format::windows_event);
            EXPECT_EQ(one.flags, other.flags) << entry.path();
        }
        events += from_evtx.size();
    }
    EXPECT_EQ(pairs, 202U);
    EXPECT_EQ(events, 238U);
}

} // namespace
} // namespace canhgac::collector
