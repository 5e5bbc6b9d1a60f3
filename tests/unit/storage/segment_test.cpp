/// Columns and sealed blocks give back exactly what went in, whatever it is.
#include <algorithm>
#include <map>
#include <random>

#include <gtest/gtest.h>

#include "storage/block_encoder.hpp"
#include "storage/column_codec.hpp"
#include "storage/segment_encoder.hpp"
#include "storage/segment_reader.hpp"
#include "tests/unit/storage/samples.hpp"

namespace canhgac::storage {
namespace {

using namespace std::string_view_literals;

std::vector<std::string_view> all_of(const DecodedTexts& column) {
    std::vector<std::string_view> texts;
    for (std::size_t i = 0; i < column.count; ++i) {
        texts.push_back(column[i]);
    }
    return texts;
}

/// The form the texts were written in; fails unless they come back.
TextForm round_trip(const std::vector<std::string_view>& texts, common::Nanos time = samples::kStart) {
    std::vector<common::Nanos> times;
    for (std::size_t i = 0; i < texts.size(); ++i) {
        times.push_back(time + static_cast<common::Nanos>(i) * 1'234'567);
    }
    ByteSink sink;
    TextColumn column;
    for (std::size_t i = 0; i < texts.size(); ++i) {
        column.add(texts[i], times[i]);
    }
    encode_texts(column, sink);
    ByteSource in(sink.view());
    event::Arena arena;
    DecodedTexts out;
    const auto row_times = [&times] { return std::span<const common::Nanos>(times); };
    EXPECT_TRUE(decode_texts(in, texts.size(), row_times, arena, out));
    EXPECT_EQ(in.left(), 0U);
    EXPECT_EQ(all_of(out), texts);
    for (std::size_t size = 0; size < sink.size(); ++size) { // cut anywhere: an error or other texts, no crash
        ByteSource cut(sink.view().substr(0, size));
        static_cast<void>(decode_texts(cut, texts.size(), row_times, arena, out));
    }
    return out.form;
}

TEST(ColumnTest, EachKindOfTextHasItsForm) {
    EXPECT_EQ(round_trip({}), TextForm::constant);
    EXPECT_EQ(round_trip({"", "", ""}), TextForm::constant);
    EXPECT_EQ(round_trip({"a", "b", "a", "b"}), TextForm::dictionary);
    EXPECT_EQ(round_trip({"0", "-1", "9223372036854775807", "-9223372036854775808"}), TextForm::integer);
    EXPECT_EQ(round_trip({"10.0.0.1", "0.0.0.0", "255.255.255.255"}), TextForm::ip4);
    EXPECT_EQ(round_trip({"2026-11-22T08:00:00Z", "1999-12-31T23:59:59Z"}), TextForm::timestamp);
    EXPECT_EQ(round_trip({"2026-11-22 08:00:00.123", "2026-11-22 08:00:00.000"}), TextForm::timestamp);
    EXPECT_EQ(round_trip({"2024-02-29T00:00:00.000000001Z", "2026-11-22T08:00:00.123456789Z"}, -5),
              TextForm::timestamp);
    EXPECT_EQ(round_trip({"{94ec1569-bfff-11e1-9b48-b23c307236c8}", "{04ec1569-bfff-11e1-9b48-003c30720000}",
                          "{11111111-2222-3333-4444-b23c307236c8}"}),
              TextForm::hex);
    EXPECT_EQ(round_trip({"ABCDEF0123456789", "0123456789ABCDEF", "1111111111111111"}), TextForm::hex);
}

TEST(ColumnTest, OtherSpellingsStayAsTheyAre) {
    for (const auto& texts :
         std::vector<std::vector<std::string_view>>{{"1", "01", "2"},
                                                    {"1", "+1"},
                                                    {"-0", "0"},
                                                    {"1", ""},
                                                    {"9223372036854775808", "1"},
                                                    {"1.0", "1e3"},
                                                    {"10.0.0.1", "10.0.0.01"},
                                                    {"10.0.0.256", "10.0.0.1"},
                                                    {"10.0.0.1", "10.0.0.1."},
                                                    {"2026-11-22T08:00:00Z", "2026-11-22T08:00:00.0Z"},
                                                    {"2026-02-30T08:00:00Z", "2026-11-22T08:00:00Z"},
                                                    {"2026-11-22T08:00:60Z", "2026-11-22T08:00:00Z"},
                                                    {"2026-11-22T08:00:00+07:00", "2026-11-22T08:00:00Z"},
                                                    {"2026-11-22T24:00:00Z", "2026-11-22T08:00:00Z"},
                                                    {"abcdef01ABCDEF", "ABCDEF01abcdef"},
                                                    {"\0\xff\xfe\x80"sv, "\xc3\x28 broken", ""},
                                                    {std::string_view("x\0y", 3), "x"}}) {
        EXPECT_EQ(round_trip(texts), TextForm::plain) << texts.front();
    }
}

TEST(ColumnTest, RandomNumbersComeBack) {
    std::mt19937_64 random(3);
    for (int round = 0; round < 300; ++round) {
        std::vector<std::uint64_t> values(random() % 40);
        const std::uint64_t mask = ~0ULL >> (random() % 64);
        std::uint64_t sum = random();
        for (std::uint64_t& value : values) {
            sum += random() % 5;
            value = round % 3 == 0 ? sum : random() & mask;
        }
        ByteSink sink;
        encode_numbers(values, sink);
        ByteSource in(sink.view());
        std::vector<std::uint64_t> out;
        ASSERT_TRUE(decode_numbers(in, values.size(), out));
        ASSERT_EQ(out, values);
        ASSERT_EQ(in.left(), 0U);
    }
}

TEST(ColumnTest, ManyDistinctTextsDoWithoutADictionary) {
    std::vector<std::string> owned;
    for (int i = 0; i < 70'000; ++i) {
        owned.push_back("text " + std::to_string(i) + "!");
    }
    std::vector<std::string_view> texts(owned.begin(), owned.end());
    texts.insert(texts.end(), texts.begin(), texts.end());
    std::vector<common::Nanos> times(texts.size());
    ByteSink sink;
    TextColumn column;
    for (std::size_t i = 0; i < texts.size(); ++i) {
        column.add(texts[i], times[i]);
    }
    encode_texts(column, sink);
    ByteSource in(sink.view());
    event::Arena arena;
    DecodedTexts out;
    ASSERT_TRUE(decode_texts(
        in, texts.size(), [&times] { return std::span<const common::Nanos>(times); }, arena, out));
    EXPECT_EQ(out.form, TextForm::plain);
    EXPECT_EQ(all_of(out), texts);
}

class SegmentTest : public testing::Test {
protected:
    /// Batches as micro-blocks, read back, sealed, read again.
    SealedBlock seal(const event::EventBatch& batch) {
        const auto micro = encoder_.encode(batch);
        EXPECT_TRUE(micro_.open(micro.bytes));
        std::vector<std::vector<BlockField>> fields;
        std::vector<BlockRow> rows;
        BlockRow row;
        while (micro_.next(row)) {
            row.seq = 7 + row.index % 3;
            rows.push_back(row);
            fields.emplace_back(row.fields.begin(), row.fields.end());
        }
        for (std::size_t i = 0; i < rows.size(); ++i) {
            rows[i].fields = fields[i];
        }
        SealedBlock block = sealer_.encode(rows);
        EXPECT_TRUE(open(block));
        expect_rows(rows);
        return block;
    }
    static SegmentReader::Fetch fetch(const SealedBlock& block) {
        return [columns = std::map<std::uint32_t, std::string>(block.columns.begin(), block.columns.end())](
                   std::uint32_t number) -> std::optional<std::string> {
            const auto found = columns.find(number);
            return found == columns.end() ? std::nullopt : std::optional(found->second);
        };
    }
    bool open(const SealedBlock& block) { return reader_.open(block.head, fetch(block)).has_value(); }
    /// Some rows and some parts of them are those of the whole block, which is open.
    void expect_parts(const SealedBlock& block, std::mt19937& random) {
        const auto rows = reader_.rows();
        SegmentReader part;
        ASSERT_TRUE(part.begin(block.head, fetch(block)));
        ASSERT_EQ(part.size(), rows.size());
        RowBits wanted(rows.size(), false);
        std::set<std::uint32_t> fields;
        for (std::size_t i = 0; i < rows.size(); ++i) {
            ASSERT_EQ(part.time(i), rows[i].time);
            if (random() % 3 == 0) { wanted.set(i); }
            for (const BlockField& field : rows[i].fields) {
                fields.insert(field.number);
            }
        }
        for (const std::uint32_t field : fields) {
            const auto holds = [](std::string_view text) { return text.size() % 2 == 0; };
            const auto found = part.rows_where(field, holds);
            ASSERT_TRUE(found);
            for (std::size_t i = 0; i < rows.size(); ++i) {
                const bool expected =
                    std::any_of(rows[i].fields.begin(), rows[i].fields.end(), [&holds, field](const BlockField& each) {
                        return each.number == field && each.type != event::ValueType::null && holds(each.text);
                    });
                ASSERT_EQ(found->test(i), expected) << "row " << i << " field " << field;
            }
            ++answered_;
        }
        std::vector<std::uint32_t> some;
        std::copy_if(fields.begin(), fields.end(), std::back_inserter(some),
                     [&random](std::uint32_t) { return random() % 2 == 0; });
        const RowParts parts{random() % 2 == 0, random() % 2 == 0, some};
        ASSERT_TRUE(part.build(wanted, parts));
        ASSERT_EQ(part.rows().size(), wanted.count());
        std::size_t next = 0;
        for (std::size_t i = 0; i < rows.size(); ++i) {
            if (!wanted.test(i)) { continue; }
            const BlockRow& got = part.rows()[next++];
            if (parts.lines) { ASSERT_EQ(got.raw, rows[i].raw); }
            ASSERT_EQ(std::tie(got.seq, got.index, got.time, got.received, got.source, got.flags, got.format),
                      std::tie(rows[i].seq, rows[i].index, rows[i].time, rows[i].received, rows[i].source,
                               rows[i].flags, rows[i].format));
            const auto is_wanted = [&](std::uint32_t number) {
                return parts.all_fields || std::binary_search(some.begin(), some.end(), number);
            };
            std::vector<std::tuple<std::uint32_t, event::ValueType, std::string_view>> all;
            std::vector<std::tuple<std::uint32_t, event::ValueType, std::string_view>> mine;
            for (const BlockField& field : rows[i].fields) {
                if (is_wanted(field.number)) { all.emplace_back(field.number, field.type, field.text); }
            }
            for (const BlockField& field : got.fields) {
                if (is_wanted(field.number)) { mine.emplace_back(field.number, field.type, field.text); }
            }
            ASSERT_EQ(mine, all) << "row " << i;
        }
    }
    void expect_rows(const std::vector<BlockRow>& rows) {
        ASSERT_EQ(reader_.rows().size(), rows.size());
        for (std::size_t i = 0; i < rows.size(); ++i) {
            const BlockRow& got = reader_.rows()[i];
            ASSERT_EQ(got.raw, rows[i].raw) << i;
            EXPECT_EQ(std::tie(got.seq, got.index, got.time, got.received, got.source, got.flags, got.format),
                      std::tie(rows[i].seq, rows[i].index, rows[i].time, rows[i].received, rows[i].source,
                               rows[i].flags, rows[i].format));
            ASSERT_EQ(got.fields.size(), rows[i].fields.size());
            for (std::size_t field = 0; field < got.fields.size(); ++field) {
                EXPECT_EQ(got.fields[field].number, rows[i].fields[field].number);
                EXPECT_EQ(got.fields[field].type, rows[i].fields[field].type);
                ASSERT_EQ(got.fields[field].text, rows[i].fields[field].text);
            }
        }
    }
    event::FieldTable names_;
    FieldDict dict_{names_};
    BlockEncoder encoder_{dict_};
    BlockReader micro_;
    SegmentEncoder sealer_;
    SegmentReader reader_;
    event::EventBatch batch_;
    std::size_t answered_ = 0; ///< fields that expect_parts() was told the rows of
};

TEST_F(SegmentTest, SyslogAndJsonComeBackExactlyAndSmall) {
    samples::SyslogMaker(names_, 1).fill(batch_, 3000, samples::kStart);
    const std::size_t syslog = encoder_.encode(batch_).bytes.size();
    EXPECT_LT(seal(batch_).zone.bytes, syslog);
    batch_.reset();
    samples::JsonMaker(names_, 2).fill(batch_, 1500, samples::kStart);
    const std::size_t json = encoder_.encode(batch_).bytes.size();
    const SealedBlock block = seal(batch_);
    EXPECT_LT(block.zone.bytes * 10, json * 9);
    EXPECT_EQ(block.zone.rows, 1500U);
    EXPECT_EQ(block.zone.sources.size(), 4U);
    EXPECT_EQ(block.min_seq, 7U);
    EXPECT_EQ(block.max_seq, 9U);
}

TEST_F(SegmentTest, OddEventsComeBackExactly) {
    const std::string_view broken = "\0\xff\xfe broken \x80 line"sv;
    samples::add(batch_, names_, samples::kStart, broken, {{"message", "repaired"}, {"message", ""}, {"tags", "a"}});
    samples::add(batch_, names_, samples::kStart - common::kDay * 400, "", {});
    samples::add(batch_, names_, std::numeric_limits<common::Nanos>::min(), "", {{"only", "a field"}});
    samples::add(batch_, names_, std::numeric_limits<common::Nanos>::max() - common::kSecond, "aaaaaaaaaaaaaaaaaaaa",
                 {{"a", "aaaaaaaa"}, {"b", "aaaaaaaaaaaa"}, {"c", "aaaaaaaaaaaaaaaaaaaa"}, {"d", "aaaaaaaaa"}});
    samples::add(batch_, names_, 0, R"({"p":"C:\\x\\\"y\"\n\u0001","q":"C:\\x"})",
                 {{"p", "C:\\x\\\"y\"\n\x01"}, {"q", "C:\\x"}, {"r", "\\"}});
    event::Event& event = batch_.begin();
    event.raw = batch_.arena().copy("one two three two one");
    event.flags = 0xFFFF;
    for (const auto& [from, size] : {std::pair{0U, 21U}, {4U, 3U}, {0U, 21U}, {4U, 9U}, {8U, 9U}, {14U, 3U}}) {
        batch_.add(names_.intern("span"), event.raw.substr(from, size), event::ValueType::integer);
    }
    batch_.add(names_.intern("null"), {}, event::ValueType::null);
    batch_.finish();
    static_cast<void>(seal(batch_));
}

TEST_F(SegmentTest, RandomEventsComeBackExactly) {
    std::mt19937 random(11);
    for (int round = 0; round < 60; ++round) {
        batch_.reset();
        const std::size_t alphabet = 1 + random() % 5;
        for (std::size_t i = 1 + random() % 150; i != 0; --i) {
            std::string raw(random() % 60, 'a');
            for (char& c : raw) {
                c = "a\\\"\n1"[random() % alphabet];
            }
            event::Event& event = batch_.begin();
            event.time = static_cast<common::Nanos>(random()) * common::kSecond;
            event.received = static_cast<common::Nanos>(random());
            event.raw = batch_.arena().copy(raw);
            event.source = event::SourceId{static_cast<std::uint32_t>(random() % 5)};
            for (std::size_t field = random() % 6; field != 0; --field) {
                const std::size_t from = raw.empty() ? 0 : random() % raw.size();
                const auto part = event.raw.substr(from, random() % 20);
                batch_.add(names_.intern("f" + std::to_string(random() % 4)),
                           random() % 2 == 0 ? part : batch_.arena().copy(part),
                           static_cast<event::ValueType>(random() % 5));
            }
            batch_.finish();
        }
        const SealedBlock block = seal(batch_);
        if (HasFatalFailure()) { return; }
        expect_parts(block, random);
        if (HasFatalFailure()) { return; }
    }
    EXPECT_GT(answered_, 60U);
}

TEST_F(SegmentTest, PartsOfABlockAreThoseOfTheWhole) {
    std::mt19937 random(17);
    samples::SyslogMaker(names_, 1).fill(batch_, 700, samples::kStart);
    samples::JsonMaker(names_, 2).fill(batch_, 700, samples::kStart);
    const SealedBlock block = seal(batch_);
    for (int round = 0; round < 20; ++round) {
        expect_parts(block, random);
        if (HasFatalFailure()) { return; }
    }
    EXPECT_GT(answered_, 100U);
}

TEST_F(SegmentTest, DamageIsAnErrorOrOtherRows) {
    samples::JsonMaker(names_, 2).fill(batch_, 200, samples::kStart);
    const SealedBlock block = seal(batch_);
    ASSERT_FALSE(block.columns.empty());
    std::mt19937 random(5);
    for (int round = 0; round < 2000; ++round) {
        SealedBlock damaged = block;
        std::string& bytes = round % 2 == 0 ? damaged.head : damaged.columns[random() % damaged.columns.size()].second;
        bytes[random() % bytes.size()] ^= static_cast<char>(1U << (random() % 8));
        static_cast<void>(open(damaged));
    }
    SealedBlock missing = block;
    missing.columns.pop_back();
    EXPECT_FALSE(open(missing));
    SealedBlock newer = block;
    newer.head.front() = 2;
    EXPECT_FALSE(open(newer));
    EXPECT_TRUE(open(block));
}

} // namespace
} // namespace canhgac::storage
